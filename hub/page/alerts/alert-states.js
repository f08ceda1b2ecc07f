// The states in which alerts may be, one of which is shown.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { words } from "../words.js";
import { alerts, choose, STATES } from "./state.js";

const t = words({
  vi: {
    states: "Trạng thái",
    open: "Đang mở",
    acknowledged: "Đã biết",
    cleared: "Đã hết",
    withdrawn: "Đã rút lại",
  },
  en: {
    states: "State",
    open: "Open",
    acknowledged: "Acknowledged",
    cleared: "Over",
    withdrawn: "Withdrawn",
  },
});

export class AlertStates extends Part {
  static follows = [page.changes("lang"), alerts.changes("wanted")];

  #box = el("div", { id: "states", class: "chips", role: "group" });
  #buttons = STATES.map((state) =>
    el("button", { type: "button", "data-state": state, onclick: () => choose(state) }),
  );

  build() {
    this.#box.append(...this.#buttons);
    return [this.#box];
  }

  draw() {
    this.#box.setAttribute("aria-label", t("states"));
    for (const [i, state] of STATES.entries()) {
      this.#buttons[i].setAttribute("aria-pressed", String(state === alerts.now.wanted));
      this.#buttons[i].textContent = t(state);
    }
  }
}

customElements.define("alert-states", AlertStates);
