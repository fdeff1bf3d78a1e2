"""Accessibility of a page by axe-core, whose file and hash lie in `vendor/`."""

from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Frame, Page

WIDE, FRAME, PHONE = (1280, 900), (800, 900), (390, 844)
Look = tuple[tuple[int, int], Literal["light", "dark"]]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LOOKS: list[Look] = [(size, scheme) for size in (WIDE, FRAME, PHONE) for scheme in SCHEMES]

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
RUN = """
async () => {
  const found = await axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    resultTypes: ["violations"],
  });
  return found.violations.map(({id, help, nodes}) => ({
    id,
    help,
    nodes: nodes.slice(0, 5).map(({target, failureSummary}) => `${target}: ${failureSummary}`),
  }));
}
"""


def faults_in_every_look(page: Page, where: str) -> list[str]:
    """Return what is wrong at every width, light and dark; leaves the page as wide as a phone."""
    return [fault for look in LOOKS for fault in faults_in(page, look, where)]


def faults_in(page: Page, look: Look, where: str) -> list[str]:
    """Return what is wrong at one width, light or dark."""
    size, scheme = look
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(done))")
    where = f"{where}, {size[0]} px, {scheme}"
    faults = [f"{where}: {fault}" for fault in violations(page)]
    over = page.evaluate("document.documentElement.scrollWidth") - size[0]
    return [*faults, f"{where}: {over} px too wide"] if over > 0 else faults


def violations(page: Page | Frame) -> list[dict[str, Any]]:
    # Evaluated by the debugger, so the page's strict policy on scripts stays as it is.
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    page.evaluate("document.fonts.ready.then(() => true)")
    found: list[dict[str, Any]] = page.evaluate(RUN)
    return found
