// What the parts of the page of repair share: the rejected items, and what was answered last.

import { ask, post, Trouble } from "../ask.js";
import { guarded } from "../failures.js";
import { page } from "../page.js";
import { Store } from "../store.js";

/** @import { Cause, ContractForm, Held, ItemState, Kpi, Outcome, Quarantine } from "../types.js" */

export const STATES = /** @type {const} */ (["open", "fixed", "replayed", "discarded"]);

/**
 * @typedef {object} RepairState
 * @property {ItemState} wanted The state of the items that are shown.
 * @property {Cause[] | null} causes Null until they are read.
 * @property {ReadonlyMap<string, Kpi>} kpis By their ids.
 * @property {ReadonlyMap<string, Outcome | Trouble>} outcomes The answer to the last act upon an
 *   item or a cause, by its name.
 * @property {ReadonlyMap<string, ContractForm>} forms By contract, its fields in words.
 * @property {Held[]} held Events that wait for their sender's standing.
 * @property {number} readings How often the causes were read.
 */

const asked = new URLSearchParams(location.search).get("state");

/** @type {RepairState} */
const first = {
  wanted: STATES.find((state) => state === asked) ?? "open",
  causes: null,
  held: [],
  kpis: new Map(),
  forms: new Map(),
  outcomes: new Map(),
  readings: 0,
};

export const repair = new Store(first);

/** @param {Cause} cause */
export const nameOf = ({ contract, sender, rule, field }) =>
  [contract, sender, rule, field].join("|");

/** @param {Cause} cause */
export const filterOf = ({ contract, sender, rule, field }) => ({ contract, sender, rule, field });

/** @param {Record<string, string>} filter @returns {Promise<Quarantine>} */
export const listItems = (filter) => ask(`/v1/quarantine?${new URLSearchParams(filter)}`);

/**
 * @param {"fix" | "try" | "replay" | "discard"} act
 * @param {unknown} body
 * @returns {Promise<Outcome>}
 */
export const act = (act, body) => post(`/v1/quarantine/${act}`, body);

/**
 * Reads; a trouble is shown until the next read.
 * @param {() => Promise<void>} read
 */
export const guardedRead = (read) => guarded("items", null, read);

export const readCauses = () =>
  guardedRead(async () => {
    if (!repair.now.kpis.size) {
      /** @type {{ kpis: Kpi[] }} */
      const { kpis } = await ask("/v1/kpis");
      /** @type {{ contracts: ContractForm[] }} */
      const { contracts } = await ask("/v1/contracts");
      const forms = new Map(contracts.map((form) => [form.contract, form]));
      repair.set({ kpis: new Map(kpis.map((kpi) => [kpi.id, kpi])), forms });
    }
    const { wanted, readings } = repair.now;
    const { groups: causes } = await listItems({ state: wanted });
    /** @type {{ held: Held[] }} */
    const { held } = await ask("/v1/held");
    if (wanted === repair.now.wanted) repair.set({ causes, held, readings: readings + 1 });
  });

/**
 * Does something, and keeps what was answered.
 * @param {string} name Of the item or the cause.
 * @param {() => Promise<Outcome>} work
 */
export async function keepOutcome(name, work) {
  const outcome = await work().catch((error) => {
    if (error instanceof Trouble) return error;
    throw error;
  });
  repair.set({ outcomes: new Map(repair.now.outcomes).set(name, outcome) });
}

/**
 * How a contract's field is called and filled in, where the contract has it.
 * @param {string} contract
 * @param {string} field
 */
export const columnOf = (contract, field) =>
  repair.now.forms.get(contract)?.columns.find((column) => column.field === field);

/**
 * Names a field in the reader's language; what the contract does not have by itself.
 * @param {string} contract
 * @param {string} field
 */
export function fieldName(contract, field) {
  const column = columnOf(contract, field);
  if (!column) return field;
  return page.now.lang === "vi" ? column.header : column.title_en;
}
