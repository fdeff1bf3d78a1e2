/**
 * How a value is known: one mark each, the same in plots, chips, tables and legends.
 * @module
 */
import { px } from "./svg.js";

/** @typedef {"predicted"|"simulated"|"emulated"|"measured"|"published"|"given"|"assumed"} Evidence */

/** Path of a mark of half-width `r` around (x, y). @type {Record<string, (x: number, y: number, r: number) => string>} */
const SHAPES = {
  predicted: (x, y, r) => `M${x} ${y - r * 1.3}l${r * 1.3} ${r * 1.3} ${-r * 1.3} ${r * 1.3} ${-r * 1.3} ${-r * 1.3}z`,
  simulated: (x, y, r) => `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`,
  emulated: (x, y, r) => `M${x} ${y - r * 1.2}l${r * 1.2} ${r * 2.2}h${-2.4 * r}z`,
  measured: (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
  published: (x, y, r) => `M${x - 1.5} ${y - r * 1.5}h3v${r * 3}h-3z`,
  given: (x, y, r) => `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`,
  assumed: (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
};

/** @param {string} evidence @param {number} x @param {number} y @param {number} [r] */
export function markPath(evidence, x, y, r = 5) {
  return (SHAPES[evidence] ?? SHAPES.simulated)(px(x), px(y), r);
}

/** The evidence marks in words, for tables and summaries. @type {Record<string, string>} */
export const EVIDENCE_WORDS = {
  predicted: "predicted",
  simulated: "simulated",
  emulated: "emulated",
  measured: "measured",
  published: "published",
  given: "given",
  assumed: "assumed",
};
