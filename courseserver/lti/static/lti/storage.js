/**
 * Ask the platform's window to keep or return one value (LTI Client Side postMessages): what a
 * cookie would hold, where a frame keeps none.
 * @module
 */

const WAIT_MS = 2000;

/**
 * Return the window that keeps data: the parent, or a named frame beside us.
 * @param {string} target
 * @returns {Window}
 */
function keeper(target) {
  const owner = window.parent !== window ? window.parent : window.opener;
  if (target === "_parent") return owner;
  try {
    return owner.frames[target] ?? owner;
  } catch {
    return owner; // no frame of this name: the browser forbids looking further
  }
}

/**
 * Resolve with the platform's answer to one message; reject on an error. Only the platform's origin
 * may read the message, and only its answer counts.
 * @param {DOMStringMap} place what the page's `data-storage` element says
 * @param {string} subject
 * @param {object} content
 * @param {() => void} late called where no answer came within two seconds; one may still come
 * @returns {Promise<{value?: unknown}>}
 */
function ask(place, subject, content, late) {
  const { target = "_parent", origin = "" } = place;
  const frame = keeper(target);
  const id = Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("");
  return new Promise((resolve, reject) => {
    const finish = (/** @type {() => void} */ settle) => {
      clearTimeout(timer);
      removeEventListener("message", listen);
      settle();
    };
    const listen = (/** @type {MessageEvent} */ event) => {
      const isFromKeeper = event.origin === origin && event.source === frame;
      const { data } = event;
      if (!isFromKeeper || data?.message_id !== id || data.subject !== `${subject}.response`) return;
      finish(() => (data.error ? reject(new Error(data.error.code)) : resolve(data)));
    };
    const timer = setTimeout(late, WAIT_MS);
    addEventListener("message", listen);
    frame.postMessage({ subject, message_id: id, ...content }, origin);
  });
}

/**
 * Run `step` with the page's place of storage; offer a tab of its own where it fails or takes long.
 * @param {(place: DOMStringMap, ask: (subject: string, content: object) => Promise<{value?: unknown}>) => Promise<void>} step
 */
export async function withStorage(step) {
  const page = /** @type {HTMLElement} */ (document.querySelector("[data-storage]"));
  const offerTab = () => {
    page.querySelector("[data-waiting]")?.remove();
    page.querySelector("[data-otherwise]")?.removeAttribute("hidden");
  };
  try {
    await step(page.dataset, (subject, content) => ask(page.dataset, subject, content, offerTab));
  } catch {
    offerTab();
  }
}
