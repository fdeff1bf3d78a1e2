"""A real browser: the tool in the practice LMS's frame on the same and on another site; axe."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Frame, Page, Playwright, expect

from tests.browser.axe import faults_in_every_look, violations
from tests.browser.conftest import launched
from tests.browser.patience import chromium_path, headless_shell_path, patient
from tests.courseserver.practice_lms.conftest import Tool
from tests.courseserver.practice_lms.test_platform import post
from tests.doubles.practice import World, world
from tests.services import LIMIT_S

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.slow]
FIXTURE_LABS = Path(__file__).resolve().parents[2] / "labs" / "fixture_lab"
FRAMED = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site"}
NO_THIRD_PARTY_COOKIES = "--test-third-party-cookie-phaseout"


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    # The stricter browser serves every test: what works here works with cookies allowed.
    browser = launched(playwright, chromium_path(), NO_THIRD_PARTY_COOKIES)
    yield browser
    browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = patient(browser.new_context(ignore_https_errors=True))
    yield context.new_page()
    context.close()


@pytest.fixture(
    scope="module",
    params=[("127.0.0.1", False), ("localhost", True)],
    ids=["one site", "two sites over TLS"],
)
def both(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    installed: Path,
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    host, tls = request.param
    labs = str(FIXTURE_LABS)
    with world(folder, installed, lms_host=host, labs_path=labs, tls=tls) as running:
        yield running


def tool_frame(page: Page, both: World, path: str) -> Frame:
    """Return the tool's frame once it has arrived at a page with this path."""
    frame = page.wait_for_selector("iframe.tool").content_frame()
    assert frame is not None
    frame.wait_for_url(f"{both.tool}{path}")
    return frame


def add_fixture_lab(page: Page, both: World) -> None:
    page.goto(f"{both.lms}/as/dana/add/")
    frame = tool_frame(page, both, "/lti/pick/*/")
    frame.check('input[value="fixture-moving-bytes"]')
    frame.click("text=Add the chosen labs")
    frame.wait_for_url(f"{both.lms}/lti/deep-link/")
    expect(frame.locator("h1")).to_have_text("Added 1 assignment")


def test_a_lab_is_chosen_and_opened_inside_the_frame(page: Page, both: World) -> None:
    add_fixture_lab(page, both)
    page.goto(f"{both.lms}/as/amara/")
    page.click("text=Moving bytes")

    frame = tool_frame(page, both, "/labs/**")

    expect(frame.locator("h1").first).to_contain_text("Moving bytes")
    frame.goto(frame.url)  # a second request of the same frame: the session is still there
    expect(frame.locator("h1").first).to_contain_text("Moving bytes")
    assert_session_cookie(page.context, both)


def assert_session_cookie(context: BrowserContext, both: World) -> None:
    cookies: list[Any] = [c for c in context.cookies() if c["name"] == "courseserver"]
    (session,) = cookies
    is_cross_site = "localhost" in both.lms
    assert session["httpOnly"]
    assert session["secure"] is is_cross_site
    top = both.lms.rpartition(":")[0]
    assert session.get("partitionKey") == (top if is_cross_site else None)


def first_hop(both: World, url: str, **headers: str) -> str:
    """Return where an address redirects to, for a client without cookies."""
    certificates = both.environment["OUTGOING_CA_FILE"] or True
    reply = requests.get(
        url, headers=headers, allow_redirects=False, timeout=LIMIT_S, verify=certificates
    )
    return reply.headers["Location"]


def test_a_browser_without_cookies_gets_a_tab_of_its_own(page: Page, both: World) -> None:
    add_fixture_lab(page, both)
    page.goto(f"{both.lms}/as/amara/")
    link = page.locator("a", has_text="Moving bytes").first.get_attribute("href")
    opening = first_hop(both, f"{both.lms}{link}open/")
    check = first_hop(both, opening, **FRAMED)
    page.context.clear_cookies()

    page.goto(f"{both.tool}{check}")
    found = violations(page)
    with page.context.expect_page() as opened:
        page.click("text=Open the lab in a new tab")
    tab = opened.value
    tab.wait_for_url(f"{both.tool}/labs/**")

    assert found == []
    expect(tab.locator("h1").first).to_contain_text("Moving bytes")


def test_the_picker_has_no_accessibility_fault(page: Page, both: World) -> None:
    page.goto(f"{both.lms}/as/dana/add/")
    frame = tool_frame(page, both, "/lti/pick/*/")

    for details in frame.locator("details").all():
        details.evaluate("element => { element.open = true }")
    assert faults_in_every_look(page, "picker", frame) == []


PAGES = {
    "course": "/as/dana/",
    "course of a stranger": "/as/robin/",
    "link": "/as/amara/links/1/",
    "gradebook of staff": "/as/dana/grades/",
    "gradebook of a student": "/as/amara/grades/",
    "people": "/as/dana/people/",
    "add": "/as/dana/add/",
    "tools": "/as/dana/tools/",
    "not found": "/nowhere/",
    "hand-over refused": "/lti/auth/",
}


@pytest.fixture(scope="module")
def window(playwright: Playwright) -> Iterator[BrowserContext]:
    """A window for pages of the LMS alone."""
    browser = launched(playwright, headless_shell_path())
    yield patient(browser.new_context())
    browser.close()


@pytest.mark.parametrize("name", PAGES)
def test_the_practice_lms_has_no_accessibility_fault(
    name: str, window: BrowserContext, tool: Tool
) -> None:
    post(tool)
    page = window.new_page()
    page.goto(f"{tool.lms}{PAGES[name]}")
    for details in page.locator("details").all():
        details.evaluate("element => { element.open = true }")

    assert faults_in_every_look(page, name) == []
    page.close()
