"""An LMS on another site over TLS: a browser that allows third-party cookies, and one that keeps
no cookie of the tool in its frame at all. (Between them, `courseserver/practice_lms` has the one
that keeps partitioned cookies only.)
"""

import json
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, Route, expect

from tests.browser.axe import violations
from tests.browser.conftest import ARGS
from tests.browser.patience import chromium_path, patient
from tests.doubles.practice import World, world
from tests.services import wait_for

STRANGER = "https://stranger.test"
LINK = "/as/amara/links/1/"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, installed: Path) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("frames")
    with world(folder, installed, lms_host="localhost", tls=True) as running:
        yield running


@pytest.fixture(scope="module")
def context(
    both: World, tmp_path_factory: pytest.TempPathFactory, playwright: Playwright
) -> Iterator[BrowserContext]:
    """A profile whose settings forbid the tool's cookies, partitioned ones too, inside the LMS."""
    blocked = {f"{both.tool},{around}": {"setting": 2} for around in (both.lms, STRANGER)}
    settings = {"content_settings": {"exceptions": {"cookies": blocked}}}
    context = profile_with(settings, tmp_path_factory.mktemp("profile"), playwright)
    yield context
    context.close()


def profile_with(settings: Any, folder: Path, playwright: Playwright) -> BrowserContext:
    """Return a browser with a profile of its own: a private window would block third parties."""
    (folder / "Default").mkdir()
    (folder / "Default" / "Preferences").write_text(json.dumps({"profile": settings}))
    return patient(
        playwright.chromium.launch_persistent_context(
            folder, executable_path=chromium_path(), args=ARGS, ignore_https_errors=True
        )
    )


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    page = context.new_page()
    # A script that one test bends must not come to the next from a cache.
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    yield page
    for other in context.pages[1:]:
        other.close()


def tool_in(page: Page) -> Any:
    return page.frame_locator("iframe.tool")


def opened_by(page: Page, name: str) -> Page:
    """Click what opens a tab of its own; return the tab once it shows a lab."""
    with page.context.expect_page() as opened:
        # By mouse: a key reaches the frame's process only in the window that has the focus.
        tool_in(page).get_by_text(name).click()
    tab = opened.value
    tab.wait_for_url("**/labs/**")
    return tab


def test_where_third_party_cookies_are_allowed_the_lab_opens_in_the_frame(
    tmp_path: Path, playwright: Playwright, both: World
) -> None:
    context = profile_with({"cookie_controls_mode": 0}, tmp_path, playwright)
    page = context.new_page()
    page.goto(f"{both.lms}{LINK}")
    frame = page.wait_for_selector("iframe.tool").content_frame()
    assert frame is not None
    frame.wait_for_url(f"{both.tool}/labs/**")

    # This browser does allow them: a cookie without a partition comes back in this frame.
    third_party = "document.cookie = 'probe=1; SameSite=None; Secure'; document.cookie"
    assert "probe=1" in frame.evaluate(third_party)
    frame.goto(frame.url)
    expect(frame.locator("main h1").first).to_be_visible()
    session = next(c for c in context.cookies() if c["name"] == "courseserver")
    assert session["secure"]
    assert session.get("partitionKey") == both.lms.rpartition(":")[0]
    context.close()


def test_the_platforms_storage_proves_the_launch_and_a_tab_opens_the_lab(
    page: Page, both: World
) -> None:
    page.goto(f"{both.lms}{LINK}")
    expect(tool_in(page).locator("h1")).to_have_text("Your lab is ready")
    assert page.context.cookies() == []
    found = violations(page)

    tab = opened_by(page, "Open the lab in a new tab")

    assert found == []
    expect(tab.locator("main h1").first).to_be_visible()
    session = next(c for c in page.context.cookies() if c["name"] == "courseserver")
    assert session["secure"]
    assert session.get("partitionKey") == both.tool.rpartition(":")[0]


def test_the_frame_grows_with_its_page(page: Page, both: World) -> None:
    page.goto(f"{both.lms}{LINK}")
    tool_in(page).get_by_text("Your lab is ready").wait_for()

    frame = page.locator("iframe.tool")
    expect(frame).to_have_attribute("style", re.compile("block-size"))
    before = frame.evaluate("element => element.getBoundingClientRect().height")
    tool_in(page).locator("main").evaluate("element => { element.style.paddingTop = '3000px' }")

    wait_for(
        lambda: frame.evaluate("element => element.clientHeight") > before + 2500,
        what="a frame as high as its page",
    )


def test_data_may_lie_in_the_page_itself(page: Page, both: World) -> None:
    with page.expect_request(re.compile("/lti/login/.*lti_storage_target=_parent")):
        launch_saying(page, both, "_parent")

    expect(tool_in(page).locator("h1")).to_have_text("Your lab is ready")


def test_a_platform_is_asked_what_it_did_not_say_at_login(page: Page, both: World) -> None:
    with page.expect_request(re.compile("/lti/login/check/.*storage=lti-storage")):
        launch_saying(page, both, "")

    expect(tool_in(page).locator("h1")).to_have_text("Your lab is ready")


def launch_saying(page: Page, both: World, target: str) -> None:
    """Launch with this place of storage named at login; empty: with none.

    The frame's first address is bent, so that it holds no page of another launch.
    """

    def bend(route: Route) -> None:
        address = route.fetch(max_redirects=0).headers["location"]
        bent = address.replace("lti_storage_target=lti-storage", f"lti_storage_target={target}")
        route.fulfill(status=302, headers={"location": bent})

    page.route(f"{both.lms}{LINK}open/", bend)
    page.goto(f"{both.lms}{LINK}")


def test_a_platform_that_keeps_nothing_leads_to_a_tab_of_its_own(page: Page, both: World) -> None:
    page.route("**/practice_lms/messages*.js", lambda route: route.abort())
    page.goto(f"{both.lms}{LINK}")

    tab = opened_by(page, "Open the lab in a new tab")

    expect(tab.locator("main h1").first).to_be_visible()


def test_what_is_kept_for_another_login_proves_nothing(page: Page, both: World) -> None:
    def bend(route: Route) -> None:
        script = route.fetch().text().replace("kept.get(key) ??", '"another secret" ??')
        route.fulfill(body=script, content_type="text/javascript")

    page.route("**/practice_lms/messages*.js", bend)
    page.goto(f"{both.lms}{LINK}")

    expect(tool_in(page).locator("h1")).to_have_text("Open the lab in a tab of its own")


def test_a_page_of_nobodys_platform_cannot_frame_the_tool(page: Page, both: World) -> None:
    query = {
        "iss": both.lms,
        "client_id": "practice-client",
        "login_hint": "x",
        "target_link_uri": f"{both.tool}/lti/launch/",
        "lti_storage_target": "_parent",
    }
    address = f"{both.tool}/lti/login/?{urlencode(query)}"
    stranger = f'<!doctype html><iframe class="tool" src="{escape(address)}"></iframe>'
    page.route(f"{STRANGER}/", lambda route: route.fulfill(body=stranger, content_type="text/html"))

    page.goto(f"{STRANGER}/")

    # What Chromium shows instead of a page whose policy forbids this frame.
    page.frames[1].wait_for_url("chrome-error://**")
