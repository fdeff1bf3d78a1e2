"""The real labs in the frame of an LMS on another site: a student's launch to a teacher's mark."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from tests.browser.axe import WIDE, violations
from tests.browser.lab_steps import LOG
from tests.browser.patience import patient
from tests.doubles.practice import World, world


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory, installed: Path) -> Iterator[World]:
    # "localhost" and "127.0.0.1" are two sites to a browser.
    with world(tmp_path_factory.mktemp("lms"), installed, lms_host="localhost") as running:
        yield running


@pytest.fixture
def page(whole_browser: Browser) -> Iterator[Page]:
    context = patient(whole_browser.new_context(viewport={"width": WIDE[0], "height": WIDE[1]}))
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert faults == []


def lab_frame(page: Page, school: World, link: int, who: str = "ben") -> Frame:
    """Open an assignment in the LMS; return the frame in which the tool answers."""
    page.goto(f"{school.lms}/as/{who}/links/{link}/")
    element = page.locator("iframe.tool").element_handle()
    frame = element.content_frame()
    assert frame is not None
    frame.wait_for_url(f"{school.tool}/**")
    frame.locator("main h1").wait_for()
    return frame


def faults_of(frame: Frame, where: str) -> list[str]:
    """Return what axe finds; the pages themselves are looked at in `test_real_labs`."""
    return [f"{where}: {fault}" for fault in violations(frame)]


def predict(frame: Frame) -> None:
    """Answer every question of the part: its second option, or the number 3.

    By keyboard: the LMS lets the frame grow, and a mouse may then miss what it aimed at.
    """
    frame.wait_for_load_state()
    for fieldset in frame.locator("[data-question]").all():
        if fieldset.locator(".options").count():
            option = fieldset.locator(".options input").nth(1)
            option.press("Space")
            expect(option).to_be_checked()
        else:
            fieldset.locator("input").fill("3")
    frame.get_by_role("button", name="Lock in prediction").press("Enter")
    frame.locator("[data-reveal] .headline").first.wait_for()


def explore(page: Page, frame: Frame) -> None:
    """Release the first slider at three settings."""
    slider = frame.locator(".instrument .knob input[type=range]").first
    for key in ("ArrowLeft", "ArrowRight", "Home", "End"):
        before = slider.input_value()
        with page.expect_response("**/instrument") as answer:
            slider.press(key)
            if slider.input_value() == before:
                # Already at this end: step away from it instead.
                slider.press("ArrowRight" if key in ("ArrowLeft", "Home") else "ArrowLeft")
        assert answer.value.ok
        expect(frame.locator(".instrument[aria-busy]")).to_have_count(0)


def mark_by_keyboard(page: Page, school: World, link: int) -> list[str]:
    """Mark the log that waits, as the teacher, with keys alone; return what axe finds."""
    frame = lab_frame(page, school, link, who="dana")
    to_mark = frame.locator("td").get_by_role("link", name="to mark")
    to_mark.focus()
    to_mark.press("Enter")
    frame.locator("#rubric").wait_for()
    found = faults_of(frame, "marking")
    # Keys count once the page's script is there.
    frame.wait_for_load_state()
    for key in ("1", "2", "1", "Enter"):
        page.keyboard.press(key)
    expect(frame.get_by_role("status")).to_contain_text("Mark saved")
    return found + faults_of(frame, "marked")


@pytest.mark.parametrize("link", [1, 2, 3], ids=["roofline", "tail latency", "failures"])
def test_a_lab_goes_from_launch_to_mark_in_the_frame(page: Page, school: World, link: int) -> None:
    frame = lab_frame(page, school, link)
    faults = faults_of(frame, "briefing")
    frame.locator("button[name=then]").press("Enter")

    for _ in range(5):
        frame.locator("form[data-commit]").wait_for()
        predict(frame)
        frame.locator(".instrument svg[width]").first.wait_for()
        faults += faults_of(frame, f"{frame.url} revealed")
        explore(page, frame)
        onwards = frame.locator("nav[aria-label=Steps] a.button:not(.quiet)")
        with frame.expect_navigation():
            onwards.press("Enter")
        if "synthesis" in frame.url:
            break
    frame.locator("#log-text").fill(LOG)
    expect(frame.locator("[data-saved]")).to_contain_text("Draft saved")
    faults += faults_of(frame, "synthesis")
    frame.get_by_role("button", name="Submit the lab").press("Enter")
    frame.get_by_role("button", name="Yes, submit").press("Enter")

    expect(frame.locator("h2").first).to_have_text("Submitted")
    faults += faults_of(frame, "submitted")
    faults += mark_by_keyboard(page, school, link)
    assert not faults, "\n".join(faults)


def test_the_student_comes_back_to_where_the_work_was_left(page: Page, school: World) -> None:
    frame = lab_frame(page, school, 1, who="chen")
    frame.locator("button[name=then]").press("Enter")
    frame.locator(".options input").first.wait_for()
    with page.expect_response("**/drafts/**"):
        frame.locator(".options input").nth(2).check()

    page.context.clear_cookies()
    again = lab_frame(page, school, 1, who="chen")
    again.get_by_role("link", name="A ").first.press("Enter")

    expect(again.locator(".options input").nth(2)).to_be_checked()


def test_the_teacher_sees_the_class_in_the_same_frame(page: Page, school: World) -> None:
    frame = lab_frame(page, school, 1, who="dana")

    expect(frame.locator("table").first).to_be_visible()
    assert violations(frame) == []
