/**
 * The design challenge: choose a design, have the server run it, keep every try.
 * @module
 */
import { element } from "./dom.js";
import { words } from "./format.js";
import { Offline, pageData, Refused, send } from "./http.js";
import { knob } from "./knobs.js";
import { sayPolitely } from "./live.js";
import { refreshed } from "./refresh.js";

/** @typedef {import("./types.d.ts").At} At */
/** @typedef {import("./types.d.ts").KnobSpec} KnobSpec */
/** @typedef {import("./types.d.ts").OutputSpec} OutputSpec */

/**
 * @typedef {{url: string, variables: KnobSpec[], at: At, outputs: OutputSpec[], is_open: boolean,
 *   objective: {label: string, format: string, better: string}}} ChallengeData
 */

class Challenge {
  /** @param {HTMLElement} host @param {ChallengeData} data */
  constructor(host, data) {
    this.data = data;
    this.at = { ...data.at };
    this.verdict = element("div", { class: "verdict", "aria-live": "polite" });
    this.button = element("button", { type: "button" }, "Run this design");
    this.button.addEventListener("click", () => void this.run());
    const controls = data.variables.map((spec) => this.control(spec));
    host.replaceChildren(
      element("div", { class: "panel design" }, element("div", { class: "job-inputs" }, ...controls), element("div", { class: "bar" }, this.verdict, this.button)),
    );
  }

  /** @param {KnobSpec} spec */
  control(spec) {
    const take = (/** @type {number} */ index) => (this.at[spec.id] = index);
    return knob({ ...spec, default: this.at[spec.id] ?? spec.default }, { preview: take, release: take }).node;
  }

  async run() {
    this.button.disabled = true;
    try {
      const { data } = await send("POST", this.data.url, { at: this.at });
      this.show(data);
      await this.showTries();
    } catch (error) {
      if (!(error instanceof Offline || error instanceof Refused)) throw error;
      const remedy = error instanceof Refused ? error.remedy : "Try again when you are online.";
      this.verdict.replaceChildren(element("p", { class: "notice warn" }, `${error.message} ${remedy}`));
    }
    this.button.disabled = false;
    this.button.focus();
  }

  /** @param {{number: number, objective_text: string, is_feasible: boolean, is_best: boolean, broken: string[], outputs: Record<string, import("./types.d.ts").Value>}} made */
  show(made) {
    const { label } = this.data.objective;
    const state = made.is_best ? "good" : made.is_feasible ? "wait" : "fail";
    const verdict = made.is_best ? "Best so far" : made.is_feasible ? "Feasible" : made.broken.join("; ");
    const others = this.data.outputs.map(({ id, label: name, format }) => `${name} ${words(made.outputs[id], format)}`);
    this.verdict.replaceChildren(
      element("p", {}, element("b", { class: "big" }, made.objective_text), ` ${label}`),
      element("p", { class: "row" }, element("span", { class: `chip long ${state}` }, verdict), element("span", { class: "soft" }, others.join(", "))),
    );
    sayPolitely(`Try ${made.number}: ${made.objective_text} ${label}, ${verdict}`);
  }

  async showTries() {
    const tries = document.getElementById("tries");
    if (tries) await refreshed(tries);
  }
}

export function startChallenges() {
  for (const host of document.querySelectorAll("[data-challenge]")) {
    const data = pageData(host.getAttribute("data-challenge") ?? "");
    if (data.is_open !== false) new Challenge(/** @type {HTMLElement} */ (host), data);
  }
}
