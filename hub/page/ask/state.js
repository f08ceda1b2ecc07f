// What the parts of the page of questions share: what is asked, and what the hub answers.

import { ask } from "../ask.js";
import { guarded } from "../failures.js";
import { page } from "../page.js";
import { Store } from "../store.js";
import { figureQuery, rankingQuery, read as readAddress, write } from "./address.js";

/** @import { DefinedKpi } from "../types.js" */
/** @import { Asked } from "./address.js" */
/** @import { Changes, Facts, Proof, Ranking, Restated } from "./types.js" */

/**
 * @typedef {object} AskingState
 * @property {Asked} asked
 * @property {DefinedKpi[]} kpis
 * @property {Ranking | null} ranking
 * @property {Facts | null} facts
 * @property {Proof | null} proof
 * @property {Restated | null} restated Why the whole figure is another than the official one.
 * @property {Changes | null} changes
 * @property {boolean} isLoading
 */

/** @type {AskingState} */
const first = {
  asked: readAddress(location.search),
  kpis: [],
  ranking: null,
  facts: null,
  proof: null,
  restated: null,
  changes: null,
  isLoading: true,
};

export const asking = new Store(first);

const FACTS_A_PAGE = "50";
/** How many a file has at most. */
export const FACTS_MAX = "1000";
const NOTHING = { ranking: null, facts: null, proof: null, restated: null, changes: null };

/** The KPI that is asked for. */
export const kpiAsked = () => asking.now.kpis.find(({ id }) => id === asking.now.asked.kpi);

/** Where a question is answered. @param {Asked} asked */
export const rankingPath = (asked) => `/v1/kpis/${asked.kpi}/ranking?${rankingQuery(asked)}`;

/**
 * Asks something else: it stands in the address, and going back asks again what was before.
 * @param {Partial<Asked>} changes
 */
export function go(changes) {
  const asked = { ...asking.now.asked, ...changes };
  history.pushState(null, "", write(asked));
  asking.set({ asked });
  return read();
}

addEventListener("popstate", () => {
  asking.set({ asked: readAddress(location.search) });
  void read();
});

// The language is part of the address that is sent to somebody.
page.changes("lang")(() => history.replaceState(null, "", write(asking.now.asked)));

export const read = () => guarded("ask", null, readAnswer);

async function readAnswer() {
  const { asked } = asking.now;
  asking.set({ ...NOTHING, isLoading: true });
  try {
    if (!page.now.list) page.set({ list: await ask("/v1/kpis") });
    if (!asking.now.kpis.length) asking.set({ kpis: (await ask("/v1/catalogue")).kpis });
    const found = asked.show === "changes" ? await readChanges(asked) : await readFigures(asked);
    if (asked === asking.now.asked) asking.set(found);
  } finally {
    if (asked === asking.now.asked) asking.set({ isLoading: false });
  }
}

/** @param {Asked} asked @returns {Promise<Partial<AskingState>>} */
async function readFigures(asked) {
  /** @type {Ranking} */
  const ranking = await ask(rankingPath(asked.show === "facts" ? { ...asked, by: [] } : asked));
  page.set({ updatedAt: ranking.as_of ?? "" });
  const facts = asked.show === "facts" ? await ask(factsPath(asked)) : null;
  const proof = asked.fact ? await ask(proofPath(asked)) : null;
  const restated = ranking.whole?.status === "restated" ? await whyRestated(asked) : null;
  return { ranking, facts, proof, restated };
}

/** @param {Asked} asked */
const proofPath = ({ kpi, fact }) =>
  `/v1/kpis/${kpi}/explain?${new URLSearchParams({ entity: fact })}`;

/**
 * The order that facts are listed in: what is latest first, where something can be late.
 * @param {Asked} asked
 */
const factsSort = ({ kpi }) => (kpi.startsWith("dossier_overdue") ? "-overdue_us" : "-numerator");

/**
 * Where a page of what a figure counts is.
 * @param {Asked} asked @param {string} [after] @param {string} [limit]
 */
export function factsPath(asked, after = "", limit = FACTS_A_PAGE) {
  const query = figureQuery(asked, []);
  query.set("limit", limit);
  query.set("sort", factsSort(asked));
  if (after) query.set("after", after);
  return `/v1/kpis/${asked.kpi}/facts?${query}`;
}

/** Reads the next page of what a figure counts. */
export const readMore = () =>
  guarded("facts", null, async () => {
    const { asked, facts } = asking.now;
    if (!facts?.next) return;
    /** @type {Facts} */
    const more = await ask(factsPath(asked, facts.next));
    if (asked !== asking.now.asked) return;
    asking.set({ facts: { ...more, total: facts.total, facts: [...facts.facts, ...more.facts] } });
  });

/** @param {Asked} asked @returns {Promise<Restated | null>} */
async function whyRestated({ kpi, period, where }) {
  if (!period || Object.keys(where).length) return null;
  const { restatements } = await ask(`/v1/periods/${period}/restatements`);
  return restatements.find((/** @type {Restated} */ one) => one.kpi === kpi) ?? null;
}

/** @param {Asked} asked @returns {Promise<Partial<AskingState>>} */
async function readChanges({ period, since, until }) {
  if (!since) return {};
  const zoned = (/** @type {string} */ local) => `${local}+07:00`;
  const query = new URLSearchParams({ since: zoned(since), ...(until && { until: zoned(until) }) });
  if (period) query.set("period", period);
  /** @type {Changes} */
  const changes = await ask(`/v1/changes?${query}`);
  page.set({ updatedAt: changes.until });
  return { changes };
}
