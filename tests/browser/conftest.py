"""A headless Chromium at a live server, with a school in the database."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.db.transaction import Atomic
from django.test import override_settings
from playwright.sync_api import Browser, BrowserContext, Page, Playwright
from pytest_django.live_server_helper import LiveServer

from courseserver.courses.models import Assignment, Course, Enrolment, Person, Role
from courseserver.lti.models import Platform
from labs import loader
from tests.browser.axe import HAS_AXE, VENDOR, WIDE
from tests.browser.patience import chromium_path, headless_shell_path, patient

FIXTURE_LABS = Path(__file__).resolve().parents[1] / "labs" / "fixture_lab"
# A window without a toolbar made of pages, each a process per context. The last such option counts,
# so the driver's own list comes first.
FEATURES_OFF = (
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,"
    "HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,PaintHolding,"
    "ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,TcpPortRandomizationWin,"
    "OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch,"
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIReloadButton,PreloadTopChromeWebUI"
)
ARGS = [
    f"--disable-features={FEATURES_OFF}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Frames of other sites in their page's process: Playwright loses a frame that changes its
    # process twice within moments, as one does on its way from the LMS to the tool and back.
    "--disable-site-isolation-trials",
]
# A page's scripts run a few times: to compile them well costs more than it saves.
COMPILED_ONCE = "--js-flags=--no-opt,--no-maglev"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.slow)


def launched(playwright: Playwright, path: str, *more: str) -> Browser:
    # Playwright runs an event loop in this thread; the database is used between its calls only.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    return playwright.chromium.launch(executable_path=path, args=[*ARGS, COMPILED_ONCE, *more])


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    found = launched(playwright, headless_shell_path())
    yield found
    found.close()


@pytest.fixture(scope="session")
def whole_browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser that treats cookies of third parties as students' browsers do."""
    found = launched(playwright, chromium_path())
    yield found
    found.close()


@pytest.fixture(scope="session")
def static_root(installed: Path) -> Iterator[Path]:
    """Serve gathered static files, so that the browser meets hashed names; and axe."""
    with override_settings(STATIC_ROOT=installed / "static", WHITENOISE_ROOT=VENDOR):
        yield installed / "static"


# All threads share one connection to a database in memory: one request after another, and what a
# test itself does in the database between them.
_TURN = threading.RLock()


@pytest.fixture(scope="session")
def live_server(static_root: Path) -> Iterator[LiveServer]:
    """Serve one request after another, static files as in production: packed and kept."""
    answer = WSGIHandler.__call__

    def in_turn(handler: WSGIHandler, environ: Any, start_response: Any) -> Any:
        with _TURN:
            return answer(handler, environ, start_response)

    # Django's own server of static files has each asked for anew on every page.
    middleware_alone = patch("django.test.testcases._StaticFilesHandler", lambda pages: pages)
    with patch.object(WSGIHandler, "__call__", in_turn), middleware_alone:
        server = LiveServer("localhost")
        yield server
        # Not `stop`: windows that are still open end their connections, and with them their
        # threads' share of the database, when the browser closes.
        server.thread.terminate()


@contextmanager
def _database_in_turn() -> Iterator[None]:
    """Let no statement or transaction of the test fall into a request's transaction."""
    begin, end = Atomic.__enter__, Atomic.__exit__

    def begin_in_turn(atomic: Atomic) -> None:
        _TURN.acquire()
        try:
            begin(atomic)
        except BaseException:
            _TURN.release()
            raise

    def end_in_turn(atomic: Atomic, *error: Any) -> None:
        try:
            end(atomic, *error)
        finally:
            _TURN.release()

    def execute_in_turn(execute: Any, *statement: Any) -> Any:
        with _TURN:
            return execute(*statement)

    with (
        patch.object(Atomic, "__enter__", begin_in_turn),
        patch.object(Atomic, "__exit__", end_in_turn),
        connection.execute_wrapper(execute_in_turn),
    ):
        yield


@pytest.fixture(autouse=True)
def fixture_lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LABS_PATH", str(FIXTURE_LABS))
    loader.forget()
    yield
    loader.forget()


@dataclass(frozen=True, kw_only=True)
class School:
    course: Course
    alice: Person
    bob: Person

    def assignment(self, lab: str) -> Assignment:
        """Place a lab in the course."""
        title = loader.load_lab(lab).title
        return Assignment.objects.create(
            course=self.course, resource_link_id=f"link-{lab}", lab=lab, title=title
        )


@pytest.fixture
def school(transactional_db: None) -> School:
    platform = Platform.objects.create(
        issuer="https://lms.example",
        client_id="c",
        deployment_id="1",
        auth_url="https://lms.example/auth",
        token_url="https://lms.example/token",
        jwks_url="https://lms.example/jwks",
        approved=True,
    )
    course = Course.objects.create(platform=platform, context_id="c1", title="ML Systems")
    people = []
    for role in (Role.INSTRUCTOR, Role.LEARNER):
        people.append(Person.objects.create())
        Enrolment.objects.create(person=people[-1], course=course, role=role)
    return School(course=course, alice=people[0], bob=people[1])


Open = Callable[..., Page]


class Windows:
    """Windows lent to one test after another: cookies and pages go, styles, scripts, fonts stay."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser, self._url = browser, url
        self._kept: list[BrowserContext] = []

    def new(self, **options: Any) -> BrowserContext:
        window = patient(self._browser.new_context(base_url=self._url, **options))
        window.add_init_script(HAS_AXE)
        return window

    def lend(self, number: int) -> BrowserContext:
        if number == len(self._kept):
            self._kept.append(self.new())
        return self._kept[number]

    @staticmethod
    def take_back(window: BrowserContext) -> None:
        for page in window.pages:
            page.close()
        window.clear_cookies()
        window.set_offline(False)


@pytest.fixture(scope="session")
def windows(browser: Browser, live_server: LiveServer) -> Windows:
    return Windows(browser, live_server.url)


@pytest.fixture
def open_page(windows: Windows, live_server: LiveServer) -> Iterator[Open]:
    """Open a page as a person, at a size, light or dark; a script error fails the test.

    Each person of a test has one window, on loan. What could not be taken back from it (a clock
    stopped, a route through the window) needs one `alone`.
    """
    lent: dict[Person | None, BrowserContext] = {}
    own: list[BrowserContext] = []
    faults: list[str] = []

    def window_of(person: Person | None, *, alone: bool, scripts: bool) -> BrowserContext:
        if alone or not scripts:
            own.append(windows.new(java_script_enabled=scripts))
            window = own[-1]
        elif person in lent:
            return lent[person]
        else:
            window = lent[person] = windows.lend(len(lent))
        if person is not None:
            window.add_cookies([session_cookie(person, live_server.url)])
        return window

    def open_(
        path: str,
        person: Person | None = None,
        *,
        size: tuple[int, int] = WIDE,
        scheme: Any = "light",
        reduced: bool = False,
        scripts: bool = True,
        alone: bool = False,
    ) -> Page:
        page = window_of(person, alone=alone, scripts=scripts).new_page()
        watch(page, faults)
        page.set_viewport_size({"width": size[0], "height": size[1]})
        motion: Any = "reduce" if reduced else "no-preference"
        page.emulate_media(color_scheme=scheme, reduced_motion=motion)
        page.goto(path)
        return page

    with _database_in_turn():
        yield open_
        for window in own:
            window.close()
        for window in lent.values():
            windows.take_back(window)
    assert faults == []


def watch(page: Page, faults: list[str]) -> None:
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
    page.on("console", lambda message: watch_console(message, faults))


def watch_console(message: Any, faults: list[str]) -> None:
    """Content Security Policy and module faults are errors on the console only."""
    if message.type == "error" and "Failed to load resource" not in message.text:
        faults.append(message.text)


def session_cookie(person: Person, url: str) -> Any:
    """Return the cookie of a session that a launch would have made."""
    session = SessionStore()
    session["person"] = person.pk
    session.save()
    return {"name": "courseserver", "value": session.session_key, "url": url}
