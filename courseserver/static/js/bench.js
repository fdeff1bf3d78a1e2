/**
 * Keep a section with `data-refresh` (seconds) fresh, unless somebody is using it; rarer while
 * nothing in it changes, and no more once it carries the attribute no longer.
 * @module
 */
import { refreshed } from "./refresh.js";

const SLOWER = 1.5;
const SLOWEST_MS = 60_000;
const section = document.querySelector("[data-refresh]");
const soon = 1000 * Number(section?.getAttribute("data-refresh") ?? 0);

/** @param {Element} shown @returns {string} what it says, without how long ago */
const said = (shown) => (shown.textContent ?? "").replace(/\d+ (s|min|h|days) ago/g, "");

/** @param {Element} current @param {number} pause */
async function look(current, pause) {
  const isUsed = document.hidden || current.contains(document.activeElement);
  const fresh = isUsed ? current : await refreshed(current).catch(() => current);
  // A page whose work has ended asks for no more looks.
  if (!fresh.hasAttribute("data-refresh")) return;
  const hasNews = fresh !== current && said(fresh) !== said(current);
  const next = hasNews ? soon : Math.min(SLOWEST_MS, SLOWER * pause);
  window.setTimeout(() => void look(fresh, next), next);
}

if (section && soon) window.setTimeout(() => void look(section, soon), soon);
