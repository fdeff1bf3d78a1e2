/**
 * Tell the LMS how tall the page is, so that its frame needs no second scroll bar.
 *
 * Canvas, Moodle and others understand `lti.frameResize`. The message holds a height and, where the
 * launch brought one, Canvas' token, by which it tells its frames apart; only pages of the
 * registered LMS may be our parent (`frame-ancestors`).
 * @module
 */

const SETTLE_PX = 4;

/** @param {Window} parent */
function announceHeight(parent) {
  let last = 0;
  const told = document.querySelector('meta[name="message-token"]')?.getAttribute("content");
  const token = told ? { token: told } : {};
  const announce = () => {
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    if (Math.abs(height - last) < SETTLE_PX) return;
    last = height;
    parent.postMessage({ subject: "lti.frameResize", height, ...token }, "*");
  };
  new ResizeObserver(announce).observe(document.body);
  announce();
}

if (window.parent !== window) announceHeight(window.parent);
