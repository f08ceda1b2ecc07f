// A question as it stands in the address, so that it can be sent to somebody.

import { page } from "../page.js";
import { thisYear } from "../strings.js";

/** @import { DefinedKpi } from "../types.js" */

/**
 * @typedef {object} Asked
 * @property {string} kpi
 * @property {string} period Empty where two days are asked for.
 * @property {string} from
 * @property {string} to
 * @property {string[]} by
 * @property {Record<string, string>} where By dimension, the value that is picked.
 * @property {string} role
 * @property {string} view
 * @property {string} as_of
 * @property {string} compare
 * @property {string} sort
 * @property {string} top
 * @property {"table" | "chart" | "facts" | "changes"} show
 * @property {string} fact The dossier whose proof is open.
 * @property {string} since
 * @property {string} until
 */

const PLAIN = /** @type {const} */ ([
  "kpi",
  "period",
  "from",
  "to",
  "role",
  "view",
  "as_of",
  "compare",
  "sort",
  "top",
  "fact",
  "since",
  "until",
]);
const SHOWS = /** @type {const} */ (["table", "chart", "facts", "changes"]);
const OTHERS = new Set([...PLAIN, "by", "show", "lang"]);

/** From where a figure is taken apart, step by step, down to what it counts. */
const STEPS = [
  "level",
  "unit",
  "field",
  "procedure",
  "station",
  "area",
  "reporter",
  "service",
  "method",
  "match",
  "source",
];
export const TIMES = ["day", "week", "month", "quarter", "year"];

/** @param {string} search @returns {Asked} */
export function read(search) {
  const query = new URLSearchParams(search);
  const plain = Object.fromEntries(PLAIN.map((name) => [name, query.get(name) ?? ""]));
  const where = Object.fromEntries([...query].filter(([name, v]) => !OTHERS.has(name) && v));
  const { from, to } = plain;
  return {
    .../** @type {Record<typeof PLAIN[number], string>} */ (plain),
    kpi: plain.kpi || "dossier_on_time_share",
    period: from || to ? "" : plain.period || thisYear(),
    by: (query.get("by") ?? "").split(",").filter(Boolean),
    where,
    show: SHOWS.find((show) => show === query.get("show")) ?? "table",
  };
}

/** @param {Asked} asked */
export function write(asked) {
  const query = new URLSearchParams();
  const { by, where, show } = asked;
  for (const name of PLAIN) if (asked[name]) query.set(name, asked[name]);
  if (by.length) query.set("by", by.join(","));
  for (const [name, value] of Object.entries(where)) query.set(name, value);
  if (show !== "table") query.set("show", show);
  query.set("lang", page.now.lang);
  return `?${query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":")}`;
}

/**
 * What the hub is asked of the figures.
 * @param {Asked} asked
 * @param {string[]} by
 */
export function figureQuery(asked, by = asked.by) {
  const { period, from, to, role, view, as_of, where } = asked;
  const plain = { period, from, to, role, view, as_of, ...where };
  const query = new URLSearchParams(Object.entries(plain).filter(([, value]) => value));
  if (by.length) query.set("by", by.join(","));
  return query;
}

/** @param {Asked} asked */
export function rankingQuery(asked) {
  const query = figureQuery(asked);
  const { compare, sort, top } = asked;
  for (const [name, value] of Object.entries({ compare, sort, top })) {
    if (value) query.set(name, value);
  }
  return query;
}

/** The dimensions of a KPI. @param {DefinedKpi | undefined} kpi */
export const dimensionsOf = (kpi) => kpi?.dimensions.map(({ name }) => name) ?? [];

/**
 * The question one step deeper: of one row, split by what comes next; at last what it counts.
 * @param {Asked} asked
 * @param {Record<string, string>} dims Of the row.
 * @param {string[]} dimensions Of the KPI.
 * @returns {Asked}
 */
export function deeper(asked, dims, dimensions) {
  const time = TIMES.find((name) => dims[name]);
  const picked = Object.entries(dims).filter(([name]) => !TIMES.includes(name));
  const where = { ...asked.where, ...Object.fromEntries(picked) };
  const last = Math.max(...Object.keys(where).map((name) => STEPS.indexOf(name)));
  const next = STEPS.find((name, i) => i > last && dimensions.includes(name) && !where[name]);
  const period = time ? { period: dims[time], from: "", to: "" } : {};
  const shown = { by: next ? [next] : [], show: next ? asked.show : "facts", sort: "", top: "" };
  return { ...asked, ...period, ...shown, where, fact: "" };
}

/**
 * The steps that led to a question, each a question of its own, the whole first.
 * @param {Asked} asked
 * @param {string[]} dimensions
 * @returns {{ name: string, asked: Asked }[]}
 */
export function trail(asked, dimensions) {
  const names = Object.keys(asked.where).sort((a, b) => STEPS.indexOf(a) - STEPS.indexOf(b));
  const first = STEPS.filter((name) => dimensions.includes(name)).slice(0, 1);
  /** @type {Asked} */
  let at = { ...asked, where: {}, by: first, sort: "", top: "", show: "table", fact: "" };
  const steps = [{ name: "", asked: at }];
  for (const name of names) {
    at = { ...deeper(at, { [name]: asked.where[name] }, dimensions) };
    steps.push({ name, asked: at });
  }
  return steps;
}
