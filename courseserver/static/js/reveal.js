/**
 * From the lock to the reveal: send once, then bring the reader to what came out.
 * @module
 */

const JUST_COMMITTED = "courseserver-committed";

/** Where the steps are a strip wider than the page, the current one is in view. */
export function showStep() {
  const strip = document.querySelector(".steps");
  const step = strip?.querySelector("[aria-current]");
  if (!(step instanceof HTMLElement) || !strip) return;
  strip.scrollLeft = step.offsetLeft - (strip.clientWidth - step.offsetWidth) / 2;
}

/** One press sends once; a second press while it travels does nothing. */
export function startForms() {
  for (const form of document.querySelectorAll("form[data-commit], form[data-once]")) {
    form.addEventListener("submit", (event) => {
      if (form.hasAttribute("data-sent")) return event.preventDefault();
      form.setAttribute("data-sent", "");
      remember(form.hasAttribute("data-commit"));
    });
  }
  // Coming back by the browser's back button shows a form that may be sent again.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) form.removeAttribute("data-sent");
  });
}

/** @param {boolean} isCommit */
function remember(isCommit) {
  if (!isCommit) return;
  try {
    sessionStorage.setItem(JUST_COMMITTED, location.pathname);
  } catch {
    // Without storage (a strict frame) the page simply opens at its top.
    return;
  }
}

function wasJustCommitted() {
  try {
    const path = sessionStorage.getItem(JUST_COMMITTED);
    sessionStorage.removeItem(JUST_COMMITTED);
    return path === location.pathname;
  } catch {
    return location.hash === "#reveal";
  }
}

/** Focus moves to the reveal after a commit only, never on an ordinary visit. */
export function startReveal() {
  const reveal = document.querySelector("[data-reveal]");
  if (!reveal || !wasJustCommitted()) return;
  reveal.classList.add("just-opened");
  const heading = reveal.querySelector(".headline");
  if (!(heading instanceof HTMLElement)) return;
  heading.focus({ preventScroll: true });
  reveal.scrollIntoView({ block: "start" });
}
