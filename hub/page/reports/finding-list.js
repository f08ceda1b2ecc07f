// What of the period's dossiers does not look true: asked for by a button, as it reads their events.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer } from "../strings.js";
import { inLang, words } from "../words.js";
import { findAgain, reports } from "./state.js";

const t = words({
  vi: {
    find: "Dấu hiệu dữ liệu không thật",
    none: "Không thấy dấu hiệu nào.",
    stays: "{0} dấu hiệu; số liệu không đổi vì chúng.",
    more: "… và {0} hồ sơ nữa",
  },
  en: {
    find: "What does not look true",
    none: "Nothing was found.",
    stays: "{0} findings; no figure is changed by them.",
    more: "… and {0} dossiers more",
  },
});

const NAMED = 5;

export class FindingList extends Part {
  static follows = [page.changes("lang"), reports.changes("findings")];

  #button = el("button", { type: "button", id: "find", onclick: () => void findAgain() });
  #said = el("p", { id: "found" });
  #list = el("ul", { id: "findings" });

  build() {
    return [this.#button, this.#said, this.#list];
  }

  draw() {
    const { findings } = reports.now;
    this.#button.textContent = t("find");
    const total = findings?.total ?? 0;
    this.#said.textContent = findings ? (total ? t("stays", integer(total)) : t("none")) : "";
    const rules = new Map(findings?.rules.map((rule) => [rule.rule, rule]));
    const items = (findings?.findings ?? []).map(
      ({ rule, unit, at, count, entities, evidence }) => {
        const described = rules.get(rule);
        const shown = Object.entries(evidence).map(([name, value]) => `${name}: ${value ?? "–"}`);
        const left = count - Math.min(count, NAMED);
        const named = entities.slice(0, NAMED).join(" ") + (left ? ` ${t("more", left)}` : "");
        const title = described ? inLang(described, "title") : rule;
        const meaning = described ? inLang(described, "meaning") : "";
        const line = [at.slice(0, 10), unit ?? "", title, named, ...shown].filter(Boolean);
        return el("li", { "data-rule": rule, title: meaning }, line.join(" · "));
      },
    );
    this.#list.replaceChildren(...items);
  }
}

customElements.define("finding-list", FindingList);
