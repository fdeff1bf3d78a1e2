/**
 * The two or three numbers that matter, in large figures, and the others below them.
 * @module
 */
import { element, markOf } from "./dom.js";
import { words } from "./format.js";

/** @typedef {import("./types.d.ts").Value} Value */
/** @typedef {import("./types.d.ts").Sample} Sample */
/** @typedef {import("./types.d.ts").OutputSpec} OutputSpec */

/** `head` holds the large figures, `rest` the others with the legend of their marks. */
export class Readout {
  /** @param {OutputSpec[]} outputs */
  constructor(outputs) {
    this.outputs = outputs;
    /** @type {Map<string, HTMLElement>} */
    this.fields = new Map();
    const headlines = outputs.filter((output) => output.headline);
    const rest = outputs.filter((output) => !output.headline);
    this.head = element("div", { class: "headlines" }, ...headlines.map((output) => this.headline(output)));
    this.rest = element("div", { class: "readout" });
    if (rest.length) this.rest.append(element("dl", { class: "others" }, ...rest.map((output) => this.other(output))));
    this.rest.append(element("p", { class: "legend" }, ...legend(outputs)));
  }

  /** @param {OutputSpec} output */
  headline(output) {
    const field = element("b", {});
    this.fields.set(output.id, field);
    return element("p", {}, field, " ", markOf(output.evidence), element("span", {}, output.label));
  }

  /** @param {OutputSpec} output */
  other(output) {
    const field = element("dd", {});
    this.fields.set(output.id, field);
    return element("div", {}, element("dt", {}, markOf(output.evidence), output.label), field);
  }

  /** @param {Sample} sample */
  show({ values, isWithheld }) {
    for (const { id, format } of this.outputs) {
      const field = /** @type {HTMLElement} */ (this.fields.get(id));
      const text = isWithheld ? "–" : valueText(values[id], format);
      if (field.textContent !== text) field.textContent = text;
    }
  }

  /** The headlines in one sentence. @param {Record<string, Value>} values */
  sentence(values) {
    return this.outputs
      .filter((output) => output.headline)
      .map((output) => `${valueText(values[output.id], output.format)} ${output.label}`)
      .join(", ");
  }
}

/** @param {Value} value @param {string} format */
function valueText(value, format) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return words(value, format);
}

/** @param {OutputSpec[]} outputs */
function legend(outputs) {
  const kinds = [...new Set(outputs.map((output) => output.evidence))];
  return kinds.map((kind) => element("span", { class: `known ${kind}` }, element("span", { class: `mark ${kind}`, "aria-hidden": "true" }), kind));
}
