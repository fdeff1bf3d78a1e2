"""Accessibility of a page by axe-core, whose file and hash lie in `vendor/`."""

from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Frame, Page

WIDE, FRAME, PHONE = (1280, 900), (800, 900), (390, 844)
Look = tuple[tuple[int, int], Literal["light", "dark"]]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LOOKS: list[Look] = [(size, scheme) for size in (WIDE, FRAME, PHONE) for scheme in SCHEMES]

VENDOR = Path(__file__).parent / "vendor"
AXE = (VENDOR / "axe.min.js").read_text()
# What a page's window is told where its server has `VENDOR` at its root: from there axe comes
# compiled, while the debugger sends and compiles it for every page anew.
HAS_AXE = "window.serverHasAxe = true"
FETCH = """
() => "axe" in window || Boolean(window.serverHasAxe) && new Promise((done, failed) => {
  const script = document.createElement("script");
  script.src = "/axe.min.js";
  script.onload = () => done(true);
  script.onerror = failed;
  document.head.append(script);
})
"""
ALL_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What colours decide. Light and dark differ in nothing else, as `test_static` makes sure.
COLOUR_RULES = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
RUN = """
async (runOnly) => {
  await document.fonts.ready;
  const found = await axe.run(document, {runOnly, resultTypes: ["violations"]});
  return found.violations.map(({id, help, nodes}) => ({
    id,
    help,
    nodes: nodes.slice(0, 5).map(({target, failureSummary}) => `${target}: ${failureSummary}`),
  }));
}
"""


def faults_in_every_look(page: Page, where: str, frame: Frame | None = None) -> list[str]:
    """Return what is wrong at every width, light and dark; leaves the page as wide as a phone.

    With a frame, its content is what is looked at.
    """
    return [
        fault
        for size in (WIDE, FRAME, PHONE)
        for fault in [
            *faults_in(page, (size, "light"), where, frame),
            *faults_in(page, (size, "dark"), where, frame, COLOUR_RULES),
        ]
    ]


def faults_in(
    page: Page, look: Look, where: str, frame: Frame | None = None, rules: Any = ALL_RULES
) -> list[str]:
    """Return what is wrong at one width, light or dark."""
    size, scheme = look
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(done))")
    where = f"{where}, {size[0]} px, {scheme}"
    faults = [f"{where}: {fault}" for fault in violations(frame or page, rules)]
    over = page.evaluate("document.documentElement.scrollWidth") - size[0]
    return [*faults, f"{where}: {over} px too wide"] if over > 0 else faults


def violations(page: Page | Frame, rules: Any = ALL_RULES) -> list[dict[str, Any]]:
    if not page.evaluate(FETCH):
        # By the debugger, past the page's strict policy on scripts.
        page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate(RUN, rules)
    return found
