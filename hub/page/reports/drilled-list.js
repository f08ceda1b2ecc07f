// The dossiers that a number of the report counts.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer } from "../strings.js";
import { words } from "../words.js";
import { reports } from "./state.js";

const t = words({
  vi: { of: "{0} hồ sơ ở cột {1} {2}", whole: "toàn biểu" },
  en: { of: "{0} dossiers in column {1} {2}", whole: "of the whole report" },
});

export class DrilledList extends Part {
  static follows = [page.changes("lang"), reports.changes("drill")];

  #title = el("h2");
  #list = el("ul", { id: "drilled" });

  build() {
    return [this.#title, this.#list];
  }

  draw() {
    const { drill } = reports.now;
    this.#title.textContent = drill
      ? t("of", integer(drill.total), drill.column, drill.code || t("whole"))
      : "";
    this.#list.replaceChildren(...(drill?.facts ?? []).map((code) => el("li", {}, code)));
  }
}

customElements.define("drilled-list", DrilledList);
