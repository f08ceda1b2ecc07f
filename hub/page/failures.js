// What a page could not read, and how to read it again.

import { Trouble } from "./ask.js";
import { page } from "./page.js";

/**
 * @typedef {object} Failure
 * @property {Trouble} trouble
 * @property {(() => string) | null} place Names in the reader's language what was read; null where
 *   the page reads one thing, and again by itself.
 * @property {() => Promise<void>} read
 */

/**
 * Runs a read. Its trouble is shown until a read of the same name succeeds.
 * @param {string} name
 * @param {Failure["place"]} place
 * @param {Failure["read"]} read
 */
export async function guarded(name, place, read) {
  try {
    await read();
    forget([name]);
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    const failures = new Map(page.now.failures);
    page.set({ failures: failures.set(name, { trouble: error, place, read }) });
  }
}

/**
 * Takes away what is shown of some failures.
 * @param {string[]} names
 */
export function forget(names) {
  const failures = new Map(page.now.failures);
  if (names.filter((name) => failures.delete(name)).length) page.set({ failures });
}

/** Reads again whatever failed; what succeeds loses its notice. */
export function retry() {
  for (const [name, { place, read }] of page.now.failures) void guarded(name, place, read);
}
