"""A headless Chromium for figures, each page in a context of its own with an empty cache."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from courseserver.courses.models import Person
from tests.benchmarks.classroom import session_key
from tests.browser.conftest import ARGS, WIDE
from tests.browser.patience import chromium_path, patient


@contextmanager
def launched() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGS)
        yield browser
        browser.close()


@contextmanager
def page_of(browser: Browser, person: Person, url: str) -> Iterator[Page]:
    """Yield a blank page, signed in at `url`'s server as that person."""
    context = patient(browser.new_context(viewport={"width": WIDE[0], "height": WIDE[1]}))
    context.add_cookies([{"name": "courseserver", "value": session_key(person), "url": url}])
    yield context.new_page()
    context.close()
