/**
 * A long simulation: start it, watch it, cancel it; after a reload it is still there.
 * @module
 */
import { element } from "./dom.js";
import { Offline, pageData, Refused, send } from "./http.js";
import { knob } from "./knobs.js";
import { sayPolitely } from "./live.js";
import { Plot } from "./plot.js";
import { watch } from "./poll.js";
import { refreshed } from "./refresh.js";

/** @typedef {import("./types.d.ts").At} At */
/** @typedef {import("./types.d.ts").KnobSpec} KnobSpec */
/** @typedef {import("./types.d.ts").PlotSpec} PlotSpec */
/** @typedef {import("./types.d.ts").Line} Line */
/** @typedef {{values: Record<string, {value: number | null}>, curves: Record<string, Line>}} JobResult */
/**
 * @typedef {{id: string, poll_url: string, poll_ms: number | null, state: string, words: string,
 *   done: number, total: number, error: string, result: JobResult | null}} JobState
 */
/**
 * @typedef {{url: string, inputs: KnobSpec[], plots: PlotSpec[], job: JobState | null, at?: At,
 *   values: {id: string, label: string, format: string}[]}} JobData
 */

const OPEN = new Set(["queued", "running"]);

class Job {
  /** @param {HTMLElement} host @param {JobData} data */
  constructor(host, data) {
    this.host = host;
    this.data = data;
    /** @type {At} */
    this.at = Object.fromEntries(data.inputs.map(({ id, default: index }) => [id, data.at?.[id] ?? index]));
    this.controls = /** @type {HTMLElement} */ (host.querySelector(".job-inputs"));
    this.state = /** @type {HTMLElement} */ (host.querySelector(".job-state"));
    this.bar = element("progress", { max: "1", value: "0", "aria-label": "Progress of the run" });
    this.words = element("p", { class: "tabular" });
    this.start = element("button", { type: "button" }, "Start the run");
    this.cancel = element("button", { type: "button", class: "quiet" }, "Cancel");
    this.start.addEventListener("click", () => void this.begin());
    this.cancel.addEventListener("click", () => void this.stop());
    for (const spec of data.inputs) this.controls.append(this.control(spec));
    this.state.replaceChildren(element("div", { class: "bar" }, this.words, element("span", { class: "row" }, this.cancel, this.start)), this.bar);
    this.show(data.job);
    if (data.job && OPEN.has(data.job.state)) this.follow(data.job);
    if (data.job?.result) this.drawResult(data.job.result);
  }

  /** @param {KnobSpec} spec */
  control(spec) {
    const take = (/** @type {number} */ index) => (this.at[spec.id] = index);
    return knob({ ...spec, default: this.at[spec.id] }, { preview: take, release: take }).node;
  }

  /** @param {JobState | null} job */
  show(job) {
    const isOpen = job !== null && OPEN.has(job.state);
    this.cancel.hidden = !isOpen;
    this.start.disabled = isOpen;
    this.start.textContent = job ? "Run with these settings" : "Start the run";
    this.bar.hidden = !isOpen;
    if (isOpen) this.bar.value = job.total ? job.done / job.total : 0;
    this.words.textContent = wordsOf(job);
    this.words.className = job?.state === "failed" ? "notice fail" : "tabular";
  }

  async begin() {
    this.start.disabled = true;
    try {
      const { data } = await send("POST", this.data.url, { at: this.at });
      this.data.job = data;
      this.show(data);
      if (OPEN.has(data.state)) this.follow(data);
      else await this.finish();
    } catch (error) {
      this.trouble(error);
    }
  }

  async stop() {
    try {
      const { data } = await send("DELETE", this.data.job?.poll_url ?? "");
      this.show({ ...this.data.job, ...data });
    } catch (error) {
      this.trouble(error);
    }
  }

  /** @param {JobState} job */
  follow(job) {
    watch(
      job.poll_url,
      (/** @type {JobState} */ state) => {
        this.show(state);
        if (OPEN.has(state.state)) return true;
        sayPolitely(wordsOf(state));
        void this.finish();
        return false;
      },
      (isOffline) => {
        if (isOffline) this.words.textContent = "The server cannot be reached; the run goes on there.";
      },
      job.poll_ms ?? 500,
    );
  }

  /** The server words the results; the plots are drawn from its numbers. */
  async finish() {
    const section = this.host.closest("section");
    if (!section?.id) return;
    await refreshed(section);
    startJobs();
  }

  /** @param {JobResult} result */
  drawResult({ values, curves }) {
    const formats = Object.fromEntries(this.data.values.map(({ id, format }) => [id, format]));
    const numbers = Object.fromEntries(Object.entries(values).map(([id, { value }]) => [id, value]));
    for (const spec of this.data.plots) {
      const plot = new Plot(spec, formats);
      this.host.querySelector(".job-result")?.append(plot.figure);
      plot.draw({ values: numbers, curves });
    }
  }

  /** @param {unknown} error */
  trouble(error) {
    if (!(error instanceof Offline || error instanceof Refused)) throw error;
    this.start.disabled = false;
    this.words.textContent = `${error.message} ${error instanceof Refused ? error.remedy : "Try again when you are online."}`;
    this.words.className = "notice warn";
  }
}

/** @param {JobState | null} job */
function wordsOf(job) {
  if (!job) return "Not run yet.";
  const words = job.words.charAt(0).toUpperCase() + job.words.slice(1);
  return job.error ? `${words}: ${job.error}` : words;
}

export function startJobs() {
  for (const host of document.querySelectorAll("[data-job]:not([data-started])")) {
    host.setAttribute("data-started", "");
    new Job(/** @type {HTMLElement} */ (host), pageData(host.getAttribute("data-job") ?? ""));
  }
}
