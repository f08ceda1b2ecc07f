// What the parts of the page of water share: what is asked for, and what the hub says of it.

import { ask } from "../ask.js";
import { guarded } from "../failures.js";
import { page, remember } from "../page.js";
import { Store } from "../store.js";
import { thisYear } from "../strings.js";

/** @import { Branches, By, OneStation, Stations, Weeks } from "./types.js" */

const asked = new URLSearchParams(location.search);

/**
 * @typedef {object} WaterState
 * @property {string} at The local minute that is shown, as "2023-03-20T06:00"; empty for now.
 * @property {string} code The chosen station; empty until there is one.
 * @property {number} limit The threshold in g/L whose windows are shown.
 * @property {By} by How the week before is laid upon this one.
 * @property {Stations | null} stations
 * @property {Branches | null} branches
 * @property {OneStation | null} station What the chosen one is told with.
 * @property {Weeks | null} weeks
 * @property {{ name: "end" | "peak", at: string, period: string }[]} suggested Instants that have
 *   something to show, where the hub's figures are of a past year.
 * @property {"connecting" | "live" | "lost" | "past"} link
 */

/** @type {WaterState} */
const first = {
  at: asked.get("at") ?? "",
  code: asked.get("station") ?? "",
  limit: Number(asked.get("limit")) || 1,
  by: asked.get("by") === "clock" ? "clock" : "tide",
  stations: null,
  branches: null,
  station: null,
  weeks: null,
  suggested: [],
  link: "connecting",
};

export const water = new Store(first);

/** @param {Record<string, string>} [more] */
export function question(more = {}) {
  const { at } = water.now;
  return new URLSearchParams({ ...(at && { at: `${at}+07:00` }), ...more });
}

/** Names what is on the screen: answers that come for something else are dropped. */
const screen = () => [water.now.at, water.now.code, water.now.by].join();

/** A hub whose figures are of a past year is shown as it was at that year's end. */
async function begin() {
  if (page.now.list) return;
  /** @type {import("../types.js").Catalogue} */
  const list = await ask("/v1/kpis");
  if (page.now.list) return; // another reading was first
  page.set({ list });
  const period = list.default_period;
  if (!period || period === thisYear()) return;
  const end = { name: /** @type {const} */ ("end"), at: `${period}-12-31T23:59`, period };
  water.set({ suggested: [end], at: water.now.at || end.at });
  void guarded("peak", null, () => readPeak(period));
}

/**
 * Finds the day of a year on which the water was saltiest.
 * @param {string} period
 */
async function readPeak(period) {
  const path = `/v1/kpis/salinity_max?${new URLSearchParams({ period, by: "day" })}`;
  /** @type {{ figures: import("../types.js").Figure[] }} */
  const { figures } = await ask(path);
  const known = figures.filter(({ value }) => value !== null);
  if (!known.length) return;
  const peak = known.reduce((a, b) => (Number(b.numerator) > Number(a.numerator) ? b : a));
  const at = `${peak.dims?.day}T23:59`;
  water.set({ suggested: [...water.now.suggested, { name: "peak", at, period }] });
}

async function readAll() {
  await begin();
  const at = water.now.at;
  /** @type {[Stations, Branches]} */
  const [stations, branches] = await Promise.all([
    ask(`/v1/stations?${question()}`),
    ask(`/v1/branches?${question()}`),
  ]);
  if (at !== water.now.at) return;
  const { stations: listed } = stations;
  const isListed = listed.some(({ station }) => station === water.now.code);
  const code = isListed ? water.now.code : (listed[0]?.station ?? "");
  page.set({ updatedAt: stations.at });
  water.set({ stations, branches, code, ...(code ? {} : { station: null, weeks: null }) });
  if (code) await readStation();
}

/** Reads the chosen station; windows again only where a later value has come. */
async function readStation() {
  const { code, by, stations, station: before } = water.now;
  const wanted = screen();
  const path = `/v1/stations/${encodeURIComponent(code)}`;
  /** @type {Weeks} */
  const weeks = await ask(`${path}/weeks?${question({ by })}`);
  if (wanted !== screen()) return;
  water.set({ weeks });
  const latest = stations?.stations.find(({ station }) => station === code)?.latest;
  if (before && before.station === code && before.latest?.at === latest?.at) return;
  /** @type {OneStation} */
  const station = await ask(`${path}?${question()}`);
  if (wanted === screen()) water.set({ station });
}

export const read = () => guarded("water", null, readAll);

/** @param {string} at */
export function show(at) {
  remember({ at });
  water.set({ at, stations: null, branches: null, station: null, weeks: null });
  void read();
}

/** @param {string} code */
export function choose(code) {
  remember({ station: code });
  water.set({ code, station: null, weeks: null });
  void guarded("water", null, readStation);
}

/** @param {number} limit */
export function limitTo(limit) {
  remember({ limit: String(limit) });
  water.set({ limit });
}

/** @param {By} by */
export function layBy(by) {
  remember({ by });
  water.set({ by, weeks: null });
  void guarded("water", null, readStation);
}
