// What of the period does not look true: asked for by a button, as it reads their events.

import { el } from "../el.js";
import { findingItems } from "../elements/finding-items.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer } from "../strings.js";
import { words } from "../words.js";
import { findAgain, reports } from "./state.js";

const t = words({
  vi: {
    find: "Dấu hiệu dữ liệu không thật",
    none: "Không thấy dấu hiệu nào.",
    stays: "{0} dấu hiệu; số liệu không đổi vì chúng.",
  },
  en: {
    find: "What does not look true",
    none: "Nothing was found.",
    stays: "{0} findings; no figure is changed by them.",
  },
});

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
    this.#list.replaceChildren(...findingItems(findings));
  }
}

customElements.define("finding-list", FindingList);
