/**
 * Making elements.
 * @module
 */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const name in attributes) node.setAttribute(name, attributes[name]);
  node.append(...children);
  return node;
}

/** Like `element`, as an input. @param {Record<string, string>} attributes @returns {HTMLInputElement} */
export function input(attributes) {
  return element("input", attributes);
}

/** The mark of an evidence, heard as its word. @param {string} evidence */
export function markOf(evidence) {
  return element(
    "span",
    { class: `mark ${evidence}`, title: evidence },
    element("span", { class: "visually-hidden" }, ` ${evidence} `),
  );
}

let ids = 0;
/** A fresh id for labels to point at. @param {string} stem */
export const freshId = (stem) => `${stem}-${(ids += 1)}`;
