// Links to other questions: an address of their own, asked without leaving the page.

import { el } from "../el.js";
import { write } from "./address.js";
import { go } from "./state.js";

/** @import { Asked } from "./address.js" */

/**
 * @param {Asked} asked
 * @param {Record<string, unknown>} attributes
 * @param {(Node | string | null)[]} children
 */
export function questionLink(asked, attributes, ...children) {
  const onclick = (/** @type {MouseEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    void go(asked);
  };
  return el("a", { href: write(asked), onclick, ...attributes }, ...children);
}
