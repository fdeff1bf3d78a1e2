/**
 * The number line of the reveal: labels moved apart, the gap bracketed.
 *
 * The server draws marks at percentages, so the line is right without scripts; here the words on
 * it are kept from covering each other at any width.
 * @module
 */
import { px, svgElement, textWidth } from "./svg.js";

const ROW = 18;
const BASE = 64;

/** @param {SVGSVGElement} svg */
function itemsOf(svg) {
  return Array.from(svg.querySelectorAll(".item"), (node) => ({
    node,
    text: /** @type {SVGTextElement} */ (node.querySelector("text")),
    share: Number.parseFloat(node.getAttribute("x") ?? "0") / 100,
  })).sort((a, b) => a.share - b.share);
}

/** @typedef {{left: number, right: number}} Span */

/** Put each label into the lowest row where it is free. @param {SVGSVGElement} svg @param {number} width @param {number} margin */
function placeLabels(svg, width, margin) {
  /** @type {Span[][]} */
  const rows = [[], [], []];
  for (const { node, text, share } of itemsOf(svg)) {
    const half = (textWidth(text.textContent ?? "") * 1.12) / 2;
    const at = share * width;
    const shift = Math.max(0, half - margin - at) - Math.max(0, at + half - width - margin);
    const span = { left: at + shift - half - 6, right: at + shift + half + 6 };
    const row = Math.max(0, rows.findIndex((taken) => taken.every((other) => other.right < span.left || other.left > span.right)));
    rows[row].push(span);
    text.setAttribute("x", String(px(shift)));
    text.setAttribute("y", String(-20 - row * ROW));
    node.querySelector(".leader")?.remove();
    const isUnder = rows.slice(0, row).flat().some((other) => at > other.left && at < other.right);
    // A leader that had to go through the words below says less than they do.
    if (row > 0 && !isUnder) node.prepend(svgElement("path", { class: "leader", d: `M0-11V${-16 - (row - 1) * ROW - ROW + 6}` }));
  }
  return rows.filter((row) => row.length).length;
}

/** Leave out the words of ticks that would touch the tick before. @param {SVGSVGElement} svg @param {number} width */
function thinTicks(svg, width) {
  let free = -Infinity;
  for (const mark of svg.querySelectorAll(".tick-mark")) {
    const text = /** @type {SVGTextElement} */ (mark.nextElementSibling);
    const at = (Number.parseFloat(mark.parentElement?.getAttribute("x") ?? "0") / 100) * width;
    const half = textWidth(text.textContent ?? "") / 2;
    const isFree = at - half >= free;
    text.setAttribute("visibility", isFree ? "visible" : "hidden");
    if (isFree) free = at + half + 6;
  }
}

/** A bracket under the line from the prediction to what came out. @param {SVGSVGElement} svg @param {number} width @param {string} gap */
function drawGap(svg, width, gap) {
  svg.querySelector(".gap-layer")?.remove();
  const items = itemsOf(svg);
  const you = items.find(({ node }) => node.classList.contains("predicted"));
  const actual = items.find(({ node }) => !node.classList.contains("predicted"));
  if (!you || !actual || !gap) return 0;
  const [from, to] = [you.share * width, actual.share * width].sort((a, b) => a - b);
  if (to - from < 12) return 0;
  const layer = svgElement("g", { class: "gap-layer opens" });
  layer.append(svgElement("path", { class: "bracket", d: `M${px(from)} ${BASE + 34}v6H${px(to)}v-6` }));
  const half = textWidth(gap) * 0.56;
  const x = Math.max(half - 30, Math.min((from + to) / 2, width + 30 - half));
  layer.append(svgElement("text", { class: "gap-text", x: px(x), y: BASE + 58, "text-anchor": "middle" }, gap));
  svg.append(layer);
  return 28;
}

/** @param {HTMLElement} figure */
function layOut(figure) {
  const svg = /** @type {SVGSVGElement} */ (figure.querySelector("svg"));
  const style = getComputedStyle(figure);
  const margin = Number.parseFloat(style.paddingInlineStart);
  const width = svg.getBoundingClientRect().width;
  if (width < 40) return;
  thinTicks(svg, width);
  const rows = placeLabels(svg, width, margin);
  const below = drawGap(svg, width, figure.dataset.gap ?? "");
  const above = Math.max(0, rows - 1) * ROW - 20;
  svg.setAttribute("viewBox", `0 ${-above} ${px(width)} ${BASE + above + 32 + below}`);
  svg.setAttribute("height", String(BASE + above + 32 + below));
}

export function startNumberLines() {
  for (const figure of document.querySelectorAll("[data-number-line]")) {
    if (!(figure instanceof HTMLElement)) continue;
    let last = 0;
    new ResizeObserver(() => {
      const width = Math.round(figure.getBoundingClientRect().width);
      if (width === last) return;
      last = width;
      layOut(figure);
    }).observe(figure);
  }
}
