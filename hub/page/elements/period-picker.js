// The years that can be shown, one of which is pressed.

import { el } from "../el.js";
import { page, remember } from "../page.js";
import { Part } from "../part.js";
import { thisYear } from "../strings.js";
import { words } from "../words.js";

const t = words({ vi: { period: "Kỳ số liệu" }, en: { period: "Period" } });

export class PeriodPicker extends Part {
  static follows = [page.changes("lang", "list", "period")];

  #box = el("div", { id: "periods", class: "chips", role: "group" });
  #onChosen;

  /** @param {() => void} onChosen Shows the chosen period. */
  constructor(onChosen) {
    super();
    this.#onChosen = onChosen;
  }

  build() {
    return [this.#box];
  }

  draw() {
    this.#box.setAttribute("aria-label", t("period"));
    const { list, period: chosen } = page.now;
    if (!list || !chosen) return;
    const held = document.activeElement?.getAttribute("data-period");
    const years = [...new Set([thisYear(), ...list.periods, chosen])].sort().reverse();
    this.#box.replaceChildren(
      ...years.map((period) => {
        const pressed = { "aria-pressed": String(period === chosen) };
        const onclick = () => this.#choose(period);
        return el("button", { type: "button", "data-period": period, ...pressed, onclick }, period);
      }),
    );
    if (!held) return;
    for (const button of this.#box.querySelectorAll("button")) {
      if (button.dataset.period === held) button.focus();
    }
  }

  /** @param {string} period */
  #choose(period) {
    remember({ period });
    page.set({ period, isChosen: true });
    this.#onChosen();
  }
}

customElements.define("period-picker", PeriodPicker);
