/**
 * Keep the page of a live class fresh: ask again soon while things change, ever more seldom while
 * nothing does, never in a hidden tab.
 * @module
 */

const SOONEST_MS = 3000;
const LATEST_MS = 60000;
const SLOWER = 1.5;

/** @returns {HTMLElement} */
const live = () => /** @type {HTMLElement} */ (document.getElementById("live"));

/** @returns {Promise<boolean>} whether anything changed */
async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return false;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
  if (!fresh || fresh.innerHTML === live().innerHTML) return false;
  live().replaceWith(document.adoptNode(fresh));
  return true;
}

/** @param {number} pause */
async function follow(pause) {
  const isBusy = document.hidden || live().contains(document.activeElement);
  const changed = isBusy ? false : await refresh().catch(() => false);
  const next = changed ? SOONEST_MS : Math.min(LATEST_MS, pause * SLOWER);
  setTimeout(() => void follow(next), next);
}

setTimeout(() => void follow(SOONEST_MS), SOONEST_MS);
