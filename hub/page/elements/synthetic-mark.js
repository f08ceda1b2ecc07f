// Says that the data are synthetic, where they are.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { words } from "../words.js";

const t = words({
  vi: {
    synthetic: "Dữ liệu tổng hợp (mô phỏng)",
    why: "sinh ra để trình diễn, không phải số liệu chính thức của tỉnh",
  },
  en: {
    synthetic: "Synthetic data (simulated)",
    why: "generated for demonstration, not official figures of the province",
  },
});

export class SyntheticMark extends Part {
  static follows = [page.changes("lang", "list")];

  #name = el("strong");
  #why = el("span");
  #box = el("p", { id: "synthetic" }, this.#name, " ", this.#why);

  build() {
    return [this.#box];
  }

  draw() {
    this.#name.textContent = t("synthetic");
    this.#why.textContent = t("why");
    this.#box.hidden = !page.now.list?.synthetic;
  }
}

customElements.define("synthetic-mark", SyntheticMark);
