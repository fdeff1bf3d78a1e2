/**
 * The reality check: ask for a kit, follow its run, show predicted beside measured.
 * @module
 */
import { element } from "./dom.js";
import { Offline, pageData, Refused, send } from "./http.js";
import { sayPolitely } from "./live.js";
import { drawComparison } from "./plots/comparison.js";
import { watch } from "./poll.js";
import { refreshed } from "./refresh.js";

/** @typedef {import("./plots/comparison.js").Row} Row */
/**
 * @typedef {{is_final: boolean, done: number, total: number, poll_ms: number | null}} KitJob
 */
/**
 * @typedef {{url: string, job: KitJob | null, kit_available: boolean, mode: string,
 *   message: string, rows: Row[]}} RealityData
 */

class Reality {
  /** @param {HTMLElement} host @param {RealityData} data */
  constructor(host, data) {
    this.host = host;
    this.data = data;
    this.message = /** @type {HTMLElement} */ (host.querySelector("[data-message]"));
    this.bar = element("progress", { max: "1", value: "0", "aria-label": "Progress of the measurement", hidden: "" });
    this.measure = this.button(data.mode === "measured" ? "Measure again" : "Measure on a kit", data.mode === "measured" ? "quiet" : "", () => this.ask("kit"));
    this.simulate = this.button("Go on with simulation only", "quiet", () => this.ask("simulation"));
    this.cancel = this.button("Cancel", "quiet", () => this.stop());
    host.append(this.bar, element("div", { class: "row" }, this.measure, this.simulate, this.cancel));
    this.show(data);
    if (data.job && !data.job.is_final) this.follow(data.job.poll_ms);
  }

  /** @param {string} text @param {string} classes @param {() => Promise<void>} act */
  button(text, classes, act) {
    const button = element("button", { type: "button", class: classes }, text);
    button.addEventListener("click", () => void act());
    return button;
  }

  /** @param {RealityData} data */
  show({ job, message, kit_available: isThere, mode }) {
    const isOpen = job !== null && !job.is_final;
    this.measure.hidden = isOpen;
    this.measure.disabled = !isThere;
    this.simulate.hidden = isOpen || mode !== "none";
    this.cancel.hidden = !isOpen;
    this.bar.hidden = !isOpen;
    if (isOpen && job.total) this.bar.value = job.done / job.total;
    if (message) this.message.textContent = message;
  }

  /** @param {string} mode */
  async ask(mode) {
    this.measure.disabled = true;
    try {
      const { data } = await send("POST", this.data.url, { mode });
      this.show(data);
      if (data.job && !data.job.is_final) this.follow(data.job.poll_ms);
      else await this.finish();
    } catch (error) {
      this.trouble(error);
    }
  }

  async stop() {
    try {
      await send("DELETE", this.data.url);
    } catch (error) {
      this.trouble(error);
    }
  }

  /** @param {unknown} error */
  trouble(error) {
    if (!(error instanceof Offline || error instanceof Refused)) throw error;
    const now = error instanceof Refused ? error.remedy : "Try again when you are online.";
    this.message.textContent = `${error.message} ${now}`;
    this.measure.disabled = false;
  }

  /** @param {number | null} pause */
  follow(pause) {
    watch(
      this.data.url,
      (/** @type {any} */ data) => {
        this.show(data);
        if (data.job && !data.job.is_final) return true;
        sayPolitely(data.message);
        void this.finish();
        return false;
      },
      (isOffline) => {
        if (isOffline) this.message.textContent = "The server cannot be reached; the kit goes on measuring.";
      },
      pause ?? 500,
    );
  }

  async finish() {
    const section = this.host.closest("section");
    if (!section?.id) return;
    await refreshed(section);
    startReality();
  }
}

export function startReality() {
  for (const host of document.querySelectorAll("[data-reality]:not([data-started])")) {
    host.setAttribute("data-started", "");
    const data = pageData(host.getAttribute("data-reality") ?? "");
    new Reality(/** @type {HTMLElement} */ (host), data);
    const figure = host.closest("section")?.querySelector("[data-comparison]");
    if (figure instanceof HTMLElement && data.rows.length) drawComparison(figure, data.rows);
  }
}
