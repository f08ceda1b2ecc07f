// What the parts of the board share: the figures of the screen, and what they are asked by.

import { page } from "../page.js";
import { Store } from "../store.js";

/** @import { Figure, Group, Kpi, Progress } from "../types.js" */

/**
 * @typedef {object} BoardState
 * @property {Group[]} groups The groups of KPIs, in their order.
 * @property {ReadonlyMap<string, Figure>} figures By the key of their row.
 * @property {boolean} isRead An answer for the screen has come: what it lacks is absent.
 * @property {number} readings How often the screen was read: parts that ask for more then ask too.
 * @property {Progress | null} progress
 * @property {boolean} isLoading The hub is still loading its events.
 * @property {"connecting" | "live" | "lost" | "past"} link
 * @property {string} cut
 * @property {Readonly<Record<string, string>>} fresh By contract, when it was last heard, where that
 *   is later than its figures say.
 */

/** @type {BoardState} */
const first = {
  groups: [],
  figures: new Map(),
  isRead: false,
  readings: 0,
  progress: null,
  isLoading: false,
  link: "connecting",
  cut: "",
  fresh: {},
};

export const board = new Store(first);

/** @param {Figure} figure */
export const dimsOf = (figure) => figure.dims ?? {};

/**
 * When the contract of a figure was last heard; of one that is closed, as it was then.
 * @param {Kpi} kpi @param {Figure} figure
 */
export function freshOf(kpi, { fresh_at: then, status }) {
  const now = board.now.fresh[kpi.contract ?? ""];
  return now && then && now > then && status === "provisional" ? now : then;
}

/**
 * Names the row of a figure.
 * @param {Figure} figure
 */
export const keyOf = (figure) =>
  [
    figure.kpi,
    ...Object.entries(dimsOf(figure))
      .sort()
      .map((pair) => pair.join("=")),
  ].join("|");

/**
 * What a figure says: a row whose figure says something else has changed.
 * @param {Figure} figure
 */
export const readingOf = ({ numerator, denominator, value, met, status, restatement }) =>
  [
    numerator,
    denominator,
    value,
    met,
    status,
    restatement?.numerator,
    restatement?.denominator,
  ].join();

/** Names what is on the screen: answers that come for something else are dropped. */
export const screenOf = () => `${page.now.period} ${page.now.asOf}`;

/** Whether the hub has no events and loads none. */
export const isEmpty = () => page.now.list?.periods.length === 0 && !board.now.isLoading;

/**
 * The question of the screen.
 * @param {Record<string, string>} [more]
 */
export function asked(more = {}) {
  const { period, asOf } = page.now;
  return new URLSearchParams({ period, ...(asOf && { as_of: `${asOf}+07:00` }), ...more });
}

/**
 * Where a KPI's figures of the screen are.
 * @param {string} id
 * @param {Record<string, string>} [more]
 */
export const path = (id, more) => `/v1/kpis/${id}?${asked(more)}`;

/**
 * Names the rows: counts first, then shares, each in the order of the list; a KPI without a figure
 * keeps its place.
 * @returns {{ key: string, kpi: Kpi }[]}
 */
export function rowsWanted() {
  const { figures, groups } = board.now;
  const isShare = (/** @type {Kpi} */ kpi) => Number(kpi.measure_unit === "share");
  const kpis = page.now.list?.kpis.filter((kpi) => groups.some(({ id }) => id === kpi.group)) ?? [];
  return kpis
    .sort((a, b) => isShare(a) - isShare(b))
    .flatMap((kpi) => {
      const keys = [...figures].flatMap(([key, figure]) => (figure.kpi === kpi.id ? [key] : []));
      return (keys.length ? keys.sort() : [kpi.id]).map((key) => ({ key, kpi }));
    });
}
