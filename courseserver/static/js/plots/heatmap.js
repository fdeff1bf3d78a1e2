/**
 * A map of one quantity over two others, in nine printed steps rather than a continuous wash.
 * @module
 */
import { drawAxes } from "../axes.js";
import { fill, quantity, words } from "../format.js";
import { drawLabel, Labels } from "../labels.js";
import { markPath } from "../marks.js";
import { widen } from "../scale.js";
import { px } from "../svg.js";

/** @typedef {import("../types.d.ts").Sample} Sample */
/** @typedef {import("../types.d.ts").MarkerSpec} MarkerSpec */
/** @typedef {import("../types.d.ts").PlotSpec} PlotSpec */
/** @typedef {import("../types.d.ts").Area} Area */
/** @typedef {import("../types.d.ts").Frame} Frame */
/** @typedef {import("../types.d.ts").View} View */

const LEVELS = 9;

/** @param {PlotSpec} spec @param {Sample} sample */
function gridOf(spec, { curves }) {
  return { xs: numbers(curves[spec.xs ?? ""]), ys: numbers(curves[spec.ys ?? ""]), z: curves[spec.z ?? ""] ?? [] };
}

/** @param {(number | null)[] | null | undefined} values @returns {number[]} */
const numbers = (values) => (values ?? []).filter((x) => x !== null);

/** @param {PlotSpec} spec @param {Sample[]} samples */
export function fit(spec, samples) {
  /** @type {[number, number]} */ const x = [Infinity, -Infinity];
  /** @type {[number, number]} */ const y = [Infinity, -Infinity];
  /** @type {[number, number]} */ const z = [Infinity, -Infinity];
  for (const sample of samples) {
    const grid = gridOf(spec, sample);
    widen(x, edges(grid.xs, spec.x?.scale === "log"), spec.x?.scale === "log");
    widen(y, edges(grid.ys, spec.y?.scale === "log"), spec.y?.scale === "log");
    widen(z, grid.z, false);
  }
  return { x, y, z, isLog: z[0] > 0 && z[1] / z[0] > 50 };
}

/** Borders of cells around their centres. @param {number[]} centres @param {boolean} isLog */
function edges(centres, isLog) {
  const [to, from] = isLog ? [Math.log, Math.exp] : [(/** @type {number} */ v) => v, (/** @type {number} */ v) => v];
  const v = centres.map(to);
  if (v.length < 2) return centres;
  const inner = v.slice(1).map((value, i) => (value + v[i]) / 2);
  return [v[0] - (inner[0] - v[0]), ...inner, v[v.length - 1] + (v[v.length - 1] - inner[inner.length - 1])].map(from);
}

/** @param {View} view @param {ReturnType<typeof fit>} ranges */
export function draw(view, ranges) {
  const { spec, width, height, back, front, sample, formats } = view;
  const grid = gridOf(spec, sample);
  if (grid.xs.length < 2 || grid.ys.length < 2) return;
  back.begin();
  const frame = drawAxes(back, { width, height: height - 34, x: spec.x ?? { label: "" }, y: spec.y ?? { label: "" }, rangeX: ranges.x, rangeY: ranges.y });
  drawLegend(back, ranges, frame.area, height, formats[spec.z ?? ""] ?? "g3");
  back.end();
  front.begin();
  const paths = cellPaths(grid, ranges, frame, spec);
  paths.forEach((d, level) => front.add("path", { class: `level level-${level}`, d: d || "M0 0" }));
  const labels = new Labels(frame.area);
  for (const marker of spec.markers ?? []) drawHere(front, marker, sample, frame, labels);
  front.end();
}

/** @param {ReturnType<typeof gridOf>} grid @param {ReturnType<typeof fit>} ranges @param {Frame} frame @param {PlotSpec} spec */
function cellPaths({ xs, ys, z }, ranges, frame, spec) {
  const left = edges(xs, spec.x?.scale === "log").map((x) => px(frame.x.at(x)));
  const top = edges(ys, spec.y?.scale === "log").map((y) => px(frame.y.at(y)));
  /** @type {string[]} */
  const paths = Array.from({ length: LEVELS }, () => "");
  for (let row = 0; row < ys.length; row += 1) {
    for (let column = 0; column < xs.length; column += 1) {
      const value = z[row * xs.length + column];
      if (value === null || value === undefined) continue;
      paths[levelOf(value, ranges)] += `M${left[column]} ${top[row]}H${left[column + 1]}V${top[row + 1]}H${left[column]}z`;
    }
  }
  return paths;
}

/** @param {number} value @param {ReturnType<typeof fit>} ranges */
function levelOf(value, { z, isLog }) {
  const share = isLog ? Math.log(value / z[0]) / Math.log(z[1] / z[0]) : (value - z[0]) / (z[1] - z[0] || 1);
  return Math.max(0, Math.min(LEVELS - 1, Math.floor(share * LEVELS)));
}

/** @param {import("../svg.js").Layer} layer @param {ReturnType<typeof fit>} ranges @param {Area} area @param {number} height @param {string} format */
function drawLegend(layer, { z, isLog }, area, height, format) {
  const width = (area.right - area.left) / LEVELS;
  for (let level = 0; level < LEVELS; level += 1) {
    layer.add("rect", { class: `level level-${level}`, x: px(area.left + level * width), y: height - 30, width: px(width), height: 10 });
  }
  const at = (/** @type {number} */ share) => (isLog ? z[0] * (z[1] / z[0]) ** share : z[0] + share * (z[1] - z[0]));
  const stops = /** @type {[number, string][]} */ ([[0, "start"], [0.5, "middle"], [1, "end"]]);
  for (const [share, anchor] of stops) {
    layer.add("text", { class: "tick", x: px(area.left + share * (area.right - area.left)), y: height - 5, "text-anchor": anchor }, quantity(at(share), format));
  }
}

/** @param {import("../svg.js").Layer} layer @param {MarkerSpec} marker @param {Sample} sample @param {Frame} frame @param {Labels} labels */
function drawHere(layer, marker, { values }, { x, y }, labels) {
  const [vx, vy] = [values[marker.x], values[marker.y]];
  if (typeof vx !== "number" || typeof vy !== "number") return;
  const at = { x: x.at(vx), y: y.at(vy) };
  layer.add("path", { class: "mark-here", d: markPath("measured", at.x, at.y, 6) });
  const text = fill(marker.label, values);
  const spot = labels.place(text, [
    { x: at.x + 12, y: at.y + 4, anchor: "start" },
    { x: at.x - 12, y: at.y + 4, anchor: "end" },
    { x: at.x, y: at.y - 12, anchor: "middle" },
    { x: at.x, y: at.y + 22, anchor: "middle" },
  ]);
  drawLabel(layer, spot, text, "marker-label");
}

/** @param {PlotSpec} spec @param {Sample} sample @param {Record<string, string>} formats */
export function table(spec, sample, formats) {
  const { xs, ys, z } = gridOf(spec, sample);
  const every = (/** @type {number[]} */ list) => Math.max(1, Math.ceil(list.length / 9));
  const columns = xs.map((_, i) => i).filter((i) => i % every(xs) === 0);
  const rows = ys.map((_, i) => i).filter((i) => i % every(ys) === 0);
  const corner = `${spec.y?.label ?? "y"} \\ ${spec.x?.label ?? "x"}`;
  return {
    columns: [corner, ...columns.map((i) => words(xs[i], spec.x?.format ?? "g3"))],
    rows: rows.map((row) => [
      words(ys[row], spec.y?.format ?? "g3"),
      ...columns.map((i) => words(z[row * xs.length + i], formats[spec.z ?? ""] ?? "g3")),
    ]),
  };
}
