/**
 * One number against its limit, on a straight scale.
 * @module
 */
import { tickFormat } from "../axes.js";
import { fill, words } from "../format.js";
import { closeUp, roundedRange, scale, widen } from "../scale.js";
import { px, textWidth } from "../svg.js";
import { axisOf } from "./bar.js";

/** @typedef {import("../types.d.ts").Sample} Sample */
/** @typedef {import("../types.d.ts").PlotSpec} PlotSpec */
/** @typedef {import("../types.d.ts").Scale} Scale */
/** @typedef {import("../types.d.ts").Area} Area */
/** @typedef {import("../types.d.ts").View} View */

/** @param {PlotSpec} spec @param {Sample} sample @returns {number | null} */
function limitOf(spec, { values }) {
  const value = spec.limit?.output ? values[spec.limit.output] : spec.limit?.value;
  return typeof value === "number" ? value : null;
}

/** @param {PlotSpec} spec @param {Sample[]} samples */
export function fit(spec, samples) {
  const axis = axisOf(spec);
  const isLog = axis.scale === "log";
  /** @type {[number, number]} */ const range = isLog ? [Infinity, -Infinity] : [0, 0];
  for (const sample of samples) {
    const value = sample.values[spec.output ?? ""];
    widen(range, [typeof value === "number" ? value : null, limitOf(spec, sample)], isLog);
  }
  if (!(range[0] <= range[1])) return /** @type {[number, number]} */ ([0, 1]);
  const [low, high] = roundedRange(range[0], range[1] || 1, { isLog, isTime: axis.format === "time" });
  return /** @type {[number, number]} */ ([axis.min ?? low, axis.max ?? high]);
}

/** @param {PlotSpec} spec @param {[number, number]} range @param {Sample} sample @param {[number, number] | null} shown */
export function focus(spec, range, sample, shown) {
  const axis = axisOf(spec);
  if (axis.scale === "log" || axis.max !== undefined) return range;
  const value = sample.values[spec.output ?? ""];
  const need = Math.max(typeof value === "number" ? value : 0, limitOf(spec, sample) ?? 0);
  return closeUp(range, need, shown, axis.format === "time");
}

export const heightOf = () => 96;

/** @param {View} view @param {[number, number]} range */
export function draw(view, range) {
  const { spec, width, height, back, front, sample, formats } = view;
  const axis = axisOf(spec);
  const area = { left: 12, right: width - 16, top: 34, bottom: 58 };
  const x = scale({ low: range[0], high: range[1], isLog: axis.scale === "log", isTime: axis.format === "time", from: area.left, to: area.right, ticks: Math.max(2, width / 90) });
  const format = tickFormat(axis, ...range);
  back.begin();
  back.add("rect", { class: "track", x: area.left, y: area.top, width: area.right - area.left, height: area.bottom - area.top, rx: 3 });
  for (const tick of x.ticks) {
    const at = px(x.at(tick));
    back.add("path", { class: "grid", d: `M${at} ${area.bottom}v5` });
    back.add("text", { class: "tick", x: at, y: area.bottom + 18, "text-anchor": at > area.right - 12 ? "end" : at < area.left + 12 ? "start" : "middle" }, format.text(tick));
  }
  const unit = format.unit ? ` (${format.unit})` : "";
  back.add("text", { class: "axis-title", x: area.left, y: height - 4 }, axis.label + unit);
  back.end();
  front.begin();
  drawValue(front, view, x, area, range, formats[spec.output ?? ""] ?? axis.format ?? "g3", sample);
  front.end();
}

/** @param {import("../svg.js").Layer} layer @param {View} view @param {Scale} x @param {Area} area @param {[number, number]} range @param {string} format @param {Sample} sample */
function drawValue(layer, { spec }, x, area, range, format, sample) {
  const value = sample.values[spec.output ?? ""];
  const limit = limitOf(spec, sample);
  if (typeof value === "number") {
    const end = px(Math.max(area.left + 2, Math.min(area.right, x.at(Math.min(Math.max(value, range[0]), range[1])))));
    const within = limit !== null && value > limit ? px(Math.max(area.left, Math.min(end, x.at(limit)))) : end;
    layer.add("rect", { class: "bar-fill simulated", x: area.left, y: area.top + 4, width: px(within - area.left), height: area.bottom - area.top - 8 });
    if (within < end) layer.add("rect", { class: "over", x: within, y: area.top + 4, width: px(end - within), height: area.bottom - area.top - 8 });
    layer.add("path", { class: "needle", d: `M${end} ${area.top}V${area.bottom}` });
    const text = words(value, format);
    const anchor = end + textWidth(text) + 10 > area.right ? "end" : "start";
    layer.add("text", { class: anchor === "end" ? "label value-label on-bar" : "label value-label", x: end + (anchor === "end" ? -7 : 7), y: area.top + 16, "text-anchor": anchor }, text);
  }
  if (limit !== null && spec.limit) {
    const at = px(x.at(Math.min(Math.max(limit, range[0]), range[1])));
    layer.add("path", { class: "rule limit", d: `M${at} ${area.top - 6}V${area.bottom + 4}` });
    const text = fill(spec.limit.label, sample.values);
    const half = textWidth(text) / 2;
    layer.add("text", { class: "label rule-label", x: px(Math.max(half + 2, Math.min(at, area.right - half))), y: area.top - 12, "text-anchor": "middle" }, text);
  }
}

/** @param {PlotSpec} spec @param {Sample} sample @param {Record<string, string>} formats */
export function table(spec, sample, formats) {
  const format = formats[spec.output ?? ""] ?? axisOf(spec).format ?? "g3";
  const rows = [[axisOf(spec).label || spec.title, words(sample.values[spec.output ?? ""], format)]];
  if (spec.limit) rows.push([fill(spec.limit.label, sample.values), words(limitOf(spec, sample), format)]);
  return { columns: ["quantity", "value"], rows };
}
