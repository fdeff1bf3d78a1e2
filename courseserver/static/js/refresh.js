/**
 * Fetch the page again and take one section from it: the server words everything in one place.
 * @module
 */

/** @param {Element} section must have an id @returns {Promise<Element>} the section now on the page */
export async function refreshed(section) {
  const response = await fetch(location.href, { credentials: "same-origin" });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.getElementById(section.id);
  if (!response.ok || !fresh) return section;
  section.replaceWith(document.adoptNode(fresh));
  return fresh;
}
