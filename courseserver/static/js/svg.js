/**
 * A layer of SVG that is drawn anew at every change and touches only what differs.
 * @module
 */

const NS = "http://www.w3.org/2000/svg";

/** @typedef {Record<string, string | number>} Attributes */

/**
 * @param {string} tag @param {Attributes} [attributes] @param {string} [text]
 * @returns {SVGElement}
 */
export function svgElement(tag, attributes = {}, text) {
  const node = document.createElementNS(NS, tag);
  for (const name in attributes) node.setAttribute(name, String(attributes[name]));
  if (text !== undefined) node.textContent = text;
  return node;
}

/** Nodes are reused in the order in which they are drawn. */
export class Layer {
  /** @param {SVGElement} parent @param {string} [name] */
  constructor(parent, name = "") {
    this.group = svgElement("g", name ? { class: name } : {});
    parent.append(this.group);
    /** @type {{node: SVGElement, tag: string, attributes: Attributes, text: string | undefined}[]} */
    this.drawn = [];
    this.count = 0;
  }

  /** Start a new drawing. */
  begin() {
    this.count = 0;
  }

  /** @param {string} tag @param {Attributes} attributes @param {string} [text] */
  add(tag, attributes, text) {
    const known = this.drawn[this.count];
    if (known && known.tag === tag) {
      reuse(known, attributes, text);
      this.count += 1;
      return known.node;
    }
    const node = svgElement(tag, attributes, text);
    if (known) known.node.replaceWith(node);
    else this.group.append(node);
    this.drawn[this.count] = { node, tag, attributes, text };
    this.count += 1;
    return node;
  }

  /** Remove what this drawing no longer has. */
  end() {
    for (const { node } of this.drawn.splice(this.count)) node.remove();
  }
}

/**
 * @param {{node: SVGElement, attributes: Attributes, text: string | undefined}} known
 * @param {Attributes} attributes @param {string | undefined} text
 */
function reuse(known, attributes, text) {
  for (const name in known.attributes) {
    if (!(name in attributes)) known.node.removeAttribute(name);
  }
  for (const name in attributes) {
    if (known.attributes[name] !== attributes[name]) {
      known.node.setAttribute(name, String(attributes[name]));
    }
  }
  if (known.text !== text) known.node.textContent = text ?? "";
  known.attributes = attributes;
  known.text = text;
}

/** One decimal is enough for a screen. @param {number} x */
export const px = (x) => Math.round(x * 10) / 10;

/**
 * Width of a text in the 12 px of plots, without asking the layout.
 * @param {string} text
 */
export function textWidth(text) {
  let width = 0;
  for (const letter of text) {
    width += /[iljtfrI.,:;'|! ]/.test(letter) ? 3.7 : /[mwMW@%]/.test(letter) ? 10.2 : /[A-Z]/.test(letter) ? 8.2 : /[\d$]/.test(letter) ? 7.5 : 6.9;
  }
  return width;
}

/**
 * A row's name in one line, or in two where one is too long, parted as evenly as its words allow.
 * @param {string} name @param {number} room @returns {string[]}
 */
export function linesOf(name, room) {
  if (textWidth(name) * 1.06 <= room || !name.includes(" ")) return [name];
  const words = name.split(" ");
  const parted = words.slice(1).map((_, i) => [words.slice(0, i + 1).join(" "), words.slice(i + 1).join(" ")]);
  const longest = (/** @type {string[]} */ lines) => Math.max(...lines.map(textWidth));
  return parted.reduce((best, lines) => (longest(lines) < longest(best) ? lines : best));
}

/** @param {Layer} layer @param {string} name @param {number} right @param {number} y */
export function drawRowLabel(layer, name, right, y) {
  const lines = linesOf(name, right);
  const top = y - 7 * (lines.length - 1);
  lines.forEach((line, i) => layer.add("text", { class: "row-label", x: right, y: top + 14 * i, "text-anchor": "end" }, line));
}
