/**
 * Failure as an event: what failed, the figures, the way back. Said once, not at every movement.
 * @module
 */
import { element } from "./dom.js";
import { fill } from "./format.js";
import { sayNow } from "./live.js";

/** @typedef {import("./types.d.ts").Value} Value */
/** @typedef {import("./types.d.ts").FailureSpec} FailureSpec */

export class Failures {
  /** @param {FailureSpec[]} failures @param {() => void} goBack */
  constructor(failures, goBack) {
    this.failures = failures;
    this.found = new Set(failures.filter((failure) => failure.found).map((failure) => failure.id));
    this.node = element("div", { class: "failures" });
    /** @type {Map<string, {banner: HTMLElement, text: HTMLElement, note: HTMLElement}>} */
    this.banners = new Map();
    /** @type {Set<string>} */
    this.active = new Set();
    for (const failure of failures) this.node.append(this.banner(failure, goBack));
  }

  /** @param {FailureSpec} failure @param {() => void} goBack */
  banner(failure, goBack) {
    const text = element("p", {});
    const note = element("p", { class: "found" });
    const back = element("button", { type: "button", class: "quiet" }, "Back to last safe value");
    back.addEventListener("click", goBack);
    const banner = element("div", { class: "failure", hidden: "" }, element("strong", {}, failure.title), element("div", { class: "stack-small" }, text, note), back);
    this.banners.set(failure.id, { banner, text, note });
    return banner;
  }

  /** @param {Record<string, Value>} values @param {boolean} hasWayBack @returns {boolean} whether any failed */
  show(values, hasWayBack) {
    let firstBanner = true;
    for (const failure of this.failures) {
      const isOn = values[failure.when] === true;
      const { banner, text, note } = /** @type {{banner: HTMLElement, text: HTMLElement, note: HTMLElement}} */ (this.banners.get(failure.id));
      if (banner.hidden === isOn) banner.hidden = !isOn;
      if (!isOn) {
        this.active.delete(failure.id);
        continue;
      }
      text.textContent = fill(failure.text, values);
      note.textContent = this.found.has(failure.id) ? "You found this limit; it is in your ledger." : "";
      const button = /** @type {HTMLElement} */ (banner.querySelector("button"));
      button.hidden = !(firstBanner && hasWayBack);
      firstBanner = false;
      if (!this.active.has(failure.id)) sayNow(`${failure.title}. ${text.textContent}`);
      this.active.add(failure.id);
    }
    return !firstBanner;
  }

  /** The server keeps what was found. @param {string[]} found */
  keep(found) {
    this.found = new Set([...this.found, ...found]);
    const chip = document.getElementById("limits");
    if (!chip) return;
    chip.textContent = `Limits found: ${this.found.size} of ${this.failures.length}`;
    chip.className = `chip ${this.found.size ? "good" : "wait"}`;
  }
}
