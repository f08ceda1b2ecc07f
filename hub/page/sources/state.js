// What the parts of the page of sources share.

import { Store } from "../store.js";

/** @import { Sources } from "../types.js" */

/** @type {{ answer: Sources | null }} */
const first = { answer: null };

export const sources = new Store(first);
