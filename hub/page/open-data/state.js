// What the parts of the page of open data share.

import { ask } from "../ask.js";
import { guarded } from "../failures.js";
import { Store } from "../store.js";

/** @import { OpenData, Said } from "./types.js" */

/** @type {{ open: (OpenData & Said) | null }} */
const first = { open: null };

export const opened = new Store(first);

export const read = () =>
  guarded("open-data", null, async () => {
    /** @type {OpenData & Said} */
    const open = await ask("/v1/open-data");
    opened.set({ open });
  });

/** The name of a file of a release. @param {string} url */
export const nameOf = (url) => url.slice(url.lastIndexOf("/") + 1);
