// The KPI in words: what it asks, its formula, owner, versions and an example worked by hand.

import { el, none } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { inLang, words } from "../words.js";
import { asking, kpiAsked } from "./state.js";

const t = words({
  vi: {
    title: "Định nghĩa",
    formula: "Công thức",
    owner: "Cơ quan chủ trì",
    legal: "Căn cứ pháp lý của dữ liệu",
    version: "Phiên bản đang dùng",
    example: "Ví dụ tính tay",
    said: "kỳ {0}: {1} / {2}",
    more: "Xem trong danh mục chỉ số",
  },
  en: {
    title: "Definition",
    formula: "Formula",
    owner: "Owner",
    legal: "Legal basis of the data",
    version: "Version in force",
    example: "Worked by hand",
    said: "period {0}: {1} / {2}",
    more: "See it in the catalogue",
  },
});

export class DefinitionBox extends Part {
  static follows = [page.changes("lang"), asking.changes("asked", "kpis")];

  #box = el("details", { id: "definition", class: "panel answer" });

  build() {
    return [this.#box];
  }

  draw() {
    const kpi = kpiAsked();
    this.hidden = !kpi || asking.now.asked.show === "changes";
    if (!kpi) return;
    const [example] = kpi.examples;
    const version = kpi.versions.find((one) => one.is_in_force)?.version ?? "";
    /** @type {[Parameters<typeof t>[0], Node | string][]} */
    const rows = [
      ["formula", el("code", {}, kpi.formula)],
      ["owner", kpi.owner],
      ["legal", kpi.legal_basis ?? none()],
      ["version", el("code", {}, version)],
    ];
    if (example) {
      const { period, numerator, denominator, why } = example;
      const said = el("span", { lang: "en" }, why);
      rows.push(["example", el("span", {}, t("said", period, numerator, denominator), ". ", said)]);
    }
    const href = `/catalogue?${new URLSearchParams({ q: kpi.id, lang: page.now.lang })}`;
    this.#box.replaceChildren(
      el("summary", {}, `${t("title")}: ${inLang(kpi, "question")}`),
      el(
        "dl",
        { class: "facts" },
        ...rows.flatMap(([name, said]) => [el("dt", {}, t(name)), el("dd", {}, said)]),
      ),
      el("p", {}, el("a", { href }, t("more"))),
    );
  }
}

customElements.define("definition-box", DefinitionBox);
