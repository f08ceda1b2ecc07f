// What the parts of the page of alerts share: which are asked for, and what the hub says of them.

import { ask, post } from "../ask.js";
import { guarded } from "../failures.js";
import { page, remember } from "../page.js";
import { Store } from "../store.js";
import { thisYear } from "../strings.js";

/** @import { AlertState, Alerts } from "../types.js" */
/**
 * @typedef {object} Delivery That somebody is told of an alert; without a recipient nobody is.
 * @property {string} alert
 * @property {string | null} recipient
 * @property {string | null} outlet
 * @property {string | null} escalated_to
 * @property {"waiting" | "sent" | "failed" | "nobody"} state
 * @property {string} due_at
 * @property {string} at
 * @typedef {object} Bulletins How many people were told of an alert by an outlet, by state.
 * @property {string} alert
 * @property {string} outlet
 * @property {"waiting" | "sent" | "failed" | "dropped" | "nobody"} state
 * @property {number} count
 * @typedef {{ deliveries: Delivery[], people: Bulletins[] }} Deliveries Answer of `/v1/deliveries`.
 */

/** @type {AlertState[]} */
export const STATES = ["open", "acknowledged", "cleared", "withdrawn"];

const asked = /** @type {AlertState} */ (new URLSearchParams(location.search).get("state"));

/** @type {{ wanted: AlertState, answer: Alerts | null } & Deliveries} */
const first = {
  wanted: STATES.includes(asked) ? asked : "open",
  answer: null,
  deliveries: [],
  people: [],
};

export const alerts = new Store(first);

async function readAlerts() {
  if (!page.now.list) page.set({ list: await ask("/v1/kpis"), period: thisYear() });
  const { wanted } = alerts.now;
  /** @type {Alerts} */
  const answer = await ask(`/v1/alerts?${new URLSearchParams({ state: wanted })}`);
  /** @type {Deliveries} */
  const { deliveries, people } = await ask("/v1/deliveries?to=officers");
  if (wanted !== alerts.now.wanted) return; // something else was asked for meanwhile
  page.set({ updatedAt: answer.as_of ?? "" });
  alerts.set({ answer, deliveries, people });
}

export const read = () => guarded("alerts", null, readAlerts);

/** @param {AlertState} wanted */
export function choose(wanted) {
  remember({ state: wanted });
  alerts.set({ wanted, answer: null });
  void read();
}

/**
 * Says something of an alert, with the reader's key.
 * @param {string} alert
 * @param {"acknowledge" | "comment"} what
 * @param {string} comment
 */
export function say(alert, what, comment) {
  return guarded("said", null, async () => {
    await post(`/v1/alerts/${alert}/${what}`, comment ? { comment } : {});
    await readAlerts();
  });
}
