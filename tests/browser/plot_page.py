"""Every kind of plot on one page, drawn from one sample, for looking at and for tests."""

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

PLOTS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "plots.json").read_text())

DRAW = """
async ({plots, sample, formats}) => {
  for (const sheet of ["lab", "plots"]) {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = `/static/css/${sheet}.css`;
    document.head.append(link);
    await new Promise((done) => { link.onload = done; });
  }
  const { Plot } = await import("/static/js/plot.js");
  const host = document.querySelector("main");
  host.className = "page";
  host.replaceChildren();
  window.plots = plots.map(({spec}) => {
    const plot = new Plot(spec, formats);
    const panel = document.createElement("div");
    panel.className = "panel";
    panel.append(plot.figure);
    host.append(panel);
    plot.fit([sample]);
    plot.draw(sample);
    return plot;
  });
  window.sample = sample;
  await document.fonts.ready;
}
"""
FORMATS = {
    "compute_s": "time",
    "memory_s": "time",
    "overhead_s": "time",
    "power": "si W",
    "z": "g3",
}


def sample() -> dict[str, Any]:
    """Return values and lines that exercise each plot; the numbers mean nothing."""
    roof_x = [10 ** (i / 10) for i in range(41)]
    loads = [i / 100 for i in range(100)]
    zx = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]
    zy = [0.001 * i for i in range(1, 11)]
    return {
        "values": {
            "intensity": 171.0, "rate": 572e12, "measured": 412e12, "measured_low": 340e12,
            "measured_high": 480e12, "guess": 100e12, "ridge": 295.0, "bound": "memory",
            "load": 0.8, "wait": 0.115, "slo": 0.2, "compute_s": 0.012, "memory_s": 0.031,
            "overhead_s": 0.004, "total": 0.047, "budget": 0.04, "power": 31.0,
            "power_budget": 25.0, "batch": 8.0, "window": 0.004, "throughput": 412.0, "stops": 3.0,
        },
        "curves": {
            "roof_x": roof_x,
            "roof_y": [min(989e12, 3.35e12 * x) for x in roof_x],
            "other_y": [min(25e12, 102.4e9 * x) for x in roof_x],
            "loads": loads,
            "waits": [4.605 * 0.005 / (1 - x) for x in loads],
            "waits2": [4.605 * 0.005 / (1 - x * x) for x in loads],
            "waits3": [None if i % 12 else 5 * 0.005 / (1 - x) for i, x in enumerate(loads)],
            "zx": zx,
            "zy": zy,
            "z": [x / (0.002 + 0.0005 * x + y) for y in zy for x in zx],
            "start": [0, 900, 960, 1860, 1920, 2100, 2400, None],
            "end": [900, 960, 1860, 1920, 2100, 2400, 3300, None],
            "lane": [0, 1, 0, 1, 2, 3, 0, None],
        },
    }  # fmt: skip


def draw(page: Page, plots: list[dict[str, Any]] = PLOTS) -> None:
    page.evaluate(DRAW, {"plots": plots, "sample": sample(), "formats": FORMATS})
    page.locator("main svg[width]").first.wait_for()
