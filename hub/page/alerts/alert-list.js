// The alerts of a state, each in its card; those that are there stay as they are being written in.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer } from "../strings.js";
import { words } from "../words.js";
import { AlertCard } from "./alert-card.js";
import { alerts } from "./state.js";

const t = words({
  vi: { count: "{0} cảnh báo", more: "chỉ hiện {0} mới nhất", none: "Không có cảnh báo nào." },
  en: { count: "{0} alerts", more: "the latest {0} are shown", none: "There are no alerts." },
});

export class AlertList extends Part {
  static follows = [page.changes("lang"), alerts.changes("answer")];

  #note = el("p", { id: "note" });
  #list = el("div", { id: "alerts", class: "alerts", role: "list" });
  /** @type {Map<string, AlertCard>} */
  #cards = new Map();

  build() {
    return [el("div", { class: "heading" }, this.#note), this.#list];
  }

  draw() {
    const { answer } = alerts.now;
    if (!answer) return;
    const { total, alerts: shown } = answer;
    const more = shown.length < total ? ` · ${t("more", integer(shown.length))}` : "";
    this.#note.textContent = total ? t("count", integer(total)) + more : t("none");
    const before = this.#cards;
    this.#cards = new Map(
      shown.map((alert) => {
        const card = before.get(alert.id) ?? new AlertCard(alert.id);
        return [alert.id, card];
      }),
    );
    const cards = [...this.#cards.values()];
    const isSame = cards.length === this.#list.children.length;
    if (!isSame || cards.some((card, i) => this.#list.children[i] !== card)) {
      this.#list.replaceChildren(...cards);
    }
  }
}

customElements.define("alert-list", AlertList);
