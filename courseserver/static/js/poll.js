/**
 * Watch queued work until it ends, at the pace the server names, slower when it cannot be reached.
 * @module
 */
import { Offline, send } from "./http.js";

const SLOWEST_MS = 15000;

/** @typedef {{state: string, poll_ms?: number | null}} Watched */

/**
 * @template {Watched} State
 * @param {string} url @param {(state: State) => boolean} show answers whether to go on
 * @param {(isOffline: boolean) => void} offline
 * @param {number} [first] milliseconds until the first look
 */
export function watch(url, show, offline, first = 300) {
  let pause = first;
  let etag = "";
  const look = async () => {
    try {
      const answer = await send("GET", url, undefined, { etag });
      offline(false);
      etag = answer.etag;
      pause = answer.data?.poll_ms ?? Math.max(pause, 500);
      if (answer.status !== 304 && !show(answer.data)) return;
    } catch (error) {
      if (!(error instanceof Offline)) throw error;
      offline(true);
      pause = Math.min(SLOWEST_MS, pause * 2);
    }
    window.setTimeout(() => void look(), pause);
  };
  window.setTimeout(() => void look(), pause);
}
