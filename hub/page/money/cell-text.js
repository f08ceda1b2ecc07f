// How the cells of a list are written: numbers, days, instants, and texts in both languages.

import { nameOf } from "../board/groups.js";
import { page } from "../page.js";
import { dayText, integer, timeText } from "../strings.js";

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T/;
const CODED = ["service", "method"];

/**
 * A text such as "Chưa nộp | Unpaid", in the reader's language.
 * @param {string} text
 */
export function ownWords(text) {
  const [vi, en = vi] = text.split(" | ");
  return page.now.lang === "vi" ? vi : en;
}

/** @param {string} column @param {string | number | null} value */
export function cellText(column, value) {
  if (value === null) return "–";
  if (typeof value !== "string") return integer(value);
  if (column === "period" || column === "code") return value;
  if (CODED.includes(column)) return nameOf("payment", column, value);
  if (DAY.test(value)) return dayText(value);
  return INSTANT.test(value) ? timeText(value) : ownWords(value);
}
