// How numbers, shares, money, times and spans are written in each language.
// Figures are written from their integers with BigInt: what is shown is the exact half-up rounding.

import { page } from "./page.js";
import { words } from "./words.js";

/** @import { Figure, Lang, Target, Whole } from "./types.js" */

const t = words({
  vi: {
    no_denominator: "không tính được (mẫu số bằng 0)",
    just_now: "vừa xong",
    minutes_ago: "{0} phút trước",
    hours_ago: "{0} giờ trước",
    days_ago: "{0} ngày trước",
    seconds: "{0} giây",
    minutes: "{0} phút",
    hours: "{0} giờ",
    days: "{0} ngày",
    month: "T{0}",
  },
  en: {
    no_denominator: "undefined (the denominator is 0)",
    just_now: "just now",
    minutes_ago: "{0} min ago",
    hours_ago: "{0} h ago",
    days_ago: "{0} days ago",
    seconds: "{0} s",
    minutes: "{0} min",
    hours: "{0} h",
    days: "{0} days",
    month: "{0}",
  },
});

/**
 * @typedef {object} Unit How a unit of measure is written.
 * @property {string} vi
 * @property {string} en
 * @property {boolean} [isLevel] A level is written with two decimals and drawn as a line.
 */

/** @type {Map<string, Unit>} */
const UNITS = new Map([
  ["hours", { vi: "giờ", en: "hours" }],
  ["minutes", { vi: "phút", en: "minutes" }],
  ["đồng", { vi: "đồng", en: "VND" }],
]);

/** @type {Record<Lang, [bigint, string][]>} */
const MONEY_STEPS = {
  vi: [
    [10n ** 9n, "tỷ đồng"],
    [10n ** 6n, "triệu đồng"],
  ],
  en: [
    [10n ** 9n, "billion VND"],
    [10n ** 6n, "million VND"],
  ],
};

/**
 * Adds the units that a group of KPIs brings along.
 * @param {Record<string, Unit>} units
 */
export function addUnits(units) {
  for (const [name, unit] of Object.entries(units)) UNITS.set(name, unit);
}

/**
 * Whether a unit's values are drawn as a line: bars are for amounts.
 * @param {string} unit
 */
export const isLine = (unit) => unit === "share" || UNITS.get(unit)?.isLevel === true;

/**
 * Writes numerator / denominator, rounded half-up (away from zero) to `places` decimals, exactly.
 * @param {Whole} numerator
 * @param {Whole} denominator
 * @param {number} places
 * @param {Lang} [lang]
 */
export function decimal(numerator, denominator, places, lang = page.now.lang) {
  const [n, d] = [BigInt(numerator), BigInt(denominator)];
  const isNegative = n < 0n !== d < 0n && n !== 0n;
  const [top, bottom] = [n < 0n ? -n : n, d < 0n ? -d : d];
  const units = (2n * top * 10n ** BigInt(places) + bottom) / (2n * bottom);
  const digits = units.toString().padStart(places + 1, "0");
  const [group, point] = lang === "vi" ? [".", ","] : [",", "."];
  const whole = digits.slice(0, digits.length - places).replace(/\B(?=(\d{3})+$)/g, group);
  const rest = places ? point + digits.slice(-places) : "";
  return (isNegative && units ? "−" : "") + whole + rest;
}

/** @param {Whole} n @param {Lang} [lang] */
export const integer = (n, lang) => decimal(n, 1, 0, lang);

/**
 * Reads a decimal string such as "0.125" as a pair of integers.
 * @param {string} text
 * @returns {[bigint, bigint]}
 */
function ratio(text) {
  const [whole, rest = ""] = text.split(".");
  return [BigInt(whole + rest), 10n ** BigInt(rest.length)];
}

/**
 * Writes a decimal string such as "300000.0" with the fewest decimals that do not change it.
 * @param {string} text
 */
export const decimalText = (text) => shortest(ratio(text), decimal);

/** @param {Whole} n @param {Whole} d @param {number} places @param {Lang} lang */
export const percent = (n, d, places, lang) =>
  decimal(BigInt(n) * 100n, d, places, lang) + (lang === "vi" ? "\u00a0%" : "%");

/**
 * Writes a ratio with the fewest decimals, up to three, that do not change it.
 * @param {[bigint, bigint]} ratio
 * @param {(n: bigint, d: bigint, places: number) => string} write
 */
function shortest([n, d], write) {
  const places = [0, 1, 2].find((p) => (n * 10n ** BigInt(p)) % d === 0n) ?? 3;
  return write(n, d, places);
}

/**
 * @typedef {Pick<Figure, "numerator" | "denominator" | "scale" | "value" | "measure_unit">} Amount
 */

/**
 * Writes a figure: what the table shows, its unit, and the longer reading for the title.
 * @param {Amount} figure
 * @param {Lang} [lang]
 */
export function figureText(figure, lang = page.now.lang) {
  const { numerator, measure_unit: unit } = figure;
  const divisor = BigInt(figure.denominator) * BigInt(figure.scale ?? 1);
  const { [lang]: unitText, isLevel = false } = UNITS.get(unit) ?? { vi: unit, en: unit };
  if (figure.value === null || divisor === 0n) {
    return { text: "–", unit: "", full: t.in(lang, "no_denominator") };
  }
  /** @param {number} places @param {bigint} [step] */
  const write = (places, step = 1n) => decimal(numerator, divisor * step, places, lang);
  if (unit === "share") {
    const [text, full] = [2, 6].map((places) => percent(numerator, divisor, places, lang));
    return { text, unit: "", full };
  }
  if (unit === "đồng") {
    const size = BigInt(numerator) / divisor;
    const step = MONEY_STEPS[lang].find(([from]) => size >= from || -size >= from);
    const full = `${write(0)} ${unitText}`;
    return step
      ? { text: write(2, step[0]), unit: step[1], full }
      : { text: write(0), unit: unitText, full };
  }
  const places = BigInt(numerator) % divisor === 0n && !isLevel ? 0 : 2;
  return {
    text: write(places),
    unit: unitText,
    full: `${write(isLevel ? 6 : places)} ${unitText}`,
  };
}

/**
 * Writes the two integers behind a figure; a plain count or sum has only the first.
 * @param {Pick<Figure, "numerator" | "denominator" | "scale">} figure
 */
export function fractionText({ numerator, denominator, scale = 1 }) {
  const below = BigInt(denominator) === 1n ? "" : ` / ${integer(denominator)}`;
  return integer(numerator) + below + (BigInt(scale) === 1n ? "" : ` ÷ ${integer(scale)}`);
}

/** @type {Record<string, string>} */
const SIGNS = { ">=": "≥", "<=": "≤", "==": "=" };

/** @param {Target} target @param {string} unit */
export function targetText(target, unit) {
  const { lang } = page.now;
  const [n, d] = ratio(target.value);
  const written =
    unit === "share"
      ? shortest([n * 100n, d], (top, bottom, places) => percent(top, bottom * 100n, places, lang))
      : shortest([n, d], decimal);
  return `${SIGNS[target.op] ?? target.op} ${written}`;
}

/**
 * Writes how complete a figure is.
 * @param {number} complete From 0 to 1.
 */
export function completeText(complete) {
  const [n, d] = ratio(complete.toFixed(6));
  return percent(n, d, n === d ? 0 : 1, page.now.lang);
}

const CLOCK = new Intl.DateTimeFormat("en-GB", {
  timeZone: "Asia/Ho_Chi_Minh",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

/**
 * Writes an instant in Viet Nam time.
 * @param {string} iso
 */
export function timeText(iso) {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : CLOCK.format(at).replace(", ", " ");
}

/**
 * Writes "2023-05-17" as 17/05/2023.
 * @param {string} day
 */
export const dayText = (day) => day.split("-").reverse().join("/");

/**
 * Writes a month from 1 to 12.
 * @param {number} month
 */
export const monthText = (month) => t("month", month);

export const thisYear = () =>
  CLOCK.formatToParts(new Date()).find((part) => part.type === "year")?.value ?? "";

/**
 * Writes how long ago an instant was.
 * @param {string} iso
 */
export function agoText(iso) {
  const minutes = Math.max(0, Math.floor((Date.now() - new Date(iso).getTime()) / 60_000));
  if (minutes < 1) return t("just_now");
  if (minutes < 120) return t("minutes_ago", minutes);
  return minutes < 2880
    ? t("hours_ago", Math.floor(minutes / 60))
    : t("days_ago", integer(Math.floor(minutes / 1440)));
}

const SPANS = /** @type {const} */ ([
  ["days", 86_400],
  ["hours", 3600],
  ["minutes", 60],
]);

/**
 * Writes a span of time in the largest unit of which it has at least two.
 * @param {number} seconds
 */
export function spanText(seconds) {
  const [name, size] =
    SPANS.find(([, s]) => seconds >= 2 * s) ?? /** @type {const} */ (["seconds", 1]);
  return t(name, integer(Math.floor(seconds / size)));
}
