"""Plots: every kind draws, says its sentence, and lies as a table behind its picture."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.axe import FRAME, PHONE, WIDE, violations
from tests.browser.plot_page import PLOTS, draw

KINDS = [plot["spec"]["kind"] for plot in PLOTS]


@pytest.mark.parametrize("size", [WIDE, FRAME, PHONE], ids=["1280", "800", "390"])
def test_every_kind_draws_within_its_frame_at_every_width(
    open_page: Any, size: tuple[int, int]
) -> None:
    page = open_page("/", size=size)

    draw(page)

    boxes = page.evaluate(
        """() => window.plots.map(({svg, spec}) => {
          const frame = svg.getBoundingClientRect();
          const marks = [...svg.querySelectorAll("path, rect, text")]
            .filter((node) => !node.closest("clipPath") && !node.hasAttribute("clip-path"));
          const boxes = marks.map((node) => node.getBoundingClientRect());
          return {kind: spec.kind, count: marks.length,
                  left: Math.min(...boxes.map((b) => b.left)) - frame.left,
                  right: frame.right - Math.max(...boxes.map((b) => b.right))};
        })"""
    )
    assert [box["kind"] for box in boxes] == KINDS
    for box in boxes:
        assert box["count"] > 5, box
        assert box["left"] > -6, box
        assert box["right"] > -6, box


def test_text_in_plots_keeps_its_size_on_a_phone(open_page: Any) -> None:
    page = open_page("/", size=PHONE)

    draw(page)

    sizes = page.evaluate(
        """() => [...document.querySelectorAll('.figure svg text')]
          .map((text) => getComputedStyle(text).fontSize)"""
    )
    assert set(sizes) == {"12px"}
    scaled = page.evaluate("() => window.plots.some(({svg}) => svg.hasAttribute('viewBox'))")
    assert not scaled


def test_the_summary_holds_the_figures_of_the_sample(open_page: Any) -> None:
    page = open_page("/")

    draw(page)

    summaries = page.locator(".figure .summary").all_inner_texts()
    assert summaries[0] == "At 171 FLOP per byte memory sets the pace: 572 TFLOP/s."
    wrong = ("{", "undefined", "none")
    assert not any(word in text for word in wrong for text in summaries)


def test_the_table_behind_each_plot_opens_by_keyboard_and_holds_numbers(open_page: Any) -> None:
    page = open_page("/")
    draw(page)

    for summary in page.locator(".as-table summary").all():
        summary.focus()
        page.keyboard.press("Enter")

    tables = page.locator(".as-table table")
    expect(tables).to_have_count(len(PLOTS))
    for table in tables.all():
        assert re.search(r"\d", table.inner_text())
    terms = page.locator(".as-table table").nth(KINDS.index("bar")).inner_text()
    assert "launch overhead" in terms
    assert "31.0 ms" in terms


def test_a_gap_in_a_line_stays_a_gap(open_page: Any) -> None:
    page = open_page("/")
    draw(page)

    strokes = page.evaluate(
        """() => {
          const plot = window.plots[1];
          const curves = {...window.sample.curves};
          curves.waits = curves.waits.map((y, i) => (i > 30 && i < 40 ? null : y));
          plot.draw({values: window.sample.values, curves});
          return plot.svg.querySelector(".series").getAttribute("d").match(/M/g).length;
        }"""
    )

    assert strokes == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_plots_have_no_accessibility_violation(open_page: Any, scheme: str) -> None:
    page = open_page("/", scheme=scheme)
    draw(page)

    assert [
        v for v in violations(page) if v["id"] not in {"page-has-heading-one", "heading-order"}
    ] == []


TICKS = """
async () => {
  const { scale } = await import("/static/js/scale.js");
  const at = (low, high, ticks) => scale({low, high, isLog: true, from: 0, to: 300, ticks}).ticks;
  const axes = [[3, 4096, 3], [3, 40960, 2], [1, 1000, 2], [2, 40, 3], [1e-3, 1e9, 4]];
  return axes.map((axis) => at(...axis));
}
"""


def test_a_log_axis_with_little_room_still_shows_more_than_one_power(open_page: Any) -> None:
    page = open_page("/", size=PHONE)

    assert page.evaluate(TICKS) == [
        [10, 100, 1000],
        [100, 10000],
        [1, 100],
        [3, 10, 30],
        [1e-3, 1, 1e3, 1e6, 1e9],
    ]


def test_a_row_whose_name_is_long_has_it_in_two_lines_within_the_frame(open_page: Any) -> None:
    page = open_page("/", size=PHONE)

    lines = page.evaluate(
        """async () => {
          const { linesOf } = await import("/static/js/svg.js");
          return [linesOf("between hidden layers", 90), linesOf("first layer", 90),
                  linesOf("Unbreakableword", 20)];
        }"""
    )

    assert lines == [["between", "hidden layers"], ["first layer"], ["Unbreakableword"]]


LABELLED = """
async ({series, rules, curves, values}) => {
  const { Plot } = await import("/static/js/plot.js");
  const host = document.querySelector("main");
  const axis = {label: "axis"};
  const spec = {id: "p", kind: "line", title: "t", summary: "", x: axis, y: axis, series, rules};
  const plot = new Plot(spec, {});
  host.replaceChildren(plot.figure);
  plot.fit([{values, curves}]);
  plot.resize();
  plot.draw({values, curves});
  const frame = plot.svg.getBoundingClientRect();
  const share = (x) => (x - frame.left) / frame.width;
  return Object.fromEntries([...plot.svg.querySelectorAll(".label")].map((node) => {
    const box = node.getBoundingClientRect();
    return [node.textContent, [share(box.left), share(box.right)]];
  }));
}
"""


def test_a_label_sits_where_its_line_is_apart_from_the_others(open_page: Any) -> None:
    page = open_page("/")
    draw(page)
    x = [i / 10 for i in range(11)]
    curves = {"x": x, "falling": [2 - v for v in x], "rising": x}
    series = [
        {"id": name, "x": "x", "y": name, "label": name, "evidence": "simulated"}
        for name in ("falling", "rising")
    ]

    places = page.evaluate(
        LABELLED, {"series": series, "rules": [], "curves": curves, "values": {}}
    )

    # They meet at the right end, where nobody could tell which of the two is meant.
    assert set(places) == {"falling", "rising"}
    assert all(right < 0.92 for _, right in places.values()), places


def test_of_two_rules_side_by_side_each_has_its_words_on_its_outer_side(open_page: Any) -> None:
    page = open_page("/", size=PHONE)
    draw(page)
    rules = [
        {"axis": "x", "at": "low", "label": "lower one"},
        {"axis": "x", "at": "high", "label": "higher one"},
    ]
    values = {"low": 4.8, "high": 5.2, "x": 0}
    curves = {"x": [0, 10], "y": [0, 1]}
    series = [{"id": "a", "x": "x", "y": "y", "label": "", "evidence": "simulated"}]

    places = page.evaluate(
        LABELLED, {"series": series, "rules": rules, "curves": curves, "values": values}
    )

    assert places["lower one"][1] < places["higher one"][0]
