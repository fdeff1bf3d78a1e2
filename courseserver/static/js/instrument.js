/**
 * An instrument: knobs, plots, readout, failures.
 *
 * After each release the server sends, for every knob, the exact outputs at that knob's steps with
 * the others fixed. Dragging one knob therefore reads numbers that were computed for exactly this
 * setting: no request, no interpolation, one animation frame.
 * @module
 */
import { element } from "./dom.js";
import { Failures } from "./failures.js";
import { Offline, pageData, Refused, send } from "./http.js";
import { knob, stepText } from "./knobs.js";
import { sayPolitely } from "./live.js";
import { Plot, sentence } from "./plot.js";
import { Readout } from "./readout.js";

/** @typedef {import("./types.d.ts").Value} Value */
/** @typedef {import("./types.d.ts").Line} Line */
/** @typedef {import("./types.d.ts").Sample} Sample */
/** @typedef {import("./types.d.ts").KnobSpec} KnobSpec */
/** @typedef {import("./types.d.ts").At} At */
/** @typedef {import("./types.d.ts").Answer} Answer */
/** @typedef {import("./types.d.ts").InstrumentData} InstrumentData */

export class Instrument {
  /** @param {HTMLElement} host @param {InstrumentData} data */
  constructor(host, data) {
    this.host = host;
    this.data = data;
    /** The setting on screen. @type {At} */
    this.at = { ...data.at };
    /** The knob that moved last: its slice is on screen. */
    this.moved = data.knobs[0]?.id ?? "";
    /** Where nothing failed last; null where an instrument opens in failure. @type {At | null} */
    this.safe = data.safe ?? null;
    this.frame = 0;
    /** What is on screen. @type {Sample | null} */
    this.shown = null;
    /** @type {AbortController | null} */
    this.asking = null;
    const { knobs, outputs, plots, failures } = this.data;
    const formats = Object.fromEntries([...outputs, ...knobs].map(({ id, format }) => [id, format]));
    this.plots = plots.map((plot) => new Plot(plot, formats));
    this.readout = new Readout(outputs);
    this.failures = new Failures(failures, () => this.goBack());
    this.knobs = Object.fromEntries(knobs.map((spec) => [spec.id, this.knob(spec)]));
    this.trouble = element("div", { class: "notice warn", hidden: "" });
    const hold = element("div", { class: "hold" }, ...Object.values(this.knobs).map(({ node }) => node));
    if (knobs.some(({ kind }) => kind === "range")) hold.append(element("p", { class: "keys" }, "Arrow keys move one step, Page Up and Page Down several."));
    const [first, ...others] = this.plots.map(({ figure }) => figure);
    const board = element("div", { class: "plot" }, ...(first ? [first] : []), this.readout.rest, ...others);
    // Beside several plots the large figures go on top, where they stay in view.
    if (others.length) board.prepend(this.readout.head);
    else this.readout.rest.before(this.readout.head);
    this.shell = element("div", { class: "instrument" }, element("div", { class: "knobs" }, hold), board);
    this.host.replaceChildren(this.shell, this.trouble, this.failures.node);
    this.fit();
    this.paint();
  }

  /** @param {KnobSpec} spec */
  knob(spec) {
    const made = knob({ ...spec, default: this.at[spec.id] ?? spec.default }, {
      preview: (index) => this.preview(spec.id, index),
      release: (index) => this.release(spec.id, index),
    });
    return made;
  }

  /** @param {string} id @param {number} index */
  preview(id, index) {
    this.at[id] = index;
    this.moved = id;
    if (!this.frame) this.frame = requestAnimationFrame(() => this.paint());
  }

  /** @param {string} id @param {number} index */
  release(id, index) {
    this.at[id] = index;
    this.moved = id;
    if (Object.keys(this.at).every((name) => this.at[name] === this.data.at[name])) return;
    void this.ask();
  }

  /** The one knob by which the screen differs from the server's setting; null if more do. */
  get slid() {
    const moved = Object.keys(this.at).filter((id) => this.at[id] !== this.data.at[id]);
    return moved.length === 0 ? this.moved : moved.length === 1 ? moved[0] : null;
  }

  /**
   * What is known at one step of one knob, the others as the server has them.
   * @param {string} id @param {number} index @returns {Sample}
   */
  sample(id, index) {
    const { slices, curves, point, at, params } = this.data;
    /** @type {Record<string, Value>} */
    const values = { ...params, ...point };
    const slice = slices[id] ?? {};
    for (const name in slice) values[name] = slice[name][index];
    const isWithheld = Object.keys(point).every((name) => values[name] === null);
    for (const spec of this.data.knobs) values[spec.id] = knobValue(spec, spec.id === id ? index : at[spec.id]);
    /** @type {Record<string, Line | null>} */
    const lines = { ...curves.at };
    const moving = curves[id] ?? {};
    for (const name in moving) lines[name] = moving[name][index];
    return { values, curves: lines, isWithheld };
  }

  /** Axes hold every step of every knob, so that nothing jumps while dragging. */
  fit() {
    const samples = this.data.knobs.flatMap((spec) => spec.steps.map((_, i) => this.sample(spec.id, i)));
    for (const plot of this.plots) plot.fit(samples);
  }

  paint() {
    this.frame = 0;
    const id = this.slid;
    this.shell.toggleAttribute("data-waiting", id === null);
    if (id === null) return;
    const shown = this.sample(id, this.at[id]);
    this.shown = shown;
    for (const plot of this.plots) plot.draw(shown);
    this.readout.show(shown);
    this.failures.show(shown.values, this.safe !== null);
  }

  async ask() {
    this.asking?.abort();
    this.asking = new AbortController();
    const wanted = { ...this.at };
    this.shell.setAttribute("aria-busy", "true");
    try {
      const { data } = await send("POST", this.data.url, { at: wanted }, { signal: this.asking.signal });
      this.take(data);
    } catch (error) {
      if (error instanceof DOMException) return;
      this.showTrouble(error);
    }
    this.shell.removeAttribute("aria-busy");
  }

  /** @param {Answer} answer */
  take(answer) {
    const { point, slices, curves, at } = answer;
    Object.assign(this.data, { point, slices, curves, at: { ...at } });
    if (answer.safe) this.safe = { ...answer.safe };
    this.failures.keep(answer.found ?? []);
    this.trouble.hidden = true;
    this.fit();
    this.paint();
    for (const plot of this.plots) plot.fillTable();
    this.announce();
    this.host.dispatchEvent(new CustomEvent("instrument-answer", { bubbles: true, detail: answer }));
  }

  announce() {
    const shown = this.shown;
    if (!shown) return;
    const summaries = this.plots.map(({ spec }) => sentence(spec.summary, shown));
    sayPolitely([this.readout.sentence(shown.values), ...summaries].filter(Boolean).join(". "));
  }

  goBack() {
    const from = document.activeElement;
    if (!this.safe) return;
    for (const id in this.safe) {
      this.at[id] = this.safe[id];
      this.knobs[id].set(this.safe[id]);
    }
    this.paint();
    void this.ask();
    if (from instanceof HTMLElement && from.closest(".failure")) focusFirst(this.shell);
  }

  /** @param {unknown} error */
  showTrouble(error) {
    if (!(error instanceof Offline || error instanceof Refused)) throw error;
    const retry = element("button", { type: "button", class: "quiet small" }, "Try again");
    retry.addEventListener("click", () => void this.ask());
    const why = error instanceof Offline ? "The server cannot be reached, so this setting is not recorded yet." : error.message;
    const now = error instanceof Offline ? "The knob you moved last still shows exact values; the others need the server." : error.remedy;
    this.trouble.replaceChildren(element("strong", {}, error instanceof Offline ? "Offline" : error.title), element("p", {}, `${why} ${now}`), retry);
    this.trouble.hidden = false;
  }
}

/** A knob's value for sentences: numbers stay numbers, names become their text. @param {KnobSpec} spec @param {number} index */
function knobValue(spec, index) {
  const value = spec.steps[index];
  return typeof value === "number" ? value : stepText(spec, index);
}

/** The banner that held the focus is gone: stay near. @param {HTMLElement} shell */
function focusFirst(shell) {
  /** @type {HTMLElement | null} */ (shell.querySelector(".knobs input, .knobs select"))?.focus();
}

/** Bring every instrument of the page to life. */
export function startInstruments() {
  return Array.from(document.querySelectorAll("[data-instrument]"), (host) => {
    const id = host.getAttribute("data-instrument") ?? "";
    return new Instrument(/** @type {HTMLElement} */ (host), pageData(id));
  });
}
