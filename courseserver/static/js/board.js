/**
 * Follow grades on their way: while the board says that something moves, fetch it again and swap
 * in what changed. Nothing happens in a hidden tab, while a control of the board has the focus, or
 * while somebody is about to say why.
 * @module
 */

const EVERY_MS = 2500;
const GIVE_UP_AFTER = 240;

/** @returns {HTMLElement} */
const live = () => /** @type {HTMLElement} */ (document.getElementById("live"));

/** @param {Document} fresh */
function swap(fresh) {
  const next = fresh.getElementById("live");
  if (!next) return;
  live().replaceWith(next);
  const words = fresh.getElementById("live-words")?.textContent ?? "";
  const status = document.getElementById("live-words");
  if (status && status.textContent !== words) status.textContent = words;
}

/** @param {number} round */
async function follow(round) {
  if (round > GIVE_UP_AFTER || live().dataset.moving !== "true") return;
  const isAtWork = live().contains(document.activeElement) || live().querySelector("details[open]");
  const isBusy = document.hidden || isAtWork;
  // What cannot be fetched now may be fetched the next time.
  if (!isBusy) await refresh().catch(() => undefined);
  setTimeout(() => void follow(round + 1), EVERY_MS);
}

async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (answer.ok) swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
}

setTimeout(() => void follow(0), EVERY_MS);
