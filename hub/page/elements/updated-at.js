// When the hub last committed.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { timeText } from "../strings.js";
import { words } from "../words.js";

const t = words({ vi: { updated: "Cập nhật" }, en: { updated: "Updated" } });

export class UpdatedAt extends Part {
  static follows = [page.changes("lang", "updatedAt")];

  #name = el("span");
  #time = el("time", { id: "updated" });

  build() {
    return [el("span", { class: "when" }, this.#name, " ", this.#time)];
  }

  draw() {
    const { updatedAt } = page.now;
    this.#name.textContent = t("updated");
    this.#time.dateTime = updatedAt;
    this.#time.textContent = updatedAt ? timeText(updatedAt) : "–";
  }
}

customElements.define("updated-at", UpdatedAt);
