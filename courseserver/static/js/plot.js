/**
 * A plot: a figure with its title, an own SVG redrawn at every width, one sentence, and a table.
 * @module
 */
import { element } from "./dom.js";
import { fill } from "./format.js";
import { Layer, svgElement } from "./svg.js";
import * as bar from "./plots/bar.js";
import * as gauge from "./plots/gauge.js";
import * as heatmap from "./plots/heatmap.js";
import * as line from "./plots/line.js";
import * as timeline from "./plots/timeline.js";

/** @typedef {import("./types.d.ts").Sample} Sample */
/** @typedef {import("./types.d.ts").PlotSpec} PlotSpec */
/** @typedef {import("./types.d.ts").Area} Area */

const KINDS = { line, roofline: line, bar, gauge, heatmap, timeline };
let plots = 0;

export class Plot {
  /**
   * @param {PlotSpec} spec @param {Record<string, string>} formats of outputs, by name
   */
  constructor(spec, formats) {
    this.spec = spec;
    this.formats = formats;
    this.kind = /** @type {any} */ (KINDS)[spec.kind];
    this.id = `plot-${(plots += 1)}`;
    /** @type {Sample | null} */
    this.sample = null;
    /** @type {any} */
    this.ranges = null;
    /** The close-up on screen, for kinds that have one. @type {any} */
    this.shown = null;
    this.width = 0;
    this.figure = element("figure", { class: "figure" });
    const caption = element("figcaption", { id: `${this.id}-title` });
    caption.append(element("h3", {}, this.spec.title));
    this.canvas = element("div", { class: "canvas" });
    this.svg = svgElement("svg", { role: "img", "aria-labelledby": `${this.id}-title`, "aria-describedby": `${this.id}-summary` });
    this.canvas.append(this.svg);
    this.summary = element("p", { class: "summary", id: `${this.id}-summary` });
    this.table = element("details", { class: "as-table" });
    this.table.append(element("summary", {}, "Show as table"), element("div", { class: "board", tabindex: "0", role: "region", "aria-label": `Table: ${this.spec.title}` }));
    this.table.addEventListener("toggle", () => this.fillTable());
    this.figure.append(caption, this.canvas, this.summary, this.table);
    const clip = svgElement("clipPath", { id: `${this.id}-clip` });
    this.clipBox = svgElement("rect");
    clip.append(this.clipBox);
    this.svg.append(clip);
    this.back = new Layer(this.svg, "back");
    this.front = new Layer(this.svg, "front");
    new ResizeObserver(() => this.resize()).observe(this.canvas);
  }

  /** Axes that hold every sample. @param {Sample[]} samples */
  fit(samples) {
    this.ranges = this.kind.fit(this.spec, samples);
  }

  /** Show one setting. @param {Sample} sample */
  draw(sample) {
    this.sample = sample;
    if (!this.ranges) this.fit([sample]);
    this.paint();
    this.summary.textContent = sentence(this.spec.summary, sample);
  }

  resize() {
    const width = Math.floor(this.canvas.getBoundingClientRect().width);
    if (width === this.width || width < 40) return;
    this.width = width;
    this.paint();
  }

  paint() {
    if (!this.sample || !this.width) return;
    const height = this.kind.heightOf?.(this.spec) ?? Math.round(Math.min(360, Math.max(240, this.width * 0.52)));
    this.shown = this.kind.focus?.(this.spec, this.ranges, this.sample, this.shown) ?? this.ranges;
    this.svg.setAttribute("width", String(this.width));
    this.svg.setAttribute("height", String(height));
    this.kind.draw(
      {
        spec: this.spec, width: this.width, height, back: this.back, front: this.front,
        sample: this.sample, formats: this.formats, clipUrl: `url(#${this.id}-clip)`,
        clip: (/** @type {Area} */ area) => this.clip(area),
      },
      this.shown,
    );
  }

  /** @param {Area} area */
  clip({ left, right, top, bottom }) {
    const box = { x: left - 1, y: top - 8, width: right - left + 2, height: bottom - top + 9 };
    for (const [name, value] of Object.entries(box)) this.clipBox.setAttribute(name, String(value));
  }

  /** The table is built when opened, and after each release while open. */
  fillTable() {
    if (!this.table.hasAttribute("open") || !this.sample) return;
    const { columns, rows } = this.kind.table(this.spec, this.sample, this.formats);
    const table = element("table");
    const head = element("tr");
    const isNumber = (/** @type {number} */ i) => i > 0 && rows.some((/** @type {string[]} */ row) => NUMERAL.test(row[i]));
    head.append(...columns.map((/** @type {string} */ text, /** @type {number} */ i) => element("th", { scope: "col", ...(isNumber(i) ? { class: "num" } : {}) }, text)));
    table.append(element("thead"), element("tbody"));
    table.tHead?.append(head);
    table.tBodies[0].append(...rows.map(tableRow));
    this.table.lastElementChild?.replaceChildren(table);
  }
}

const NUMERAL = /\d/;

/** @param {string[]} cells */
function tableRow([first, ...rest]) {
  const row = element("tr");
  row.append(element("th", { scope: "row" }, first));
  row.append(...rest.map((text) => element("td", NUMERAL.test(text) ? { class: "num" } : {}, text)));
  return row;
}

const WITHHELD =
  "This setting would answer a question that is still ahead, so its numbers stay closed until then.";

/** The sentence under a plot. @param {string} template @param {Sample} sample */
export function sentence(template, { values, isWithheld }) {
  return isWithheld ? WITHHELD : fill(template, values);
}
