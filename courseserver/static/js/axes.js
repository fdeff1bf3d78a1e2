/**
 * The frame of a plot: grid, tick labels, axis titles.
 * @module
 */
import { quantity } from "./format.js";
import { scale, timeUnit } from "./scale.js";
import { px, textWidth } from "./svg.js";

/** @typedef {import("./types.d.ts").AxisSpec} AxisSpec */
/** @typedef {import("./types.d.ts").Scale} Scale */
/** @typedef {import("./types.d.ts").Area} Area */
/** @typedef {import("./types.d.ts").Frame} Frame */

const UNITS = [
  [1e18, "E"], [1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""],
  [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"], [1e-12, "p"],
];
const TIMES = [[86400, "days"], [3600, "h"], [60, "min"], [1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]];

/** Drop zeros after the point that say nothing: "1.00 T" → "1 T". @param {string} text */
const trimmed = (text) => text.replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, "");

/** @param {number} x */
const plain = (x) => (x === 0 ? "0" : trimmed(quantity(x, "g4")));

/**
 * How an axis writes its ticks, and the unit its title shows.
 * @param {AxisSpec} spec @param {number} low @param {number} high
 * @returns {{text: (x: number) => string, unit: string}}
 */
export function tickFormat(spec, low, high) {
  const format = spec.format ?? "g3";
  const spansDecades = spec.scale === "log" && high / low > 1e3;
  // On a log axis the middle decides the prefix: 1 to 1,000 TFLOP/s, not 0.001 to 1 PFLOP/s.
  const typical = spec.scale === "log" ? Math.sqrt(low * high) : high;
  if (format.startsWith("si ")) return siTicks(format.slice(3), typical, spansDecades);
  if (format === "time") return timeTicks(high, spec.scale === "log" && high / low >= 8);
  if (format === "pct" || format === "pct0") return { text: (x) => `${plain(100 * x)}%`, unit: spec.unit ?? "" };
  if (format === "usd") return { text: (x) => `$${plain(x)}`, unit: spec.unit ?? "" };
  if (format === "x") return { text: (x) => `${plain(x)}×`, unit: spec.unit ?? "" };
  return { text: plain, unit: spec.unit ?? "" };
}

/** @param {string} unit @param {number} typical @param {boolean} spansDecades */
function siTicks(unit, typical, spansDecades) {
  if (spansDecades) {
    return { text: prefixed, unit };
  }
  const [size, prefix] = /** @type {[number, string]} */ (
    UNITS.find(([from]) => Number(from) <= typical * 1.0001) ?? [1, ""]
  );
  return { text: (/** @type {number} */ x) => plain(x / size), unit: prefix + unit };
}

/** "0.1 f" rather than "0.0001 p" far down an axis. @param {number} x */
const prefixed = (x) => (x < 0.99e-12 ? `${plain(x * 1e15)} f` : trimmed(quantity(x, "si ")).trim());

/** @param {number} high @param {boolean} spansDecades */
function timeTicks(high, spansDecades) {
  if (spansDecades) return { text: moment, unit: "" };
  const [size, unit] = timeUnit(high);
  return { text: (/** @type {number} */ x) => plain(x / size), unit };
}

/** "1 min" rather than "60 s" on an axis that runs from seconds to days. @param {number} x */
function moment(x) {
  const [size, unit] = /** @type {[number, string]} */ (TIMES.find(([from]) => Number(from) <= x * 1.0001) ?? TIMES[TIMES.length - 1]);
  return `${plain(x / size)} ${unit === "days" && x < 1.5 * size ? "day" : unit}`;
}

/** @param {AxisSpec} spec @param {string} unit */
const title = (spec, unit) => (unit.trim() && !spec.label.includes(unit.trim()) ? `${spec.label} (${unit.trim()})` : spec.label);

/**
 * Lay the axes out and draw them; everything else is drawn on the frame returned.
 * @param {import("./svg.js").Layer} layer
 * @param {{width: number, height: number, x: AxisSpec, y: AxisSpec,
 *   rangeX: [number, number], rangeY: [number, number]}} plan
 * @returns {Frame}
 */
export function drawAxes(layer, { width, height, x, y, rangeX, rangeY }) {
  const formatX = tickFormat(x, ...rangeX);
  const formatY = tickFormat(y, ...rangeY);
  const area = { left: 0, right: width - 14, top: 26, bottom: height - 42 };
  const scaleY = scale({
    low: rangeY[0], high: rangeY[1], isLog: y.scale === "log", isTime: y.format === "time",
    from: area.bottom, to: area.top, ticks: Math.max(2, Math.round((area.bottom - area.top) / 46)),
  });
  const texts = scaleY.ticks.map(formatY.text);
  area.left = Math.ceil(Math.max(24, ...texts.map(textWidth)) + 10);
  const scaleX = scale({
    low: rangeX[0], high: rangeX[1], isLog: x.scale === "log", isTime: x.format === "time",
    from: area.left, to: area.right, ticks: Math.max(2, Math.round((area.right - area.left) / 84)),
  });
  drawHorizontal(layer, area, scaleY, texts);
  drawVertical(layer, area, scaleX, formatX.text);
  layer.add("text", { class: "axis-title", x: 0, y: 12 }, title(y, formatY.unit));
  layer.add("text", { class: "axis-title", x: px((area.left + area.right) / 2), y: height - 4, "text-anchor": "middle" }, title(x, formatX.unit));
  return { x: scaleX, y: scaleY, area };
}

/** @param {import("./svg.js").Layer} layer @param {Area} area @param {Scale} y @param {string[]} texts */
function drawHorizontal(layer, area, y, texts) {
  y.ticks.forEach((tick, i) => {
    const at = px(y.at(tick));
    const base = Math.abs(at - area.bottom) < 1;
    layer.add("path", { class: base ? "axis" : "grid", d: `M${area.left} ${at}H${area.right}` });
    layer.add("text", { class: "tick", x: area.left - 8, y: at + 4, "text-anchor": "end" }, texts[i]);
  });
}

/** @param {import("./svg.js").Layer} layer @param {Area} area @param {Scale} x @param {(x: number) => string} text */
function drawVertical(layer, area, x, text) {
  layer.add("path", { class: "axis", d: `M${area.left} ${area.bottom}H${area.right}` });
  let free = -Infinity;
  for (const tick of x.ticks) {
    const at = px(x.at(tick));
    const label = text(tick);
    const wide = textWidth(label);
    const anchor = at + wide / 2 > area.right + 14 ? "end" : "middle";
    const left = anchor === "end" ? area.right + 13 - wide : at - wide / 2;
    layer.add("path", { class: "grid", d: `M${at} ${area.top}V${area.bottom + 4}` });
    if (left < free) continue;
    free = left + wide + 8;
    layer.add("text", { class: "tick", x: anchor === "end" ? area.right + 13 : at, y: area.bottom + 18, "text-anchor": anchor }, label);
  }
}
