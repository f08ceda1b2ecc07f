// What the parts of the page of the catalogue share.

import { Store } from "../store.js";

/** @import { DefinedKpi } from "../types.js" */

/** @type {{ kpis: DefinedKpi[] | null }} */
const first = { kpis: null };

export const catalogue = new Store(first);
