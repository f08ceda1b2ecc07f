// A field of a closed set: what stands there now, though it be wrong, and what may be chosen.

import { el } from "../el.js";
import { page } from "../page.js";

/**
 * @param {Record<string, unknown>} attributes
 * @param {{ text: string, meaning: string }[]} choices
 * @param {string} text What stands there now.
 */
export function chooser(attributes, choices, text) {
  const texts = choices.map((choice) => choice.text);
  const others = texts.includes(text) ? [""] : [text, ...(text ? [""] : [])];
  const named = (/** @type {string} */ one) => {
    const meaning = choices.find((choice) => choice.text === one)?.meaning;
    const isSaid = meaning && (page.now.lang === "en" || /^\d+$/.test(one));
    return isSaid ? `${one} (${meaning})` : one;
  };
  const options = [...others, ...texts].map((one) =>
    el("option", { value: one, selected: one === text }, named(one)),
  );
  return el("select", attributes, ...options);
}
