/**
 * Keep the bench page fresh, unless somebody is using it.
 * @module
 */
import { refreshed } from "./refresh.js";

const section = document.querySelector("[data-refresh]");
const pause = 1000 * Number(section?.getAttribute("data-refresh") ?? 0);

/** @param {Element} current */
async function look(current) {
  const isUsed = document.hidden || current.contains(document.activeElement);
  const fresh = isUsed ? current : await refreshed(current).catch(() => current);
  window.setTimeout(() => void look(fresh), pause);
}

if (section && pause) window.setTimeout(() => void look(section), pause);
