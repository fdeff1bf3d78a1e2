/**
 * What happens when: bars from start to end, one lane each.
 * @module
 */
import { tickFormat } from "../axes.js";
import { words } from "../format.js";
import { roundedRange, scale, widen } from "../scale.js";
import { drawRowLabel, px, textWidth } from "../svg.js";

/** @typedef {import("../types.d.ts").Sample} Sample */
/** @typedef {import("../types.d.ts").PlotSpec} PlotSpec */
/** @typedef {import("../types.d.ts").View} View */

const ROW = 30;

/** @param {PlotSpec} spec @param {Sample} sample */
function barsOf(spec, { curves }) {
  const start = curves[spec.start ?? ""] ?? [];
  const end = curves[spec.end ?? ""] ?? [];
  const lane = curves[spec.lane ?? ""];
  const bars = [];
  for (let i = 0; i < Math.min(start.length, end.length); i += 1) {
    const [from, to, row] = [start[i], end[i], lane ? lane[i] : 0];
    if (from === null || to === null || row === null) continue;
    bars.push({ from, to, lane: Math.round(row) });
  }
  return bars;
}

/** @param {PlotSpec} spec @param {Sample[]} samples */
export function fit(spec, samples) {
  /** @type {[number, number]} */ const range = [0, 0];
  for (const sample of samples) widen(range, barsOf(spec, sample).map((bar) => bar.to), false);
  const [low, high] = roundedRange(range[0], range[1] || 1, { isTime: (spec.x?.format ?? "time") === "time" });
  return /** @type {[number, number]} */ ([spec.x?.min ?? low, spec.x?.max ?? high]);
}

/** @param {PlotSpec} spec */
export const heightOf = (spec) => Math.max(1, (spec.labels ?? []).length) * ROW + 56;

/** @param {View} view @param {[number, number]} range */
export function draw(view, range) {
  const { spec, width, height, back, front, sample } = view;
  const names = spec.labels ?? [""];
  const axis = spec.x ?? { label: "time", format: "time" };
  const left = Math.min(Math.max(...names.map(textWidth)) * 1.06 + 14, width * 0.34);
  const area = { left, right: width - 14, top: 8, bottom: height - 42 };
  const x = scale({ low: range[0], high: range[1], isLog: false, isTime: (axis.format ?? "time") === "time", from: area.left, to: area.right, ticks: Math.max(2, (area.right - area.left) / 84) });
  const format = tickFormat(axis, ...range);
  back.begin();
  for (const tick of x.ticks) {
    const at = px(x.at(tick));
    back.add("path", { class: "grid", d: `M${at} ${area.top}V${area.bottom}` });
    back.add("text", { class: "tick", x: at, y: area.bottom + 16, "text-anchor": at > area.right - 10 ? "end" : "middle" }, format.text(tick));
  }
  names.forEach((name, i) => drawRowLabel(back, name, area.left - 10, area.top + i * ROW + 19));
  back.add("text", { class: "axis-title", x: px((area.left + area.right) / 2), y: height - 4, "text-anchor": "middle" }, format.unit ? `${axis.label} (${format.unit})` : axis.label);
  back.end();
  view.clip(area);
  front.begin();
  const bars = barsOf(spec, sample);
  names.forEach((_, lane) => {
    let d = "";
    for (const bar of bars) {
      if (bar.lane !== lane) continue;
      const from = px(x.at(bar.from));
      d += `M${from} ${area.top + lane * ROW + 5}H${px(Math.max(x.at(bar.to) - 0.6, from + 0.8))}v${ROW - 10}H${from}z`;
    }
    front.add("path", { class: "lane simulated", d: d || "M0 0", "clip-path": view.clipUrl });
  });
  front.end();
}

/** @param {PlotSpec} spec @param {Sample} sample */
export function table(spec, sample) {
  const format = spec.x?.format ?? "time";
  const bars = barsOf(spec, sample).slice(0, 60);
  return {
    columns: ["lane", "from", "to"],
    rows: bars.map((bar) => [(spec.labels ?? [])[bar.lane] ?? String(bar.lane), words(bar.from, format), words(bar.to, format)]),
  };
}
