// The figures, in order of need.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { inLang, words } from "../words.js";
import { kpiTile } from "./kpi-tile.js";
import { overview } from "./state.js";

const t = words({
  vi: { figures: "Số liệu, việc cần xem trước" },
  en: { figures: "Figures, the most needed first" },
});

export class KpiTiles extends Part {
  static follows = [page.changes("lang"), overview.changes("answer")];

  #headline = el("p", { id: "headline" });
  #title = el("h2", { id: "figures-title" });
  #tiles = el("ul", { id: "otiles" });
  #section = el(
    "section",
    { class: "slides", "aria-labelledby": "figures-title" },
    this.#title,
    this.#tiles,
  );

  build() {
    return [this.#headline, this.#section];
  }

  draw() {
    const { answer } = overview.now;
    this.#headline.hidden = !answer;
    this.#section.hidden = !answer?.items.length;
    if (!answer) return;
    this.#headline.textContent = inLang(answer, "headline");
    this.#title.textContent = t("figures");
    const held = document.activeElement?.getAttribute("data-kpi");
    this.#tiles.replaceChildren(...answer.items.map(kpiTile));
    if (!held) return;
    for (const link of this.#tiles.querySelectorAll("a")) {
      if (link.dataset.kpi === held) link.focus();
    }
  }
}

customElements.define("kpi-tiles", KpiTiles);
