/**
 * Predicted beside measured, one row each: marks with their whiskers on one axis, the ratio after.
 * @module
 */
import { tickFormat } from "../axes.js";
import { quantity } from "../format.js";
import { markPath } from "../marks.js";
import { roundedRange, scale, widen } from "../scale.js";
import { Layer, px, svgElement, textWidth } from "../svg.js";

/** @typedef {import("../types.d.ts").Area} Area */
/** @typedef {import("../types.d.ts").Scale} Scale */

/** @typedef {{value: number, low: number | null, high: number | null, evidence: string}} Known */
/** @typedef {{label: string, format: string, ratio: string, predicted: Known, measured: Known | null}} Row */

const ROW = 40;
const RATIO = 62;

/** @param {Row[]} rows @returns {[number, number]} */
function rangeOf(rows) {
  /** @type {[number, number]} */ const range = [Infinity, -Infinity];
  for (const { predicted, measured } of rows) {
    for (const known of [predicted, measured]) if (known) widen(range, [known.value, known.low, known.high], true);
  }
  return range[0] <= range[1] ? roundedRange(range[0], range[1], { isLog: true, isTime: true }) : [1, 10];
}

/** @param {Layer} layer @param {Known} known @param {Scale} x @param {number} y */
function drawKnown(layer, known, x, y) {
  if (!(known.value > 0)) return;
  const at = x.at(known.value);
  if (known.low !== null && known.high !== null && known.low > 0) {
    const [low, high] = [px(x.at(known.low)), px(x.at(known.high))];
    layer.add("path", { class: `whisker ${known.evidence}`, d: `M${low} ${y}H${high}M${low} ${y - 4}v8M${high} ${y - 4}v8` });
  }
  layer.add("path", { class: `mark-${known.evidence} ${known.evidence}`, d: markPath(known.evidence, at, y, 5.5) });
}

/** @param {Layer} layer @param {Row[]} rows @param {number} width */
function draw(layer, rows, width) {
  const range = rangeOf(rows);
  const isNarrow = width < 560;
  const longest = Math.max(...rows.map(({ label }) => textWidth(label))) * 1.06 + 16;
  const area = { left: isNarrow ? 4 : Math.min(longest, width * 0.4), right: width - RATIO, top: 8, bottom: 8 + rows.length * ROW };
  const x = scale({ low: range[0], high: range[1], isLog: true, isTime: true, from: area.left + 8, to: area.right - 8, ticks: Math.max(2, (area.right - area.left) / 90) });
  const format = tickFormat({ label: "", scale: "log", format: rows[0].format }, ...range);
  layer.begin();
  for (const tick of x.ticks) {
    const at = px(x.at(tick));
    layer.add("path", { class: "grid", d: `M${at} ${area.top}V${area.bottom + 4}` });
    layer.add("text", { class: "tick", x: at, y: area.bottom + 18, "text-anchor": "middle" }, `${format.text(tick)}${format.unit ? ` ${format.unit}` : ""}`);
  }
  rows.forEach((row, i) => drawRow(layer, row, x, area, area.top + i * ROW, isNarrow));
  layer.end();
}

/** @param {Layer} layer @param {Row} row @param {Scale} x @param {Area} area @param {number} top @param {boolean} isNarrow */
function drawRow(layer, row, x, area, top, isNarrow) {
  const y = top + (isNarrow ? 27 : ROW / 2);
  if (isNarrow) layer.add("text", { class: "row-label", x: 0, y: top + 12 }, row.label);
  else layer.add("text", { class: "row-label", x: area.left - 12, y: y + 4, "text-anchor": "end" }, row.label);
  drawKnown(layer, row.predicted, x, y);
  if (row.measured) drawKnown(layer, row.measured, x, y);
  layer.add("text", { class: "label value-label", x: area.right + 8, y: y + 4 }, row.ratio);
}

/** @param {Row[]} rows */
function sentence(rows) {
  return rows
    .map(({ label, format, predicted, measured, ratio }) =>
      measured
        ? `${label}: predicted ${quantity(predicted.value, format)}, measured ${quantity(measured.value, format)}, ${ratio}`
        : `${label}: predicted ${quantity(predicted.value, format)}`,
    )
    .join("; ");
}

/** @param {HTMLElement} host @param {Row[]} rows */
export function drawComparison(host, rows) {
  const svg = svgElement("svg", { role: "img", "aria-label": sentence(rows), height: 8 + rows.length * ROW + 28 });
  host.replaceChildren(svg);
  const layer = new Layer(svg);
  new ResizeObserver(() => {
    const width = Math.floor(host.getBoundingClientRect().width);
    if (width < 40) return;
    svg.setAttribute("width", String(width));
    draw(layer, rows, width);
  }).observe(host);
}
