// Whether the board follows the hub, and up to which record of the log it counts.

import { el } from "../el.js";
import { UpdatedAt } from "../elements/updated-at.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { words } from "../words.js";
import { board } from "./state.js";

const t = words({
  vi: {
    live: "Sống",
    connecting: "Đang kết nối",
    lost: "Mất kết nối",
    past: "Số liệu tại thời điểm đã chọn",
    cut: "Lát cắt",
  },
  en: {
    live: "Live",
    connecting: "Connecting",
    lost: "Disconnected",
    past: "Figures of the chosen moment",
    cut: "Cut",
  },
});

export class LinkState extends Part {
  static follows = [page.changes("lang"), board.changes("link", "cut")];

  #link = el("span", { id: "link", role: "status" });
  #name = el("span");
  #cut = el("b", { id: "cut" });

  build() {
    const cut = el("span", { class: "when" }, this.#name, " ", this.#cut);
    return [el("p", { class: "state" }, this.#link, new UpdatedAt(), cut)];
  }

  draw() {
    const { link, cut } = board.now;
    this.#link.className = `link ${link}`;
    this.#link.textContent = t(link);
    this.#name.textContent = t("cut");
    this.#cut.textContent = cut || "–";
    this.#cut.title = cut;
  }
}

customElements.define("link-state", LinkState);
