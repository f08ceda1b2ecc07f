// Leads over what comes first, for who uses the keyboard.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { words } from "../words.js";

const t = words({ vi: { skip: "Tới bảng chỉ tiêu" }, en: { skip: "Skip to the KPI table" } });

export class SkipLink extends Part {
  static follows = [page.changes("lang")];

  #link = el("a", { class: "skip", href: "#kpis" });

  build() {
    return [this.#link];
  }

  draw() {
    this.#link.textContent = t("skip");
  }
}

customElements.define("skip-link", SkipLink);
