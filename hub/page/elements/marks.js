// Small marks that several pages show: a sign is always joined by a word.

import { el, none } from "../el.js";
import { agoText, decimalText, integer, timeText } from "../strings.js";
import { words } from "../words.js";

/** @import { Figure } from "../types.js" */

const t = words({
  vi: {
    met: "Đạt",
    not_met: "Chưa đạt",
    on_course: "Đúng tiến độ",
    behind: "Chậm tiến độ",
    missed: "Không đạt",
    due: "Kế hoạch đến nay: {0}",
    working_days: "{0}, theo {1}/{2} ngày làm việc đã qua",
    last_year: "{0}, theo năm trước: {1}/{2} đến ngày này",
  },
  en: {
    met: "Met",
    not_met: "Not met",
    on_course: "On course",
    behind: "Behind",
    missed: "Missed",
    due: "Due by now: {0}",
    working_days: "{0}, by {1} of {2} working days gone",
    last_year: "{0}, as last year: {1} of {2} by this day",
  },
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
const metMark = (isMet) => (isMet === null ? none() : mark(isMet ? "good" : "bad", metWord(isMet)));

const STATES = /** @type {const} */ ({
  met: "good",
  on_course: "good",
  behind: "watch",
  missed: "bad",
});

/**
 * How a figure stands against its year's target.
 * @param {Figure} figure
 */
export const progressMark = ({ progress, met }) =>
  progress ? mark(STATES[progress.state], t(progress.state)) : metMark(met);

/**
 * What is due by now of a year's plan, and how that was worked out; nothing where it is no plan.
 * @param {Figure} figure
 */
export function planText({ progress }) {
  if (!progress?.paced_by || progress.expected === null) return "";
  const due = t("due", decimalText(progress.expected));
  return t(progress.paced_by, due, integer(progress.passed ?? 0), integer(progress.whole ?? 0));
}

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
