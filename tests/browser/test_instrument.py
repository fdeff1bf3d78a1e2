"""The instrument under the hand: dragging, releasing, failing, coming back."""

import json
import statistics
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from courseserver.labruntime.models import Attempt, Exploration, FailureFound
from courseserver.labruntime.show import part
from tests.browser.conftest import Open, School
from tests.browser.lab_steps import attempt_of, commit, part_path, requests_of

LAB = "fixture-moving-bytes"
DRAG = """
async (steps) => {
  const slider = document.querySelector(".knob input[type=range]");
  for (const value of steps) {
    slider.value = String(value);
    slider.dispatchEvent(new Event("input", {bubbles: true}));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  }
}
"""
# Time spent in event handlers and in the frames they ask for, waiting not counted.
WATCH = """
() => {
  window.spent = [];
  const timed = (run) => (...args) => {
    const start = performance.now();
    run(...args);
    window.spent.push(performance.now() - start);
  };
  const ask = window.requestAnimationFrame;
  window.requestAnimationFrame = (draw) =>
    ask(String(draw).includes("paint") ? timed(draw) : draw);
}
"""


@pytest.fixture
def attempt(school: School) -> Attempt:
    attempt = attempt_of(school.assignment(LAB), school.bob)
    commit(attempt, "a")
    return attempt


@pytest.fixture
def page(open_page: Open, school: School, attempt: Attempt) -> Page:
    return opened(open_page, school, attempt)


def opened(open_page: Open, school: School, attempt: Attempt, *, alone: bool = False) -> Page:
    page = open_page(part_path(attempt, "a"), school.bob, alone=alone)
    page.wait_for_selector(".instrument svg[width]")
    return page


def slider_of(page: Page) -> Any:
    return page.locator(".knob input[type=range]").first


def headline(page: Page) -> str:
    return str(page.locator(".headlines b").first.inner_text())


def settled(page: Page) -> None:
    """Wait until the instrument has drawn the server's answer."""
    expect(page.locator(".instrument[aria-busy]")).to_have_count(0)


def test_dragging_asks_nothing_of_the_server_and_shows_exact_numbers(
    page: Page, attempt: Attempt
) -> None:
    made = requests_of(page)
    last = int(slider_of(page).get_attribute("max"))
    shown = json.loads(page.locator("#instrument-data").inner_text())

    page.evaluate(DRAG, [*range(last + 1), *range(last, -1, -1)] * 2)

    assert made == []
    values = page.evaluate(
        """async () => {
          const { quantity } = await import("/static/js/format.js");
          const data = JSON.parse(document.getElementById("instrument-data").textContent);
          const output = data.outputs.find((o) => o.headline);
          return data.slices[data.knobs[0].id][output.id].map((x) => quantity(x, output.format));
        }"""
    )
    assert headline(page) == values[0]
    assert len(set(values)) > 3
    assert shown["knobs"][0]["steps"]


def test_how_long_a_drag_takes_is_printed(page: Page, capsys: Any) -> None:
    page.evaluate(WATCH)
    last = int(slider_of(page).get_attribute("max"))

    page.evaluate(DRAG, [i % (last + 1) for i in range(150)])

    spent = page.evaluate("window.spent")
    percentile = statistics.quantiles(spent, n=20)[18]
    with capsys.disabled():
        print(f"\ndrag: draw p95 {percentile:.2f} ms over {len(spent)} frames")
    assert 100 < len(spent) <= 150


def test_a_release_is_posted_once_and_recorded_exactly(page: Page, attempt: Attempt) -> None:
    made = requests_of(page)
    box = slider_of(page).bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 12, middle)
    page.mouse.down()
    for share in (0.3, 0.5, 0.7, 0.9):
        page.mouse.move(box["x"] + box["width"] * share, middle)
    assert made == []

    with page.expect_response("**/instrument") as answer:
        page.mouse.up()

    assert answer.value.ok
    page.wait_for_timeout(500)
    assert [request.method for request in made] == ["POST"]
    at = int(slider_of(page).input_value())
    assert made[0].post_data_json["at"]["size"] == at
    assert Exploration.objects.filter(attempt=attempt).count() >= 1


def test_arrow_keys_step_and_page_keys_leap_and_the_last_one_is_posted(
    open_page: Open, school: School, attempt: Attempt
) -> None:
    page = opened(open_page, school, attempt, alone=True)
    made = requests_of(page)
    slider = slider_of(page)
    with page.expect_response("**/instrument"):
        slider.press("Home")
    settled(page)
    made.clear()
    # However slowly the keys come, the pause after them is still to come.
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))

    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("PageUp")
    assert made == []
    with page.expect_response("**/instrument"):
        page.clock.run_for(1000)

    assert int(slider.input_value()) >= 4
    assert len(made) == 1
    assert (
        slider.get_attribute("aria-valuetext")
        == page.locator(".stepper .value").first.input_value()
    )


def test_a_typed_value_goes_to_the_nearest_step(page: Page) -> None:
    field = page.locator(".stepper .value").first

    with page.expect_response("**/instrument"):
        field.fill("1 TB")
        field.press("Enter")

    steps = json.loads(page.locator("#instrument-data").inner_text())["knobs"][0]["steps"]
    assert int(slider_of(page).input_value()) == steps.index(max(steps))

    field.fill("a lot")
    field.press("Enter")
    expect(field).to_have_attribute("aria-invalid", "true")


def test_failing_is_said_once_kept_in_the_ledger_and_has_a_way_back(
    page: Page, attempt: Attempt
) -> None:
    safe = int(slider_of(page).input_value())
    last = int(slider_of(page).get_attribute("max"))
    page.evaluate(
        """() => {
          window.said = [];
          const region = document.getElementById("live-alert");
          new MutationObserver(() => window.said.push(region.textContent))
            .observe(region, {childList: true, characterData: true, subtree: true});
        }"""
    )

    page.evaluate(DRAG, [last - 2, last - 1, last])

    banner = page.locator(".failure:not([hidden])")
    expect(banner).to_be_visible()
    expect(banner).to_contain_text("Deadline missed")
    assert len(page.evaluate("window.said")) == 1

    with page.expect_response("**/instrument"):
        slider_of(page).dispatch_event("change")
    expect(banner.locator(".found")).to_have_text("You found this limit; it is in your ledger.")
    expect(page.locator("#limits")).to_have_text("Limits found: 1 of 1")
    assert FailureFound.objects.filter(attempt=attempt).count() == 1

    with page.expect_response("**/instrument"):
        banner.get_by_role("button", name="Back to last safe value").click()
    expect(page.locator(".failure:not([hidden])")).to_have_count(0)
    assert int(slider_of(page).input_value()) == safe
    assert page.evaluate("document.activeElement.closest('.instrument') !== null")


def test_an_instrument_that_opens_in_failure_offers_no_way_back_before_there_is_one(
    open_page: Any, school: School, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "_fails", lambda *of: True)
    page = open_page(part_path(attempt, "a"), school.bob)
    page.wait_for_selector(".instrument svg[width]")
    last = int(slider_of(page).get_attribute("max"))

    page.evaluate(DRAG, [last - 1, last])

    banner = page.locator(".failure:not([hidden])")
    expect(banner).to_contain_text("Deadline missed")
    expect(banner.get_by_role("button")).to_have_count(0)


def test_a_lost_network_says_so_and_tries_again(page: Page, attempt: Attempt) -> None:
    page.context.set_offline(True)
    slider_of(page).focus()
    page.keyboard.press("ArrowRight")
    trouble = page.locator(".notice", has_text="Offline").locator("visible=true")
    expect(trouble).to_be_visible()

    page.context.set_offline(False)
    with page.expect_response("**/instrument") as answer:
        trouble.get_by_role("button", name="Try again").click()

    assert answer.value.ok
    expect(trouble).to_have_count(0)


def test_coming_back_finds_the_knobs_where_they_were_left(page: Page) -> None:
    with page.expect_response("**/instrument"):
        slider_of(page).focus()
        page.keyboard.press("End")
    settled(page)
    left = slider_of(page).input_value()
    shown = headline(page)

    page.reload()
    page.wait_for_selector(".instrument svg[width]")

    assert slider_of(page).input_value() == left
    assert headline(page) == shown


def test_what_would_answer_a_later_part_is_a_gap_with_its_reason(page: Page) -> None:
    answer = page.evaluate(
        """async () => {
          const { Instrument } = await import("/static/js/instrument.js");
          const data = JSON.parse(document.getElementById("instrument-data").textContent);
          const knob = data.knobs[0];
          for (const values of Object.values(data.slices[knob.id])) values[0] = null;
          const host = document.createElement("div");
          document.querySelector(".part").append(host);
          const instrument = new Instrument(host, data);
          instrument.preview(knob.id, 0);
          await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
          return [".headlines b", ".summary"].map((name) => host.querySelector(name).textContent);
        }"""
    )

    assert answer[0] == "–"
    assert "still ahead" in answer[1]
