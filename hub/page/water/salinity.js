// How salinities, uses and flags are written on the page of water.

import { mark } from "../elements/marks.js";
import { decimalText, timeText } from "../strings.js";
import { words } from "../words.js";

/** @import { Flagged, ListedStation, StationState, Use } from "./types.js" */

const STALE_MS = 2 * 3_600_000; // a station is due every hour: as the hub, two say that one is missing

const t = words({
  vi: {
    drinking: "nước sinh hoạt",
    orchard: "cây ăn trái",
    rice: "lúa",
    line: "ranh mặn",
    gross_range: "ngoài khoảng",
    spike: "đột biến",
    rate: "đổi quá nhanh",
    flat_line: "đứng yên",
    suspect: "nguồn báo nghi ngờ",
    fail: "nguồn báo hỏng",
    missing: "nguồn báo thiếu",
    impossible: "không thể có",
    none: "không có số đo được tính",
    stale: "số đo cũ",
    flagged: "số mới nhất bị gắn cờ",
    good: "mới",
  },
  en: {
    drinking: "drinking water",
    orchard: "orchards",
    rice: "rice",
    line: "line of salt",
    gross_range: "out of range",
    spike: "spike",
    rate: "changes too fast",
    flat_line: "flat line",
    suspect: "suspect by its source",
    fail: "failed by its source",
    missing: "missing by its source",
    impossible: "impossible",
    none: "no value that counts",
    stale: "old value",
    flagged: "the newest value is flagged",
    good: "fresh",
  },
});

/** @param {number | null | undefined} value */
export const gramsText = (value) =>
  value === null || value === undefined ? "–" : decimalText(value.toFixed(3));

/** @param {number} change */
export const changeText = (change) => (change > 0 ? "+" : "") + gramsText(change);

/** @param {Use | null} use */
export const useText = (use) => t(use ?? "line");

/** @param {string[]} tests */
export const testsText = (tests) => tests.map((test) => t.find(test, test)).join(", ");

/** @param {Flagged} flagged */
export const flaggedText = ({ value, tests }) => `${gramsText(value)} (${testsText(tests)})`;

/**
 * Writes an instant to the minute: 17/05 08:00, in Viet Nam time.
 * @param {string} iso
 */
export const minuteText = (iso) => {
  const text = timeText(iso);
  return `${text.slice(0, 5)} ${text.slice(11, 16)}`;
};

/**
 * Names the uses that have a limit.
 * @param {StationState} station @param {number} limit
 */
export function usesText({ limits }, limit) {
  const uses = /** @type {Use[]} */ (Object.keys(limits)).filter((use) => limits[use] === limit);
  return uses.length ? uses.map(useText).join(", ") : t("line");
}

/**
 * Lists what hours are held against: both lines, and the limits of its uses.
 * @param {StationState} station
 */
export const thresholdsOf = ({ limits }) =>
  [...new Set([1, 4, ...Object.values(limits)])].sort((a, b) => a - b);

/**
 * The threshold that is shown of a station: the one asked for, where it has that; else 1 g/L.
 * @param {StationState} station @param {number} wanted
 */
export const limitOf = (station, wanted) => (thresholdsOf(station).includes(wanted) ? wanted : 1);

/**
 * Whether a station can be believed at an instant.
 * @param {ListedStation} station @param {string} at
 * @returns {"none" | "stale" | "flagged" | "good"}
 */
export function stateOf({ latest, flagged }, at) {
  if (flagged) return "flagged";
  if (!latest) return "none";
  return Date.parse(at) - Date.parse(latest.at) > STALE_MS ? "stale" : "good";
}

const SIGNS = /** @type {const} */ ({
  none: "bad",
  stale: "watch",
  flagged: "watch",
  good: "good",
});

/** @param {ReturnType<typeof stateOf>} state */
export const stateText = (state) => t(state);

/** @param {ReturnType<typeof stateOf>} state */
export const stateMark = (state) => mark(SIGNS[state], t(state));
