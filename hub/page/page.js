// What all parts of a page share: the reader's language and period, and what could not be read.

import { Store } from "./store.js";

/** @import { Catalogue, Lang } from "./types.js" */
/** @import { Failure } from "./failures.js" */

export const LANGS = /** @type {const} */ (["vi", "en"]);

/**
 * @typedef {object} PageState
 * @property {Lang} lang
 * @property {Catalogue | null} list The KPIs and the years that have events.
 * @property {string} period The period that is shown; empty until it is known.
 * @property {boolean} isChosen The reader chose the period: the hub's default is not followed.
 * @property {string} asOf The local time, as in "2026-01-15T08:00:30", of which figures are shown;
 *   empty for now.
 * @property {string} updatedAt When the hub last committed.
 * @property {boolean} isKeyAsked The hub asked for a key.
 * @property {ReadonlyMap<string, Failure>} failures By name, what could not be read.
 * @property {string} spoken What is told to a screen reader.
 */

/** What the address asks for. */
const asked = new URLSearchParams(location.search);

/** @param {string | null} wish */
const langOf = (wish) => LANGS.find((lang) => lang === wish);

/** The language asked for in the address, else the one kept from before, else Vietnamese. */
const wishedLang = () => langOf(asked.get("lang")) ?? langOf(localStorage.getItem("lang")) ?? "vi";

/** @type {PageState} */
const first = {
  lang: wishedLang(),
  list: null,
  period: asked.get("period") ?? "",
  isChosen: Boolean(asked.get("period")),
  asOf: asked.get("as_of") ?? "",
  updatedAt: "",
  isKeyAsked: false,
  failures: new Map(),
  spoken: "",
};

export const page = new Store(first);

/**
 * Keeps values in the address, so that it can be shared.
 * @param {Record<string, string>} values An empty one is taken out.
 */
export function remember(values) {
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(values)) {
    if (value) query.set(key, value);
    else query.delete(key);
  }
  history.replaceState(null, "", `?${query}`);
}
