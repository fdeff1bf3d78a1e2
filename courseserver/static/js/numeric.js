/**
 * The echo of a typed number: how the server read it, or why it could not.
 * @module
 */

/** How the server begins the echo of a number it could read. */
const READ = /^read as/i;

/** @param {Element} output @param {string} text */
export function showReading(output, text) {
  const isUnread = text !== "" && !READ.test(text);
  output.textContent = text;
  output.classList.toggle("unread", isUnread);
  const field = document.getElementById(output.getAttribute("for") ?? "");
  if (isUnread) field?.setAttribute("aria-invalid", "true");
  else field?.removeAttribute("aria-invalid");
}
