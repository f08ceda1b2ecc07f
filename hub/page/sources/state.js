// What the parts of the page of sources share.

import { Store } from "../store.js";

/** @import { Ledger } from "../elements/types.js" */
/** @import { Sources } from "../types.js" */

/** @type {{ answer: Sources | null, ledger: Ledger | null }} */
const first = { answer: null, ledger: null };

export const sources = new Store(first);
