// What of payments and fees does not look true: parts that are not the whole, shared documents.

import { el } from "../el.js";
import { findingItems } from "../elements/finding-items.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer } from "../strings.js";
import { words } from "../words.js";
import { money } from "./state.js";

const t = words({
  vi: {
    title: "Dấu hiệu cần xem",
    none: "Không thấy thống kê nào khác tổng các phần, không thấy giao dịch, biên lai nào dùng chung.",
    stays: "{0} dấu hiệu; số liệu không đổi vì chúng.",
  },
  en: {
    title: "To be looked at",
    none: "No statistic differs from its parts, no transaction or receipt is shared.",
    stays: "Findings: {0}; no figure is changed by them.",
  },
});

export class MoneyFindings extends Part {
  static follows = [page.changes("lang"), money.changes("findings")];

  #title = el("h2", { id: "findings-title" });
  #note = el("p", { id: "found" });
  #list = el("ul", { id: "findings" });

  build() {
    const heading = el("div", { class: "heading" }, this.#title, this.#note);
    return [el("section", { "aria-labelledby": "findings-title" }, heading, this.#list)];
  }

  draw() {
    const { findings } = money.now;
    this.#title.textContent = t("title");
    const total = findings?.total ?? 0;
    this.#note.textContent = findings ? (total ? t("stays", integer(total)) : t("none")) : "";
    this.#list.replaceChildren(...findingItems(findings));
  }
}

customElements.define("money-findings", MoneyFindings);
