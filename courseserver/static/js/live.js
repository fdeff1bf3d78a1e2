/**
 * What a screen reader hears: one polite region that waits until a drag has settled, one alert.
 * @module
 */

const SETTLE_MS = 500;
let timer = 0;

/** @param {"status" | "alert"} role */
function region(role) {
  const found = document.getElementById(`live-${role}`);
  if (found) return found;
  const node = document.createElement("div");
  node.id = `live-${role}`;
  node.className = "visually-hidden";
  node.setAttribute("role", role);
  document.body.append(node);
  return node;
}

/** Make the regions before anything is said: late ones are not heard. */
export function prepareRegions() {
  region("status");
  region("alert");
}

/** Say it when nothing newer has come for half a second. @param {string} text */
export function sayPolitely(text) {
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    region("status").textContent = text;
  }, SETTLE_MS);
}

/** Say it now. @param {string} text */
export function sayNow(text) {
  region("alert").textContent = text;
}
