/**
 * Mark a log from the keyboard: 1, 2, 3 choose a level of the current criterion and go on to the
 * next, Enter saves. Without this script the radio buttons and the button do the same.
 * @module
 */

const form = /** @type {HTMLFormElement} */ (document.getElementById("rubric"));
const criteria = [...form.querySelectorAll("[data-criterion]")];

/** @returns {number} the criterion with the focus, else the first without a level, else the last */
function currentIndex() {
  const focused = criteria.findIndex((item) => item.contains(document.activeElement));
  if (focused >= 0) return focused;
  const open = criteria.findIndex((item) => !item.querySelector(":checked"));
  return open >= 0 ? open : criteria.length - 1;
}

/** @param {number} index */
function focusCriterion(index) {
  const item = criteria[index];
  if (!item) {
    const send = form.querySelector("button[type=submit]");
    return send instanceof HTMLElement ? send.focus() : undefined;
  }
  const field = item.querySelector(":checked") ?? item.querySelector("input");
  if (field instanceof HTMLElement) field.focus();
}

/**
 * Enter saves where the browser would do nothing with it: no field, link or button has the focus.
 * @param {KeyboardEvent} event
 */
function saveFromAnywhere(event) {
  if (document.activeElement !== document.body) return;
  event.preventDefault();
  form.requestSubmit();
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const isTyping = event.target instanceof HTMLTextAreaElement;
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter") return saveFromAnywhere(event);
  if (!["1", "2", "3"].includes(event.key)) return;
  const index = currentIndex();
  const radio = criteria[index].querySelector(`[data-key="${event.key}"]`);
  if (!(radio instanceof HTMLInputElement)) return;
  event.preventDefault();
  radio.checked = true;
  focusCriterion(index + 1);
}

document.addEventListener("keydown", onKey);
