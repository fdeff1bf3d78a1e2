/**
 * Tell the LMS how tall the page is, so that its frame needs no second scroll bar.
 *
 * Canvas, Moodle and others understand `lti.frameResize`; the message holds a height and nothing
 * else, so any parent may read it.
 * @module
 */

const SETTLE_PX = 4;

/** @param {Window} parent */
function announceHeight(parent) {
  let last = 0;
  const announce = () => {
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    if (Math.abs(height - last) < SETTLE_PX) return;
    last = height;
    parent.postMessage({ subject: "lti.frameResize", height }, "*");
  };
  new ResizeObserver(announce).observe(document.body);
  announce();
}

if (window.parent !== window) announceHeight(window.parent);
