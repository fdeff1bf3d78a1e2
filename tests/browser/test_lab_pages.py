"""A lab's pages in every state: accessible, whole at every width, kept when the network goes."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from courseserver.labruntime.models import Attempt, Commit, Draft
from tests.browser.axe import faults_in_every_look, violations
from tests.browser.conftest import School
from tests.browser.lab_steps import attempt_of, commit, home, part_path

LAB = "fixture-moving-bytes"


@pytest.fixture
def attempt(school: School) -> Attempt:
    return attempt_of(school.assignment(LAB), school.bob)


def fail(page: Page) -> None:
    """Drive the first knob to its end, where the deadline breaks."""
    slider = page.locator(".knob input[type=range]").first
    with page.expect_response("**/instrument"):
        slider.focus()
        page.keyboard.press("End")
    expect(page.locator(".failure:not([hidden])").first).to_be_visible()


def states(attempt: Attempt) -> list[tuple[str, str, Any]]:
    """Return every state as its name, its address, and what to do there."""
    root = f"/labs/attempts/{attempt.pk}"
    return [
        ("briefing", home(attempt.assignment), None),
        ("revealed", part_path(attempt, "a"), None),
        ("failed", part_path(attempt, "a"), fail),
        ("locked", part_path(attempt, "b"), None),
        ("synthesis locked", f"{root}/synthesis/", None),
        ("ledger", f"{root}/ledger/", None),
    ]


def test_no_state_of_a_lab_has_a_barrier_in_any_look(
    open_page: Any, school: School, attempt: Attempt
) -> None:
    commit(attempt, "a")
    page = open_page(home(attempt.assignment), school.bob, reduced=True)
    faults = []

    for name, path, act in states(attempt):
        page.goto(path)
        if act:
            act(page)
        page.wait_for_load_state("networkidle")
        faults += faults_in_every_look(page, name)
    commit(attempt, "b")
    for name, path in (
        ("everything", part_path(attempt, "b")),
        ("synthesis", f"/labs/attempts/{attempt.pk}/synthesis/"),
    ):
        page.goto(path, wait_until="networkidle")
        faults += faults_in_every_look(page, name)

    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("width", [320])
def test_no_page_of_a_lab_scrolls_sideways(
    open_page: Any, school: School, attempt: Attempt, width: int
) -> None:
    commit(attempt, "a")
    commit(attempt, "b")
    page = open_page(home(attempt.assignment), school.bob, size=(width, 800))
    wide = {}

    for path in (
        home(attempt.assignment),
        part_path(attempt, "a"),
        part_path(attempt, "b"),
        f"/labs/attempts/{attempt.pk}/synthesis/",
        f"/labs/attempts/{attempt.pk}/ledger/",
    ):
        page.goto(path, wait_until="networkidle")
        wide[path] = page.evaluate("document.documentElement.scrollWidth") - width

    assert {path: over for path, over in wide.items() if over > 0} == {}


def test_every_target_is_at_least_24_pixels(
    open_page: Any, school: School, attempt: Attempt
) -> None:
    commit(attempt, "a")
    page = open_page(part_path(attempt, "a"), school.bob)
    page.wait_for_selector(".instrument svg[width]")

    small = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, summary, a.button, .rail a")]
          .filter((node) => node.checkVisibility() && !node.closest("label"))
          .map((node) => [node.outerHTML.slice(0, 80), node.getBoundingClientRect()])
          .filter(([, box]) => box.width < 24 || box.height < 24)
          .map(([html]) => html)"""
    )

    assert small == []


def test_after_a_commit_the_focus_is_at_the_reveal_and_on_a_visit_nowhere(
    open_page: Any, school: School, attempt: Attempt
) -> None:
    page = open_page(part_path(attempt, "a"), school.bob)
    assert page.evaluate("document.activeElement === document.body")

    page.locator(".options input").first.check()
    page.get_by_role("button", name="Lock in prediction").click()

    page.wait_for_selector("[data-reveal]")
    page.locator(".headline:focus").wait_for()
    page.reload()
    page.wait_for_selector(".instrument svg[width]")
    assert page.evaluate("document.activeElement === document.body")


def test_a_choice_survives_leaving_the_page(
    open_page: Any, school: School, attempt: Attempt
) -> None:
    page = open_page(part_path(attempt, "a"), school.bob)
    second = page.locator(".options input").nth(1)

    with page.expect_response("**/drafts/**"):
        second.check()
    page.reload()

    expect(page.locator(".options input").nth(1)).to_be_checked()
    assert not Commit.objects.exists()


def act_before_the_scripts(page: Page, path: str, act: Callable[[], None]) -> None:
    """Open a page, and act while its scripts are still on their way."""

    def come_late(route: Route) -> None:
        act()
        route.continue_()

    page.route("**/js/lab.*", come_late)
    page.goto(path)
    page.unroute("**/js/lab.*")


def test_what_is_chosen_or_typed_before_the_scripts_listen_is_kept(
    open_page: Any, school: School, attempt: Attempt
) -> None:
    page: Page = open_page(home(attempt.assignment), school.bob)

    with page.expect_response("**/drafts/**"):
        choose = page.locator(".options input").nth(1).check
        act_before_the_scripts(page, part_path(attempt, "a"), choose)
    page.reload()
    expect(page.locator(".options input").nth(1)).to_be_checked()

    commit(attempt, "a")
    number = page.locator(".entry input")
    act_before_the_scripts(page, part_path(attempt, "b"), lambda: number.fill("1.5 min"))
    expect(page.locator(".reading")).to_contain_text("1.5 min")

    commit(attempt, "b")
    log, synthesis = page.locator("#log-text"), f"/labs/attempts/{attempt.pk}/synthesis/"
    act_before_the_scripts(page, synthesis, lambda: log.fill("Bits are not bytes."))
    expect(page.locator("[data-saved]")).to_contain_text("Draft saved")
    assert Draft.objects.get(attempt=attempt, name="log").text == "Bits are not bytes."


def test_a_typed_number_is_echoed_as_the_server_reads_it(
    open_page: Any, school: School, attempt: Attempt
) -> None:
    commit(attempt, "a")
    page = open_page(part_path(attempt, "b"), school.bob)
    field = page.locator(".entry input")

    field.fill("1.5 min")
    expect(page.locator(".reading")).to_contain_text("1.5 min")

    field.fill("soon")
    expect(page.locator(".reading")).to_contain_text("does not read as a number")
    expect(field).to_have_attribute("aria-invalid", "true")


def test_what_is_typed_offline_is_saved_when_the_network_is_back(
    open_page: Any, school: School, attempt: Attempt
) -> None:
    commit(attempt, "a")
    commit(attempt, "b")
    page = open_page(f"/labs/attempts/{attempt.pk}/synthesis/", school.bob)
    page.context.set_offline(True)
    log = "Bits are not bytes, so I would take the faster link."

    page.locator("#log-text").fill(log)
    expect(page.locator("#offline")).to_be_visible()
    page.context.set_offline(False)

    expect(page.locator("#offline")).to_be_hidden(timeout=15_000)
    assert Draft.objects.get(attempt=attempt, name="log").text == log
    page.reload()
    expect(page.locator("#log-text")).to_have_value(log)


def test_submitting_asks_once_in_the_page_and_then_shows_what_was_sent(
    open_page: Any, school: School, attempt: Attempt
) -> None:
    commit(attempt, "a")
    commit(attempt, "b")
    page = open_page(f"/labs/attempts/{attempt.pk}/synthesis/", school.bob)
    page.locator("#log-text").fill("word " * 20)
    expect(page.locator("[data-count]")).to_have_text("20 words")

    page.get_by_role("button", name="Submit the lab").click()
    expect(page.locator("#confirm-submit")).to_be_visible()
    page.get_by_role("button", name="Keep working").click()
    expect(page.locator("#confirm-submit")).to_be_hidden()
    assert Attempt.objects.get(pk=attempt.pk).submitted_at is None

    page.get_by_role("button", name="Submit the lab").click()
    page.get_by_role("button", name="Yes, submit").click()

    expect(page.locator("h2").first).to_have_text("Submitted")
    assert Attempt.objects.get(pk=attempt.pk).submitted_at is not None
    assert violations(page) == []


def test_a_whole_lab_by_keyboard_alone(open_page: Any, school: School, attempt: Attempt) -> None:
    page = open_page(home(attempt.assignment), school.bob, reduced=True)

    def press_until(selector: str, key: str = "Tab", times: int = 80) -> None:
        for _ in range(times):
            page.keyboard.press(key)
            if page.evaluate("(s) => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"no {selector} within {times} presses of {key}")

    press_until("button[name=then]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/parts/a/")
    press_until(".options input")
    page.keyboard.press("ArrowDown")
    press_until("form button[type=submit]")
    page.keyboard.press("Enter")
    page.locator(".headline:focus").wait_for()
    press_until(".knob input[type=range]")
    with page.expect_response("**/instrument"):
        page.keyboard.press("End")
    expect(page.locator(".failure button:visible").first).to_be_visible()
    press_until(".failure button")
    with page.expect_response("**/instrument"):
        page.keyboard.press("Enter")
    press_until("nav a.button:not(.quiet)")
    page.keyboard.press("Enter")
    page.wait_for_url("**/parts/b/")
    press_until(".entry input")
    page.keyboard.type("3 min")
    press_until(".options input")
    page.keyboard.press("Space")
    press_until("form button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-reveal]")

    assert Commit.objects.filter(attempt=attempt).count() == 3


def test_without_scripts_the_lab_still_takes_and_shows_a_prediction(
    open_page: Any, school: School, attempt: Attempt
) -> None:
    page = open_page(part_path(attempt, "a"), school.bob, scripts=False)

    page.locator(".options input").first.check()
    page.get_by_role("button", name="Lock in prediction").click()

    expect(page.locator(".headline")).to_be_visible()
    expect(page.locator(".number-line svg").first).to_be_visible()


def test_a_lab_page_stays_under_300_kilobytes_with_fonts(
    open_page: Any, school: School, attempt: Attempt, static_root: Any, capsys: Any
) -> None:
    commit(attempt, "a")
    page = open_page(part_path(attempt, "a"), school.bob)
    page.wait_for_selector(".instrument svg[width]")
    page.wait_for_load_state("networkidle")

    fetched = page.evaluate("performance.getEntriesByType('resource').map(({name}) => name)")
    total = len(page.content().encode())
    for url in fetched:
        file = static_root / url.split("/static/")[1]
        squeezed = file.with_name(f"{file.name}.br")
        total += (squeezed if squeezed.is_file() else file).stat().st_size

    with capsys.disabled():
        print(f"\nlab page: {total / 1000:.0f} kB in {1 + len(fetched)} requests")
    assert total < 300_000
