// What the parts of the page of systems share.

import { remember } from "../page.js";
import { Store } from "../store.js";

/** @import { Systems } from "./types.js" */

const asked = new URLSearchParams(location.search);

/** @type {{ answer: Systems | null, finding: string, text: string }} */
const first = {
  answer: null,
  // Which systems are shown: all, or those with a finding, or with any.
  finding: asked.get("finding") ?? "",
  text: asked.get("text") ?? "",
};

export const ANY = "any";
export const systems = new Store(first);

/** @param {{ finding?: string, text?: string }} wish */
export function narrow(wish) {
  systems.set(wish);
  const { finding, text } = systems.now;
  remember({ finding, text });
}

/** The systems that are shown. */
export function shown() {
  const { answer, finding, text } = systems.now;
  const wanted = text.trim().toLocaleLowerCase();
  return (answer?.systems ?? []).filter(
    (system) =>
      (!finding ||
        (finding === ANY ? system.findings.length : system.findings.includes(finding))) &&
      [system.id, system.title_vi, system.title_en, system.owner]
        .filter((part) => part !== null)
        .some((part) => part.toLocaleLowerCase().includes(wanted)),
  );
}
