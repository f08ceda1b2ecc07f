// All causes for which items were rejected.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { words } from "../words.js";
import { CauseCard } from "./cause-card.js";
import { repair } from "./state.js";

const t = words({
  vi: {
    note: "Mỗi đơn vị chỉ thấy bản ghi của mình. Sửa xong, xem thử số liệu nào đổi, rồi gửi lại; gửi lại bao nhiêu lần cũng chỉ tính một.",
    none: "Không có bản ghi nào ở trạng thái này.",
  },
  en: {
    note: "A department sees its own items only. Correct one, see which figures would change, send it again; however often it is sent, it counts once.",
    none: "No item is in this state.",
  },
});

export class CauseList extends Part {
  static follows = [page.changes("lang"), repair.changes("readings")];

  #readings = 0;
  #note = el("p");
  #none = el("p", { class: "panel quiet empty" });
  #cards = el("div", { id: "groups", class: "wholes" });

  build() {
    return [el("div", { class: "heading" }, this.#note), this.#cards];
  }

  draw() {
    this.#note.textContent = t("note");
    this.#none.textContent = t("none");
    const { causes, readings } = repair.now;
    if (!causes || readings === this.#readings) return;
    this.#readings = readings;
    const cards = causes.map((cause) => new CauseCard(cause));
    this.#cards.replaceChildren(...(cards.length ? cards : [this.#none]));
  }
}

customElements.define("cause-list", CauseList);
