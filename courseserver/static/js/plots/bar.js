/**
 * A stack of terms as a staircase: each term starts where the last one ended; below, their sum.
 *
 * On a logarithmic axis a sum of lengths means nothing, so the terms stand side by side.
 * @module
 */
import { tickFormat } from "../axes.js";
import { fill, quantity, words } from "../format.js";
import { closeUp, roundedRange, scale, widen } from "../scale.js";
import { drawRowLabel, px, textWidth } from "../svg.js";

/** @typedef {import("../types.d.ts").Sample} Sample */
/** @typedef {import("../types.d.ts").AxisSpec} AxisSpec */
/** @typedef {import("../types.d.ts").PlotSpec} PlotSpec */
/** @typedef {import("../types.d.ts").Scale} Scale */
/** @typedef {import("../types.d.ts").Area} Area */
/** @typedef {import("../types.d.ts").View} View */

const ROW = 34;
const BAR = 20;

/** @param {PlotSpec} spec */
export const axisOf = (spec) => spec.y ?? spec.x ?? { label: "" };

/** @param {PlotSpec} spec @param {Sample} sample @returns {number | null} */
function limitOf(spec, { values }) {
  if (!spec.limit) return null;
  const value = spec.limit.output ? values[spec.limit.output] : spec.limit.value;
  return typeof value === "number" ? value : null;
}

/** @param {PlotSpec} spec @param {Sample} sample */
function termsOf(spec, { values }) {
  return (spec.segments ?? []).map((segment) => {
    const value = values[segment.output];
    return { ...segment, value: typeof value === "number" && Number.isFinite(value) ? value : null };
  });
}

/** @param {PlotSpec} spec @param {Sample[]} samples */
export function fit(spec, samples) {
  const axis = axisOf(spec);
  const isLog = axis.scale === "log";
  /** @type {[number, number]} */ const range = isLog ? [Infinity, -Infinity] : [0, 0];
  for (const sample of samples) {
    const values = termsOf(spec, sample).map((term) => term.value);
    const sum = values.reduce((/** @type {number} */ total, value) => total + (value ?? 0), 0);
    widen(range, isLog ? values : [sum], isLog);
    widen(range, [limitOf(spec, sample)], isLog);
  }
  if (!(range[0] <= range[1])) return /** @type {[number, number]} */ (isLog ? [1, 10] : [0, 1]);
  const [low, high] = roundedRange(range[0], range[1] || 1, { isLog, isTime: axis.format === "time" });
  return /** @type {[number, number]} */ ([axis.min ?? low, axis.max ?? high]);
}

/** A limit this many times above the sum is pointed at instead of shown. */
const FAR = 5;

/** @param {PlotSpec} spec @param {[number, number]} range @param {Sample} sample @param {[number, number] | null} shown */
export function focus(spec, range, sample, shown) {
  const axis = axisOf(spec);
  if (axis.scale === "log" || axis.max !== undefined) return range;
  const sum = termsOf(spec, sample).reduce((total, { value }) => total + (value ?? 0), 0);
  const limit = limitOf(spec, sample) ?? 0;
  return closeUp(range, limit < FAR * sum ? Math.max(sum, limit) : sum, shown, axis.format === "time");
}

/** @param {PlotSpec} spec */
export function heightOf(spec) {
  const rows = (spec.segments ?? []).length + (axisOf(spec).scale === "log" || (spec.segments ?? []).length < 2 ? 0 : 1);
  return rows * ROW + 62;
}

/** @param {View} view @param {[number, number]} range */
export function draw(view, range) {
  const { spec, width, height, back, front, sample, formats } = view;
  const axis = axisOf(spec);
  const isLog = axis.scale === "log";
  const terms = termsOf(spec, sample);
  const names = [...terms.map((term) => term.label), ...(hasSum(terms, isLog) ? ["together"] : [])];
  const left = Math.min(Math.max(...names.map(textWidth)) * 1.06 + 12, width * 0.36);
  const area = { left, right: width - 78, top: 22, bottom: height - 40 };
  const x = scale({ low: range[0], high: range[1], isLog, isTime: axis.format === "time", from: area.left, to: area.right, ticks: Math.max(2, (area.right - area.left) / 84) });
  drawGrid(back, axis, x, area, range, height);
  front.begin();
  const limit = limitOf(spec, sample);
  let sum = 0;
  terms.forEach((term, i) => {
    const start = isLog ? range[0] : sum;
    const end = isLog ? (term.value ?? range[0]) : sum + (term.value ?? 0);
    drawRow(front, { row: i, area, x, name: term.label, start, end, classes: `${term.evidence} tint-${i % 4}`, text: words(term.value, formats[term.output] ?? axis.format ?? "g3") });
    if (!isLog && i > 0) connect(front, area.top + i * ROW, x.at(start));
    sum += term.value ?? 0;
  });
  if (hasSum(terms, isLog)) {
    const row = terms.length;
    connect(front, area.top + row * ROW, x.at(sum));
    drawRow(front, { row, area, x, name: "together", start: 0, end: sum, classes: `sum ${terms[0].evidence}`, text: quantity(sum, formats[terms[0].output] ?? axis.format ?? "g3") });
    if (limit !== null && sum > limit) {
      const over = px(x.at(limit));
      front.add("rect", { class: "over", x: over, y: area.top + row * ROW + (ROW - BAR) / 2, width: Math.max(0, px(x.at(Math.min(sum, range[1])) - over)), height: BAR });
    }
  }
  if (limit !== null && spec.limit) drawLimit(front, px(x.at(limit)), area, fill(spec.limit.label, sample.values));
  front.end();
}

/** @param {{value: number | null}[]} terms @param {boolean} isLog */
const hasSum = (terms, isLog) => !isLog && terms.length > 1;

/** @param {import("../svg.js").Layer} layer @param {AxisSpec} axis @param {Scale} x @param {Area} area @param {[number, number]} range @param {number} height */
function drawGrid(layer, axis, x, area, range, height) {
  layer.begin();
  const format = tickFormat(axis, ...range);
  let free = -Infinity;
  for (const tick of x.ticks) {
    const at = px(x.at(tick));
    layer.add("path", { class: "grid", d: `M${at} ${area.top}V${area.bottom}` });
    const text = format.text(tick);
    if (at - textWidth(text) / 2 < free) continue;
    free = at + textWidth(text) / 2 + 8;
    layer.add("text", { class: "tick", x: at, y: area.bottom + 16, "text-anchor": "middle" }, text);
  }
  const unit = format.unit && !axis.label.includes(format.unit) ? ` (${format.unit})` : "";
  layer.add("text", { class: "axis-title", x: px((area.left + area.right) / 2), y: height - 4, "text-anchor": "middle" }, axis.label + unit);
  layer.end();
}

/**
 * @param {import("../svg.js").Layer} layer
 * @param {{row: number, area: Area, x: Scale, name: string,
 *   start: number, end: number, classes: string, text: string}} plan
 */
function drawRow(layer, { row, area, x, name, start, end, classes, text }) {
  const top = area.top + row * ROW + (ROW - BAR) / 2;
  const from = px(Math.min(x.at(start), x.at(end)));
  const to = px(Math.min(Math.max(x.at(start), x.at(end)), area.right + 4));
  drawRowLabel(layer, name, area.left - 10, top + 14);
  layer.add("rect", { class: `bar-fill ${classes}`, x: from, y: top, width: Math.max(1.5, px(to - from)), height: BAR });
  layer.add("text", { class: "label value-label", x: Math.max(to, from + 1.5) + 6, y: top + 14 }, text);
}

/** @param {import("../svg.js").Layer} layer @param {number} top @param {number} at */
function connect(layer, top, at) {
  layer.add("path", { class: "connect", d: `M${px(at)} ${top - (ROW - BAR) / 2 - 1}v${ROW - BAR + 2}` });
}

/** @param {import("../svg.js").Layer} layer @param {number} at @param {Area} area @param {string} text */
function drawLimit(layer, at, area, text) {
  if (at > area.right + 6) {
    layer.add("text", { class: "label rule-label", x: area.right + 70, y: 12, "text-anchor": "end" }, `${text} →`);
    return;
  }
  layer.add("path", { class: "rule limit", d: `M${at} ${area.top - 6}V${area.bottom}` });
  const half = textWidth(text) / 2;
  const x = Math.max(half, Math.min(at, area.right + 70 - half));
  layer.add("text", { class: "label rule-label", x: px(x), y: 12, "text-anchor": "middle" }, text);
}

/** @param {PlotSpec} spec @param {Sample} sample @param {Record<string, string>} formats */
export function table(spec, sample, formats) {
  const terms = termsOf(spec, sample);
  const format = (/** @type {string} */ output) => formats[output] ?? axisOf(spec).format ?? "g3";
  const rows = terms.map((term) => [term.label, words(term.value, format(term.output)), term.evidence]);
  const limit = limitOf(spec, sample);
  if (limit !== null && spec.limit) rows.push([fill(spec.limit.label, sample.values), quantity(limit, format(terms[0]?.output)), "limit"]);
  return { columns: ["term", axisOf(spec).label || "value", "known as"], rows };
}
