/**
 * Lines on linear or logarithmic axes, and the roofline: markers, whiskers, limit lines.
 * @module
 */
import { drawAxes } from "../axes.js";
import { fill, words } from "../format.js";
import { drawLabel, Labels } from "../labels.js";
import { markPath } from "../marks.js";
import { roundedRange, widen } from "../scale.js";
import { px, textWidth } from "../svg.js";

/** @typedef {import("../types.d.ts").Sample} Sample */
/** @typedef {import("../types.d.ts").AxisSpec} AxisSpec */
/** @typedef {import("../types.d.ts").SeriesSpec} SeriesSpec */
/** @typedef {import("../types.d.ts").MarkerSpec} MarkerSpec */
/** @typedef {import("../types.d.ts").RuleSpec} RuleSpec */
/** @typedef {import("../types.d.ts").PlotSpec} PlotSpec */
/** @typedef {import("../types.d.ts").Frame} Frame */
/** @typedef {import("../types.d.ts").View} View */
/** @typedef {import("../types.d.ts").Spot} Spot */

/**
 * The ranges that hold everything any setting can show, so that axes stand still during a drag.
 * @param {PlotSpec} spec @param {Sample[]} samples
 */
export function fit(spec, samples) {
  /** @type {[number, number]} */ const x = [Infinity, -Infinity];
  /** @type {[number, number]} */ const y = [Infinity, -Infinity];
  const isLogX = spec.x?.scale === "log";
  const isLogY = spec.y?.scale === "log";
  for (const { curves, values } of samples) {
    for (const series of spec.series ?? []) {
      widen(x, curves[series.x] ?? [], isLogX);
      widen(y, curves[series.y] ?? [], isLogY);
    }
    for (const marker of spec.markers ?? []) {
      widen(x, [number(values[marker.x])], isLogX);
      widen(y, [marker.y, marker.low, marker.high].map((name) => number(values[name ?? ""])), isLogY);
    }
    for (const rule of spec.rules ?? []) {
      widen(rule.axis === "x" ? x : y, [number(values[rule.at])], rule.axis === "x" ? isLogX : isLogY);
    }
  }
  return { x: bounded(x, spec.x, isLogX, false), y: bounded(y, spec.y, isLogY, true) };
}

/** @param {unknown} value */
const number = (value) => (typeof value === "number" ? value : null);

/**
 * @param {[number, number]} range @param {AxisSpec | undefined} axis
 * @param {boolean} isLog @param {boolean} rounds @returns {[number, number]}
 */
function bounded(range, axis, isLog, rounds) {
  let [low, high] = range[0] <= range[1] ? range : isLog ? [1, 10] : [0, 1];
  if (!isLog && rounds && low > 0 && low < 0.6 * high) low = 0;
  if (low === high || rounds) [low, high] = roundedRange(low, high, { isLog, isTime: axis?.format === "time" });
  return [axis?.min ?? low, axis?.max ?? high];
}

/**
 * @param {View} view @param {ReturnType<typeof fit>} ranges
 */
export function draw(view, ranges) {
  const { spec, width, height, back, front, sample } = view;
  back.begin();
  const frame = drawAxes(back, {
    width, height, x: spec.x ?? { label: "" }, y: spec.y ?? { label: "" }, rangeX: ranges.x, rangeY: ranges.y,
  });
  back.end();
  view.clip(frame.area);
  front.begin();
  const labels = new Labels(frame.area);
  const lines = (spec.series ?? []).map((series) => lineOf(series, sample.curves, frame, spec));
  for (const line of lines) keepClear(labels, line);
  if (spec.kind === "roofline" && lines[0]) drawUnder(front, lines[0], frame, view.clipUrl);
  const uprights = (spec.rules ?? []).filter((rule) => rule.axis === "x").map((rule) => frame.x.at(Number(sample.values[rule.at])));
  for (const rule of spec.rules ?? []) drawRule(front, rule, sample, frame, labels, uprights);
  for (const line of lines) drawSeries(front, line, view.clipUrl);
  const spots = (spec.markers ?? []).map((marker) => drawMarker(front, marker, sample, frame, labels));
  (spec.markers ?? []).forEach((marker, i) => spots[i] && labelMarker(front, marker, spots[i], sample, labels));
  for (const line of lines) labelSeries(front, line, frame, labels, sample, lines);
  front.end();
}

/**
 * @param {SeriesSpec} series @param {Sample["curves"]} curves
 * @param {Frame} frame @param {PlotSpec} spec
 */
function lineOf(series, curves, frame, spec) {
  const xs = curves[series.x] ?? [];
  const ys = curves[series.y] ?? [];
  const points = [];
  let d = "";
  let isPenDown = false;
  for (let i = 0; i < Math.min(xs.length, ys.length); i += 1) {
    const [x, y] = [xs[i], ys[i]];
    if (x === null || y === null || (spec.y?.scale === "log" && y <= 0)) {
      isPenDown = false;
      continue;
    }
    const [left, top] = [px(frame.x.at(x)), px(clamped(frame.y.at(y), frame))];
    d += `${isPenDown ? "L" : "M"}${left} ${top}`;
    isPenDown = true;
    points.push(left, top);
  }
  return { series, d, points };
}

/** Labels keep off lines, and off the marks of lines that are dots. @param {Labels} labels @param {ReturnType<typeof lineOf>} line */
function keepClear(labels, { series, points }) {
  if (series.style !== "dots") return labels.avoid(points);
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [points[i], points[i + 1]];
    labels.reserve([x - 5, y - 6, x + 5, y + 6]);
  }
}

/** Keep far-away points near the frame: browsers draw huge coordinates badly. */
const clamped = (/** @type {number} */ y, /** @type {Frame} */ frame) =>
  Math.max(frame.area.top - 400, Math.min(frame.area.bottom + 400, y));

/** @param {import("../svg.js").Layer} layer @param {ReturnType<typeof lineOf>} line @param {Frame} frame @param {string} clip */
function drawUnder(layer, { points }, { area }, clip) {
  if (points.length < 4) return;
  const path = [];
  for (let i = 0; i < points.length; i += 2) path.push(`${points[i]} ${points[i + 1]}`);
  const d = `M${points[0]} ${area.bottom}L${path.join("L")}L${points[points.length - 2]} ${area.bottom}z`;
  layer.add("path", { class: "under simulated", d, "clip-path": clip });
}

/** @param {import("../svg.js").Layer} layer @param {ReturnType<typeof lineOf>} line @param {string} clip */
function drawSeries(layer, { series, d, points }, clip) {
  if (series.style === "dots") {
    let dots = "";
    for (let i = 0; i < points.length; i += 2) dots += markPath(series.evidence, points[i], points[i + 1], 3);
    layer.add("path", { class: `mark-${series.evidence} ${series.evidence}`, d: dots, "clip-path": clip });
    return;
  }
  layer.add("path", { class: `series ${series.style ?? "solid"} ${series.evidence}`, d, "clip-path": clip });
}

/** @param {import("../svg.js").Layer} layer @param {RuleSpec} rule @param {Sample} sample @param {Frame} frame @param {Labels} labels @param {number[]} uprights */
function drawRule(layer, rule, sample, { x, y, area }, labels, uprights) {
  const value = sample.values[rule.at];
  if (typeof value !== "number") return;
  const text = fill(rule.label, sample.values);
  if (rule.axis === "x") {
    const at = px(x.at(value));
    if (at < area.left - 1 || at > area.right + 1) return;
    layer.add("path", { class: "rule", d: `M${at} ${area.top - 4}V${area.bottom}` });
    labels.avoid([at, area.top, at, area.bottom]);
    // Of two rules side by side, each has its words on its outer side.
    const isCrowded = uprights.some((other) => other > at + 1 && other < at + 12 + textWidth(text));
    const spot = labels.place(text, [
      ...[area.bottom - 8, area.bottom - 26, area.top + 10, area.top + 28].flatMap((top) => [
        { x: at + 6, y: top, anchor: /** @type {const} */ ("start"), cost: isCrowded ? BETWEEN : 0 },
        { x: at - 6, y: top, anchor: /** @type {const} */ ("end") },
      ]),
    ]);
    drawLabel(layer, spot, text, "rule-label");
    return;
  }
  const at = px(y.at(value));
  if (at < area.top - 1 || at > area.bottom + 1) return;
  layer.add("path", { class: "rule limit", d: `M${area.left} ${at}H${area.right}` });
  const spot = labels.place(text, [
    { x: area.left + 6, y: at - 6, anchor: "start" },
    { x: area.right - 2, y: at - 6, anchor: "end" },
    { x: area.left + 6, y: at + 15, anchor: "start" },
    { x: area.right - 2, y: at + 15, anchor: "end" },
  ]);
  drawLabel(layer, spot, text, "rule-label");
}

/** @param {import("../svg.js").Layer} layer @param {MarkerSpec} marker @param {Sample} sample @param {Frame} frame @param {Labels} labels */
function drawMarker(layer, marker, { values }, { x, y, area }, labels) {
  const [vx, vy] = [values[marker.x], values[marker.y]];
  if (typeof vx !== "number" || typeof vy !== "number") return null;
  if ((x.isLog && vx <= 0) || (y.isLog && vy <= 0)) return null;
  const at = { x: x.at(vx), y: Math.max(area.top, Math.min(area.bottom, y.at(vy))) };
  if (at.x < area.left - 2 || at.x > area.right + 2) return null;
  const [low, high] = [values[marker.low ?? ""], values[marker.high ?? ""]];
  if (typeof low === "number" && typeof high === "number") {
    const [bottom, top] = [px(y.at(low)), px(y.at(high))];
    layer.add("path", { class: `whisker ${marker.evidence}`, d: `M${px(at.x)} ${bottom}V${top}M${px(at.x - 4)} ${bottom}h8M${px(at.x - 4)} ${top}h8` });
  }
  layer.add("path", { class: `mark-${marker.evidence} ${marker.evidence}`, d: markPath(marker.evidence, at.x, at.y, 5.5) });
  labels.reserve([at.x - 7, at.y - 7, at.x + 7, at.y + 7]);
  return at;
}

/** @param {import("../svg.js").Layer} layer @param {MarkerSpec} marker @param {{x: number, y: number}} at @param {Sample} sample @param {Labels} labels */
function labelMarker(layer, marker, at, sample, labels) {
  const text = fill(marker.label, sample.values);
  const spot = labels.place(text, [
    { x: at.x - 10, y: at.y - 8, anchor: "end" },
    { x: at.x + 10, y: at.y + 16, anchor: "start" },
    { x: at.x + 11, y: at.y + 4, anchor: "start" },
    { x: at.x - 11, y: at.y + 4, anchor: "end" },
    { x: at.x + 10, y: at.y - 8, anchor: "start" },
    { x: at.x - 10, y: at.y + 18, anchor: "end" },
    { x: at.x, y: at.y - 14, anchor: "middle" },
    { x: at.x, y: at.y + 24, anchor: "middle" },
    { x: at.x, y: at.y - 30, anchor: "middle" },
    { x: at.x, y: at.y + 40, anchor: "middle" },
  ]);
  drawLabel(layer, spot, text, `marker-label ${marker.evidence}`);
}

/**
 * The point that far along a line by its points; between them where there are few, as on a roof.
 * @param {number[]} points @param {number} part
 */
function pointAt(points, part) {
  const last = points.length / 2 - 1;
  const i = 2 * (last < ALONG.length ? Math.min(Math.floor(part * last), last - 1) : Math.round(part * last));
  if (last >= ALONG.length) return [points[i], points[i + 1]];
  const rest = part * last - i / 2;
  return [points[i] + rest * (points[i + 2] - points[i]), points[i + 1] + rest * (points[i + 3] - points[i + 1])];
}

/** Fractions of the line at which its label may sit, best first. */
const ALONG = [1, 0.86, 0.72, 0.58, 0.44, 0.3, 0.16, 0.04];
/** So near another line nobody can tell whose label it is. [px] */
const NEAR = 12;
/** What a place costs that leaves in doubt whose label it is. */
const BETWEEN = 30;

/** How far down the line is there; NaN beside it. @param {number[]} points @param {number} x */
function heightAt(points, x) {
  for (let i = 2; i < points.length; i += 2) {
    const [x0, y0, x1, y1] = [points[i - 2], points[i - 1], points[i], points[i + 1]];
    if (x0 <= x && x <= x1) return x1 > x0 ? y0 + ((y1 - y0) * (x - x0)) / (x1 - x0) : y1;
  }
  return NaN;
}

/**
 * @param {import("../svg.js").Layer} layer @param {ReturnType<typeof lineOf>} line @param {Frame} frame
 * @param {Labels} labels @param {Sample} sample @param {ReturnType<typeof lineOf>[]} lines
 */
function labelSeries(layer, { series, points }, { area }, labels, sample, lines) {
  if (!series.label || points.length < 2) return;
  const text = fill(series.label, sample.values);
  /** @type {Spot[]} */
  const spots = [];
  for (const part of ALONG) {
    const [x, y] = pointAt(points, part);
    if (x < area.left || x > area.right + 1 || y < area.top - 2 || y > area.bottom + 2) continue;
    const others = lines.filter((line) => line.points !== points).map((line) => heightAt(line.points, x));
    const cost = BETWEEN * others.filter((other) => Math.abs(other - y) < NEAR).length;
    spots.push({ x: x - (part > 0.5 ? 4 : -4), y: y - 9, anchor: part > 0.5 ? "end" : "start", cost });
    spots.push({ x: x - (part > 0.5 ? 4 : -4), y: y + 18, anchor: part > 0.5 ? "end" : "start", cost });
    if (part < 1) spots.push({ x: x + 10, y: y + 14, anchor: "start", cost }, { x: x - 10, y: y - 6, anchor: "end", cost });
  }
  if (!spots.length) return;
  drawLabel(layer, labels.place(text, spots), text, `series-label ${series.evidence}`);
}

const ROWS = 24;

/**
 * The same lines as a table, thinned where they are long.
 * @param {PlotSpec} spec @param {Sample} sample
 */
export function table(spec, sample) {
  const xFormat = spec.x?.format ?? "g3";
  const yFormat = spec.y?.format ?? "g3";
  const rows = [];
  for (const { x, y, label, evidence } of spec.series ?? []) {
    const xs = sample.curves[x] ?? [];
    const ys = sample.curves[y] ?? [];
    const step = Math.max(1, Math.ceil(xs.length / ROWS));
    for (let i = 0; i < xs.length; i += step) {
      rows.push([fill(label, sample.values), words(xs[i], xFormat), words(ys[i], yFormat), evidence]);
    }
  }
  for (const marker of spec.markers ?? []) {
    const text = fill(marker.label, sample.values);
    rows.push([text, words(sample.values[marker.x], xFormat), words(sample.values[marker.y], yFormat), marker.evidence]);
  }
  return { columns: ["line or point", spec.x?.label ?? "x", spec.y?.label ?? "y", "known as"], rows };
}
