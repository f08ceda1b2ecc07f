// What the parts of the page of payments and fees share: what is asked for, and the answers.

import { ask } from "../ask.js";
import { readGroups } from "../board/groups.js";
import { guarded } from "../failures.js";
import { page, remember } from "../page.js";
import { Store } from "../store.js";
import { thisYear } from "../strings.js";

/** @import { Figure, Row } from "../types.js" */
/** @import { Findings } from "../reports/types.js" */
/** @import { WorkList } from "./types.js" */

/** What shares are split by. */
export const SPLITS = ["service", "reporter", "area", "month"];
export const KPIS = [
  "payment_cashless_customer_share",
  "payment_cashless_transaction_share",
  "payment_cashless_amount_share",
  "payment_transactions",
  "payment_amount",
];
/** The lists, and what each is narrowed by. */
export const LISTS = /** @type {const} */ ({
  fees_unmatched: ["unit", "match"],
  payment_calendar: ["reporter"],
  payment_revisions: ["reporter", "service"],
});
/** @typedef {keyof typeof LISTS} ListName */
export const NAMES = /** @type {ListName[]} */ (Object.keys(LISTS));
const PAGES_MAX = 10; // of a thousand rows each: what is longer is read as a file

const asked = new URLSearchParams(location.search);

/** @param {string[]} known @param {string} name */
const asks = (known, name) => known.find((one) => one === asked.get(name)) ?? known[0];

/**
 * @typedef {object} MoneyState
 * @property {string} split
 * @property {ReadonlyMap<string, Figure[]> | null} shares By KPI: that of the whole, then the parts.
 * @property {Row[]} owed The calendar of reports.
 * @property {ListName} name Which list is shown.
 * @property {Record<string, string>} narrowed By dimension, what the list is narrowed to.
 * @property {string[]} classes The classes in which fees stand open.
 * @property {WorkList | null} list
 * @property {Findings | null} findings
 */

/** @type {MoneyState} */
const first = {
  split: asks(SPLITS, "split"),
  shares: null,
  owed: [],
  name: /** @type {ListName} */ (asks(NAMES, "list")),
  narrowed: Object.fromEntries(
    [...asked].filter(([name]) =>
      Object.values(LISTS)
        .flat()
        .some((one) => one === name),
    ),
  ),
  classes: [],
  list: null,
  findings: null,
};

export const money = new Store(first);

/** What is asked of the list that is shown. */
export function listQuery() {
  const { name, narrowed } = money.now;
  const wanted = new URLSearchParams({ period: page.now.period });
  for (const dim of LISTS[name]) if (narrowed[dim]) wanted.set(dim, narrowed[dim]);
  return wanted;
}

/** @param {string} kpi @param {Record<string, string>} more @returns {Promise<Figure[]>} */
async function figuresOf(kpi, more = {}) {
  const wanted = new URLSearchParams({ period: page.now.period, ...more });
  return (await ask(`/v1/kpis/${kpi}?${wanted}`)).figures;
}

/** @param {string} name @param {URLSearchParams} wanted @returns {Promise<WorkList>} */
async function rowsOf(name, wanted) {
  /** @type {WorkList} */
  const list = await ask(`/v1/lists/${name}?${wanted}`);
  for (let i = 1; i < PAGES_MAX && list.next_offset !== null; i += 1) {
    wanted.set("offset", String(list.next_offset));
    const { rows, next_offset } = await ask(`/v1/lists/${name}?${wanted}`);
    list.rows.push(...rows);
    list.next_offset = next_offset;
  }
  return list;
}

async function readShares() {
  const { split } = money.now;
  const { period } = page.now;
  const read = KPIS.map(async (kpi) => {
    const parts = await Promise.all([figuresOf(kpi), figuresOf(kpi, { by: split })]);
    return /** @type {const} */ ([kpi, parts.flat()]);
  });
  const shares = new Map(await Promise.all(read));
  const { rows } = await rowsOf("payment_calendar", new URLSearchParams({ period }));
  if (split !== money.now.split || period !== page.now.period) return; // another was asked for
  money.set({ shares, owed: rows });
}

async function readList() {
  const { name } = money.now;
  const wanted = String(listQuery());
  const open = name === "fees_unmatched" ? await figuresOf("fee_unmatched_amount", byClass()) : [];
  const list = await rowsOf(name, new URLSearchParams(wanted));
  if (name !== money.now.name || wanted !== String(listQuery())) return;
  money.set({ list, classes: open.map(({ dims }) => dims?.match ?? "").filter(Boolean) });
}

/** The classes that there are to choose from, whichever is chosen. */
function byClass() {
  const { unit } = money.now.narrowed;
  return { by: "match", ...(unit && { unit }) };
}

async function readFindings() {
  const { period } = page.now;
  const read = ["payment", "fee"].map((contract) =>
    ask(`/v1/findings?${new URLSearchParams({ period, contract })}`),
  );
  /** @type {Findings[]} */
  const [payments, fees] = await Promise.all(read);
  if (period !== page.now.period) return;
  page.set({ updatedAt: payments.as_of ?? "" });
  money.set({
    findings: {
      as_of: payments.as_of,
      total: payments.total + fees.total,
      rules: [...payments.rules, ...fees.rules],
      findings: [...payments.findings, ...fees.findings],
    },
  });
}

export const showShares = () => guarded("shares", null, readShares);
export const showList = () => guarded("list", null, readList);

/** Reads all that the page shows. */
export const read = () =>
  guarded("money", null, async () => {
    if (!page.now.list) {
      const list = await ask("/v1/kpis");
      page.set({ list, period: page.now.period || list.default_period || thisYear() });
      await readGroups();
    }
    money.set({ shares: null, list: null, findings: null });
    await Promise.all([showShares(), showList(), guarded("findings", null, readFindings)]);
  });

/** @param {string} split */
export function chooseSplit(split) {
  remember({ split });
  money.set({ split });
  void showShares();
}

/** @param {ListName} name */
export function chooseList(name) {
  remember({ list: name });
  money.set({ name, list: null });
  void showList();
}

/** @param {Record<string, string>} narrowed */
export function narrow(narrowed) {
  remember(narrowed);
  money.set({ narrowed: { ...money.now.narrowed, ...narrowed } });
  void showList();
}
