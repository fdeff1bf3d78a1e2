/**
 * Drafts go to the server while they are made, so that a lost network or session loses nothing.
 * @module
 */
import { Offline, pageData, Refused, send } from "./http.js";
import { showReading } from "./numeric.js";

const PAUSE_MS = 700;
const RETRY_MS = 4000;

/** @typedef {{reading?: string, words?: number, saved_at?: string}} Kept */

/** Keeps the newest value of one draft; older ones are never sent after newer ones. */
export class Draft {
  /** @param {string} url @param {(kept: Kept) => void} kept @param {(error: Refused) => void} refused */
  constructor(url, kept, refused) {
    this.url = url;
    this.kept = kept;
    this.refused = refused;
    /** @type {string | null} */
    this.waiting = null;
    this.timer = 0;
    this.isSending = false;
    this.isOffline = false;
    window.addEventListener("online", () => void this.send());
    document.addEventListener("visibilitychange", () => document.hidden && void this.send());
  }

  /** @param {string} value @param {number} [pause] */
  keep(value, pause = PAUSE_MS) {
    this.waiting = value;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.send(), pause);
  }

  /** What is typed goes with the form that is being sent. */
  drop() {
    clearTimeout(this.timer);
    this.waiting = null;
  }

  async send() {
    if (this.isSending || this.waiting === null) return;
    const value = this.waiting;
    this.waiting = null;
    this.isSending = true;
    try {
      const { data } = await send("PUT", this.url, { value });
      showOffline(false);
      showSaved(data.saved_at);
      this.kept(data);
    } catch (error) {
      this.failed(error, value);
    }
    this.isSending = false;
    if (this.waiting !== null) this.keep(this.waiting, this.isOffline ? RETRY_MS : PAUSE_MS);
  }

  /** @param {unknown} error @param {string} value */
  failed(error, value) {
    this.isOffline = error instanceof Offline;
    if (error instanceof Refused) return this.refused(error);
    if (!(error instanceof Offline)) throw error;
    showOffline(true);
    this.waiting ??= value;
  }
}

/** @param {boolean} isOffline */
function showOffline(isOffline) {
  const banner = document.getElementById("offline");
  if (banner && banner.hidden === isOffline) banner.hidden = !isOffline;
}

/** @param {string} [at] */
function showSaved(at) {
  const chip = document.getElementById("saved");
  if (!chip || !at) return;
  chip.textContent = `Saved ${at}`;
  chip.hidden = false;
}

/** Predictions being made: the option chosen, the number typed. */
export function startDrafts() {
  if (!document.getElementById("draft-urls")) return;
  const urls = pageData("draft-urls");
  for (const fieldset of document.querySelectorAll("[data-question]")) {
    const url = urls[fieldset.getAttribute("data-question") ?? ""];
    if (!url || fieldset.hasAttribute("disabled")) continue;
    const output = fieldset.querySelector(".reading");
    const draft = new Draft(
      url,
      (kept) => output && showReading(output, kept.reading ?? ""),
      (refused) => output && showReading(output, `${refused.message} ${refused.remedy}`),
    );
    fieldset.closest("form")?.addEventListener("submit", () => draft.drop());
    for (const field of fieldset.querySelectorAll("input")) {
      const keep = () => draft.keep(field.value, field.type === "radio" ? 0 : PAUSE_MS);
      field.addEventListener("input", keep);
      if (wasChanged(field)) keep();
    }
  }
}

/**
 * Whether a field holds something else than the server put into it: on a slow line a choice is made
 * before this script listens, and no event tells of it any more.
 * @param {HTMLInputElement | HTMLTextAreaElement} field
 */
function wasChanged(field) {
  const isRadio = field instanceof HTMLInputElement && field.type === "radio";
  return isRadio ? field.checked && !field.defaultChecked : field.value !== field.defaultValue;
}

/** The Decision Log: words counted while typing, kept on the server, submitted after one question. */
export function startEditor() {
  const form = document.querySelector("form[data-editor]");
  if (!(form instanceof HTMLFormElement)) return;
  const text = /** @type {HTMLTextAreaElement} */ (form.querySelector("textarea"));
  const saved = /** @type {HTMLElement} */ (form.querySelector("[data-saved]"));
  const draft = new Draft(
    form.dataset.draftUrl ?? "",
    (kept) => (saved.textContent = kept.saved_at ? `Draft saved ${kept.saved_at}` : ""),
    (refused) => (saved.textContent = `${refused.message} ${refused.remedy}`),
  );
  const keep = () => {
    showCount(form, text);
    draft.keep(text.value);
  };
  text.addEventListener("input", keep);
  form.addEventListener("submit", () => draft.drop());
  showCount(form, text);
  if (wasChanged(text)) keep();
  startConfirm(form);
}

/** @param {HTMLFormElement} form @param {HTMLTextAreaElement} text */
function showCount(form, text) {
  const count = /** @type {HTMLElement} */ (form.querySelector("[data-count]"));
  const [least, most] = [Number(form.dataset.wordsMin), Number(form.dataset.wordsMax)];
  const words = text.value.split(/\s+/).filter(Boolean).length;
  const more = words < least ? `, ${least - words} more to go` : words > most ? `, ${words - most} too many` : "";
  count.textContent = `${words} ${words === 1 ? "word" : "words"}${more}`;
}

/** Submitting asks once, in the page: frames of an LMS show no dialogs. @param {HTMLFormElement} form */
function startConfirm(form) {
  const opener = form.querySelector("[data-confirm]");
  const box = document.getElementById(opener?.getAttribute("data-confirm") ?? "");
  if (!(opener instanceof HTMLButtonElement) || !box) return;
  opener.type = "button";
  opener.addEventListener("click", () => {
    box.hidden = false;
    box.querySelector("button")?.focus();
  });
  box.querySelector("[data-cancel]")?.addEventListener("click", (event) => {
    event.preventDefault();
    box.hidden = true;
    opener.focus();
  });
}
