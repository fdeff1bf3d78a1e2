"""Accessibility of a page by axe-core, whose file and hash lie in `vendor/`."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Frame, Page

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


def violations(page: Page | Frame) -> list[dict[str, Any]]:
    # Evaluated by the debugger, so the page's strict policy on scripts stays as it is.
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    page.evaluate("document.fonts.ready.then(() => true)")
    found: list[dict[str, Any]] = page.evaluate(RUN)
    return found
