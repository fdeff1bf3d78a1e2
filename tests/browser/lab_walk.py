"""A student's moves through a lab at the browser, one function per step of the ritual."""

import json
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Locator, Page, expect

from labs.contract import Scalar

# So many different settings earn a part's exploration where no failure is found.
SETTINGS = 3
# A release answers with every knob's slices; the most that an instrument may send.
ANSWER_MOST_BYTES = 150_000
_TOO_WIDE = """
() => {
  const over = document.documentElement.scrollWidth - innerWidth;
  const wide = [...document.querySelectorAll("main *:not(svg *, math *)")].filter(
    (node) => node.getBoundingClientRect().right > innerWidth,
  );
  const names = wide.map((node) => node.outerHTML.slice(0, 80));
  return over > 0 ? `${over} px too wide: ${names.join("; ")}` : "";
}
"""


def begin(page: Page, track: int) -> None:
    """Choose a machine by its place, and go on to the first part."""
    page.locator(".options label").nth(track).click()
    page.locator("button[name=then]").click()
    expect(page.locator("form[data-commit]")).to_be_visible()


def predict(page: Page) -> None:
    """Answer every question of the part, its second option or the number 3, and lock it in."""
    for question in page.locator("[data-question]").all():
        if question.locator(".options").count():
            question.locator(".options label").nth(1).click()
        else:
            question.locator(".entry input").fill("3")
    page.get_by_role("button", name="Lock in prediction").click()
    expect(page.locator("[data-reveal] .headline").first).to_be_visible()
    expect(page.locator(".instrument svg[width]").first).to_be_visible()


def explore(page: Page) -> None:
    """Drive one knob to where the machine fails, or try three settings where none does alone."""
    data = _data(page, "instrument-data")
    knobs = page.locator(".instrument .knob")
    failing = _failing_moves(data)
    for place, step in failing[:1] or _moves(data)[:SETTINGS]:
        with page.expect_response("**/instrument") as answer:
            _turn(knobs.nth(place), data["knobs"][place], step)
        assert answer.value.ok
        assert len(answer.value.body()) < ANSWER_MOST_BYTES
        expect(page.locator(".instrument[aria-busy]")).to_have_count(0)
    if failing:
        expect(page.locator(".failure:not([hidden])").first).to_be_visible()


def design(page: Page, best: Mapping[str, Scalar]) -> None:
    """Set the challenge's variables to a design, and have it run."""
    variables = _data(page, "challenge-data")["variables"]
    for place, spec in enumerate(variables):
        knob = page.locator("[data-challenge] .knob").nth(place)
        _turn(knob, spec, spec["steps"].index(best[spec["id"]]))
    page.get_by_role("button", name="Run this design").click()
    expect(page.locator("#tries .chip.good")).to_have_text("Best so far")


def go_on(page: Page) -> None:
    """Follow the button to the next part, or to the synthesis."""
    page.locator("nav[aria-label=Steps] a.button:not(.quiet)").click()
    expect(page.locator("form[data-commit], form[data-editor]")).to_be_visible()


def hand_in(page: Page, log: str) -> None:
    """Write the Decision Log and submit the lab."""
    page.locator("#log-text").fill(log)
    # Counted by the script, which also asks before it submits.
    expect(page.locator("[data-count]")).to_contain_text(f"{len(log.split())} words")
    page.get_by_role("button", name="Submit the lab").click()
    page.get_by_role("button", name="Yes, submit").click()
    expect(page.locator("h2").first).to_have_text("Submitted")


def weight_bytes(page: Page) -> int:
    """Return what the page itself transferred, its head included, packed. [byte]"""
    return int(page.evaluate("performance.getEntriesByType('navigation')[0].transferSize"))


def too_wide(page: Page) -> str:
    """Return by how much the page is wider than its window, and what stands out; "" if nothing."""
    # With some of its styles only, nobody sees a page yet.
    page.wait_for_load_state()
    return str(page.evaluate(_TOO_WIDE))


def _data(page: Page, name: str) -> Any:
    return json.loads(page.locator(f"#{name}").text_content() or "")


def _moves(data: Any) -> list[tuple[int, int]]:
    """Return every move of one knob, as the knob's place and a step that is not the present."""
    return [
        (place, step)
        for place, knob in enumerate(data["knobs"])
        for step in range(len(knob["steps"]))
        if step != data["at"][knob["id"]]
    ]


def _failing_moves(data: Any) -> list[tuple[int, int]]:
    ids = [knob["id"] for knob in data["knobs"]]
    columns = [data["slices"].get(name, {}) for name in ids]
    return [
        (place, step)
        for place, step in _moves(data)
        for failure in data["failures"]
        if failure["when"] in columns[place] and columns[place][failure["when"]][step] is True
    ]


def _turn(knob: Locator, spec: Any, step: int) -> None:
    """Put a control to one of its steps, by hand."""
    if knob.locator("input[type=range]").count():
        knob.locator("input[type=range]").fill(str(step))
    elif knob.locator("select").count():
        knob.locator("select").select_option(index=step)
    elif spec["kind"] == "toggle":
        knob.locator("input").set_checked(spec["steps"][step])
    else:
        knob.locator("label").nth(step).click()
