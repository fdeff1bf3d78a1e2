/**
 * The controls of an instrument: a slider with its number, a list, a switch.
 *
 * Each knob stands on one of its steps. `preview` is called at every movement, `release` once when
 * the hand is off: at once for a pointer, after a short pause for keys.
 * @module
 */
import { element, freshId, input } from "./dom.js";
import { read, words } from "./format.js";

/** @typedef {import("./types.d.ts").KnobSpec} KnobSpec */
/** @typedef {import("./types.d.ts").Handlers} Handlers */
/** @typedef {import("./types.d.ts").Knob} Knob */

const KEY_PAUSE_MS = 350;
const SEGMENTS = 4;
/** So many letters fit side by side; longer choices stand one above the other. */
const SIDE_BY_SIDE = 25;

/** A knob's value in words. @param {KnobSpec} spec @param {number} index */
export function stepText(spec, index) {
  if (spec.texts?.[index]) return spec.texts[index];
  const value = spec.steps[index];
  if (typeof value === "boolean") return value ? "on" : "off";
  return words(value, spec.format);
}

/** @param {KnobSpec} spec @param {Handlers} handlers @returns {Knob} */
export function knob(spec, handlers) {
  const patient = withPause(handlers);
  if (spec.kind === "toggle") return toggle(spec, handlers);
  if (spec.kind === "list") {
    return spec.steps.length <= SEGMENTS ? segments(spec, patient) : list(spec, patient);
  }
  return range(spec, patient, handlers);
}

/** Keys repeat: wait for the last before releasing. @param {Handlers} handlers */
function withPause({ preview, release }) {
  let timer = 0;
  return {
    preview,
    release: (/** @type {number} */ index) => {
      clearTimeout(timer);
      timer = window.setTimeout(() => release(index), KEY_PAUSE_MS);
    },
    cancel: () => clearTimeout(timer),
  };
}

/** @param {KnobSpec} spec @param {ReturnType<typeof withPause>} patient @param {Handlers} handlers @returns {Knob} */
function range(spec, patient, handlers) {
  const id = freshId("knob");
  const last = spec.steps.length - 1;
  const slider = input({ type: "range", id, min: "0", max: String(last), step: "1" });
  const value = input({ type: "text", class: "value", inputmode: "decimal", autocomplete: "off", spellcheck: "false", "aria-label": `${spec.label}, type a value` });
  // As wide as its widest value, so that nothing shifts while dragging.
  const widest = Math.max(...spec.steps.map((_, i) => stepText(spec, i).length));
  value.style.setProperty("--chars", String(Math.min(11, Math.max(3, widest))));
  let index = spec.default;
  let isKey = false;
  const show = (/** @type {number} */ to) => {
    index = Math.max(0, Math.min(last, to));
    slider.value = String(index);
    slider.setAttribute("aria-valuetext", stepText(spec, index));
    if (document.activeElement !== value) value.value = stepText(spec, index);
  };
  const move = (/** @type {number} */ to) => {
    if (to === index) return;
    show(to);
    handlers.preview(index);
    patient.release(index);
  };
  slider.addEventListener("keydown", (event) => {
    isKey = true;
    const leap = Math.min(10, Math.max(2, Math.round(last / 5)));
    const by = { PageUp: leap, PageDown: -leap }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    move(Math.max(0, Math.min(last, index + by)));
  });
  slider.addEventListener("pointerdown", () => (isKey = false));
  slider.addEventListener("input", () => {
    show(Number(slider.value));
    handlers.preview(index);
  });
  slider.addEventListener("change", () => {
    if (isKey) return patient.release(index);
    patient.cancel();
    handlers.release(index);
  });
  value.addEventListener("focus", () => value.select());
  value.addEventListener("change", () => typed(spec, value, index, move));
  value.addEventListener("blur", () => (value.value = stepText(spec, index)));
  value.addEventListener("keydown", (event) => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    move(Math.max(0, Math.min(last, index + by)));
    value.value = stepText(spec, index);
  });
  const step = (/** @type {number} */ by, /** @type {string} */ sign, /** @type {string} */ words_) => {
    const button = element("button", { type: "button", class: "step", "aria-label": `${spec.label}: ${words_}` }, sign);
    button.addEventListener("click", () => move(Math.max(0, Math.min(last, index + by))));
    return button;
  };
  const node = element(
    "div",
    { class: "knob" },
    element("label", { for: id }, spec.label),
    element("span", { class: "stepper" }, step(-1, "−", "one step down"), value, step(1, "+", "one step up")),
    slider,
    ...helpOf(spec, slider),
  );
  show(index);
  return { node, set: show };
}

/** Take a typed number to the nearest step. @param {KnobSpec} spec @param {HTMLInputElement} field @param {number} index @param {(to: number) => void} move */
function typed(spec, field, index, move) {
  const shown = Number(spec.steps[index]);
  const wanted = read(field.value, spec.format, shown);
  field.toggleAttribute("aria-invalid", false);
  if (wanted === null) {
    field.setAttribute("aria-invalid", "true");
    return;
  }
  move(nearestStep(spec.steps.map(Number), wanted));
}

/** @param {number[]} steps @param {number} wanted */
export function nearestStep(steps, wanted) {
  const isLog = steps.every((x) => x > 0) && wanted > 0;
  const distance = (/** @type {number} */ x) => (isLog ? Math.abs(Math.log(x / wanted)) : Math.abs(x - wanted));
  return steps.reduce((best, x, i) => (distance(x) < distance(steps[best]) ? i : best), 0);
}

/** @param {KnobSpec} spec */
const lettersOf = (spec) => spec.steps.reduce((/** @type {number} */ sum, _, i) => sum + stepText(spec, i).length + 2, 0);

/** @param {KnobSpec} spec @param {Handlers} handlers @returns {Knob} */
function segments(spec, handlers) {
  const name = freshId("segment");
  const radios = spec.steps.map((_, i) => input({ type: "radio", name, value: String(i) }));
  radios.forEach((radio, i) =>
    radio.addEventListener("change", () => {
      handlers.preview(i);
      handlers.release(i);
    }),
  );
  const node = element(
    "fieldset",
    { class: "knob" },
    element("legend", {}, spec.label),
    element("div", { class: lettersOf(spec) > SIDE_BY_SIDE ? "segments tall" : "segments" }, ...radios.map((radio, i) => element("label", {}, radio, element("span", {}, stepText(spec, i))))),
    ...helpOf(spec, null),
  );
  const set = (/** @type {number} */ index) => (radios[index].checked = true);
  set(spec.default);
  return { node, set };
}

/** @param {KnobSpec} spec @param {Handlers} handlers @returns {Knob} */
function list(spec, handlers) {
  const id = freshId("list");
  const select = element("select", { id });
  spec.steps.forEach((_, i) => select.append(element("option", { value: String(i) }, stepText(spec, i))));
  select.addEventListener("change", () => {
    handlers.preview(select.selectedIndex);
    handlers.release(select.selectedIndex);
  });
  const node = element("div", { class: "knob" }, element("label", { for: id }, spec.label), select, ...helpOf(spec, select));
  const set = (/** @type {number} */ index) => (select.selectedIndex = index);
  set(spec.default);
  return { node, set };
}

/** @param {KnobSpec} spec @param {Handlers} handlers @returns {Knob} */
function toggle(spec, handlers) {
  const box = input({ type: "checkbox", role: "switch" });
  const state = element("span", { class: "state" });
  const set = (/** @type {number} */ index) => {
    box.checked = spec.steps[index] === true;
    state.textContent = stepText(spec, index);
  };
  box.addEventListener("change", () => {
    const index = spec.steps.indexOf(box.checked);
    set(index);
    handlers.preview(index);
    handlers.release(index);
  });
  const node = element(
    "div",
    { class: "knob" },
    element("label", { class: "switch" }, box, element("span", {}, spec.label), state),
    ...helpOf(spec, box),
  );
  set(spec.default);
  return { node, set };
}

/** @param {KnobSpec} spec @param {HTMLElement | null} control */
function helpOf(spec, control) {
  if (!spec.help) return [];
  const id = freshId("help");
  control?.setAttribute("aria-describedby", id);
  return [element("p", { class: "help", id }, spec.help)];
}
