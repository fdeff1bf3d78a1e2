/**
 * Where a direct label fits: beside its line or mark, clear of the others.
 * @module
 */
import { px, textWidth } from "./svg.js";

/** @typedef {import("./types.d.ts").Area} Area */
/** @typedef {import("./types.d.ts").Spot} Spot */

/** @typedef {[number, number, number, number]} Box left, top, right, bottom */

const HEIGHT = 14;
/** Between one label and the next, that they do not read as one. */
const GAP = 4;

/** @param {Spot} spot @param {number} width @returns {Box} */
function boxOf({ x, y, anchor }, width) {
  const left = anchor === "start" ? x : anchor === "end" ? x - width : x - width / 2;
  return [left, y - 11, left + width, y - 11 + HEIGHT];
}

/** @param {Box} a @param {Box} b */
const overlap = (a, b) =>
  Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0])) *
  Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));

/** Keeps what is taken and hands out the first free spot. */
export class Labels {
  /** @param {Area} area */
  constructor(area) {
    this.area = area;
    /** @type {Box[]} */
    this.taken = [];
    /** Points of lines: crossing them is ugly, covering a label is worse. @type {number[][]} */
    this.lines = [];
  }

  /** @param {Box} box */
  reserve(box) {
    this.taken.push(box);
  }

  /** @param {number[]} points x0, y0, x1, y1 … in pixels */
  avoid(points) {
    this.lines.push(points);
  }

  /**
   * The best of the spots for this text, which may bring a cost of their own; takes it.
   * @param {string} text @param {Spot[]} spots @returns {Spot}
   */
  place(text, spots) {
    const width = textWidth(text) * 1.04;
    let best = spots[0];
    let least = Infinity;
    for (const spot of spots) {
      const cost = this.cost(boxOf(spot, width)) + (spot.cost ?? 0);
      if (cost < least) [best, least] = [spot, cost];
      if (cost === 0) break;
    }
    const [left, top, right, bottom] = boxOf(best, width);
    this.taken.push([left - GAP, top, right + GAP, bottom]);
    return best;
  }

  /** @param {Box} box */
  cost(box) {
    const { left, right, top, bottom } = this.area;
    let cost = 40 * (Math.max(0, left - box[0]) + Math.max(0, box[2] - right - 12) +
      Math.max(0, top - 14 - box[1]) + Math.max(0, box[3] - bottom));
    for (const other of this.taken) cost += overlap(box, other);
    for (const line of this.lines) cost += 12 * crossings(line, box);
    return cost;
  }
}

/** How many segments of a line pass through a box. @param {number[]} line @param {Box} box */
function crossings(line, box) {
  const [left, top, right, bottom] = box;
  let count = 0;
  for (let i = 3; i < line.length; i += 2) {
    const [x0, y0, x1, y1] = [line[i - 3], line[i - 2], line[i - 1], line[i]];
    if (Math.max(x0, x1) < left || Math.min(x0, x1) > right) continue;
    if (Math.max(y0, y1) < top || Math.min(y0, y1) > bottom) continue;
    if (passes(x0, y0, x1, y1, box)) count += 1;
  }
  return count;
}

/**
 * Does a segment meet the box? Its ends and seven points between tell, for the short ones here.
 * @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 @param {Box} box
 */
function passes(x0, y0, x1, y1, [left, top, right, bottom]) {
  const inside = (/** @type {number} */ x, /** @type {number} */ y) => x >= left && x <= right && y >= top && y <= bottom;
  if (inside(x0, y0) || inside(x1, y1)) return true;
  for (let i = 1; i < 8; i += 1) {
    if (inside(x0 + ((x1 - x0) * i) / 8, y0 + ((y1 - y0) * i) / 8)) return true;
  }
  return false;
}

/** @param {import("./svg.js").Layer} layer @param {Spot} spot @param {string} text @param {string} classes */
export function drawLabel(layer, spot, text, classes) {
  layer.add("text", { class: `label ${classes}`, x: px(spot.x), y: px(spot.y), "text-anchor": spot.anchor }, text);
}
