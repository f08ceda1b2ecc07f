// Small marks that several pages show: a sign is always joined by a word.

import { el, none } from "../el.js";
import { agoText, timeText } from "../strings.js";
import { words } from "../words.js";

const t = words({
  vi: { met: "Đạt", not_met: "Chưa đạt" },
  en: { met: "Met", not_met: "Not met" },
});

const SIGNS = { good: "✓", watch: "!", bad: "✗", none: "–" };

/** @typedef {keyof typeof SIGNS} Level */

/** @param {Level} level @param {string} text */
export const mark = (level, text) =>
  el("span", { class: `mark ${level}` }, el("i", { "aria-hidden": "true" }, SIGNS[level]), text);

/** @param {boolean} isMet */
export const metWord = (isMet) => t(isMet ? "met" : "not_met");

/**
 * Whether a target was met.
 * @param {boolean | null} isMet
 */
export const metMark = (isMet) =>
  isMet === null ? none() : mark(isMet ? "good" : "bad", metWord(isMet));

/**
 * How long ago something was, kept up to date by `refreshAgo`.
 * @param {string | null} iso
 */
export const agoMark = (iso) =>
  iso ? el("time", { datetime: iso, title: timeText(iso), "data-ago": iso }, agoText(iso)) : none();

export function refreshAgo() {
  for (const node of document.querySelectorAll("time[data-ago]")) {
    node.textContent = agoText(node.getAttribute("data-ago") ?? "");
  }
}

const FLASH_MS = 2500;
/** @type {WeakMap<Element, number>} */
const flashing = new WeakMap();

/**
 * Shows for a moment that something changed.
 * @param {HTMLElement} node
 */
export function flash(node) {
  node.classList.remove("changed");
  void node.offsetWidth; // restarts the animation of what changes twice in a row
  node.classList.add("changed");
  clearTimeout(flashing.get(node));
  flashing.set(
    node,
    setTimeout(() => node.classList.remove("changed"), FLASH_MS),
  );
}
