// What could not be read: one notice per message, with everything that it is true of.

import { el } from "../el.js";
import { forget, retry } from "../failures.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { words } from "../words.js";

const t = words({
  vi: { where: "Khi đọc {0}", retry: "Thử lại", close: "Đóng" },
  en: { where: "While reading {0}", retry: "Try again", close: "Close" },
});

export class PageNotices extends Part {
  static follows = [page.changes("lang", "failures")];

  #box = el("div", { id: "notices", "aria-live": "polite" });

  build() {
    return [this.#box];
  }

  draw() {
    /** @type {Map<string, string[]>} */
    const names = new Map();
    for (const [name, { trouble }] of page.now.failures) {
      const text = trouble.say();
      names.set(text, [...(names.get(text) ?? []), name]);
    }
    this.#box.replaceChildren(...[...names].map(([text, some]) => notice(text, some)));
  }
}

/** @param {string} text @param {string[]} names */
function notice(text, names) {
  const places = names.flatMap((name) => page.now.failures.get(name)?.place?.() ?? []);
  const small = places.length > 0 && el("small", {}, t("where", places.join(", ")));
  const said = el("p", {}, el("strong", {}, text), ...(small ? [" ", small] : []));
  if (!small) return el("div", { class: "notice" }, said);
  return el(
    "div",
    { class: "notice" },
    said,
    el("button", { type: "button", onclick: retry }, t("retry")),
    el("button", { type: "button", onclick: () => forget(names) }, t("close")),
  );
}

customElements.define("page-notices", PageNotices);
