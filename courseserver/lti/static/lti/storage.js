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
 * Resolve with a window's answer to one message; reject on an error. Only a page of this origin may
 * read the message, and only its answer counts; "*" is for questions that hold nothing.
 * @param {Window} frame
 * @param {string} origin
 * @param {string} subject
 * @param {object} content
 * @param {() => void} late called where no answer came within two seconds; one may still come
 * @returns {Promise<any>}
 */
function ask(frame, origin, subject, content, late) {
  const id = Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("");
  return new Promise((resolve, reject) => {
    const finish = (/** @type {() => void} */ settle) => {
      clearTimeout(timer);
      removeEventListener("message", listen);
      settle();
    };
    const listen = (/** @type {MessageEvent} */ event) => {
      const isFromKeeper = [event.origin, "*"].includes(origin) && event.source === frame;
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
 * Resolve with the name of the frame in which the page around us keeps data, once it says so.
 * @returns {Promise<string>}
 */
export async function storageOffered() {
  const told = await ask(window.parent, "*", "lti.capabilities", {}, () => {});
  const messages = new Map(told.supported_messages.map((/** @type {any} */ m) => [m.subject, m]));
  if (!messages.has("lti.get_data")) throw new Error("nothing is kept here");
  return messages.get("lti.put_data").frame ?? "_parent";
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
    const { target = "_parent", origin = "" } = page.dataset;
    const frame = keeper(target);
    await step(page.dataset, (subject, content) => ask(frame, origin, subject, content, offerTab));
  } catch {
    offerTab();
  }
}
