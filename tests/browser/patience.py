"""The Chromium of the tests, and the patience with which its pages are used."""

import shutil

import pytest
from playwright.sync_api import BrowserContext, expect

# How long a step of a page may take on the slowest of machines. [ms]
LIMIT_MS = 60_000


def chromium_path() -> str:
    """Return where Chromium is, or skip with the line that installs it."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    return path


def headless_shell_path() -> str:
    """Return where the same engine without a window around it is, else Chromium.

    It costs less, yet takes third-party cookies whatever it is told.
    """
    return shutil.which("chromium-headless-shell") or chromium_path()


def patient(context: BrowserContext) -> BrowserContext:
    """Give every step in a context's pages, and every expectation, the same long limit."""
    context.set_default_timeout(LIMIT_MS)
    expect.set_options(timeout=LIMIT_MS)
    return context
