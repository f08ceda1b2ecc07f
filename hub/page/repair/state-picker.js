// The states in which rejected items may be, one of which is shown.

import { el } from "../el.js";
import { page, remember } from "../page.js";
import { Part } from "../part.js";
import { words } from "../words.js";
import { readCauses, repair, STATES } from "./state.js";

/** @import { ItemState } from "../types.js" */

const t = words({
  vi: {
    states: "Trạng thái",
    open: "Chờ sửa",
    fixed: "Đã sửa, chưa gửi",
    replayed: "Đã gửi lại",
    superseded: "Đã được thay thế",
    discarded: "Đã loại bỏ",
  },
  en: {
    states: "State",
    open: "To repair",
    fixed: "Corrected, not sent",
    replayed: "Sent again",
    superseded: "Superseded",
    discarded: "Discarded",
  },
});

/** @param {ItemState} state */
export const stateName = (state) => t(state);

export class StatePicker extends Part {
  static follows = [page.changes("lang"), repair.changes("wanted")];

  #box = el("div", { id: "states", class: "chips", role: "group" });
  #buttons = STATES.map((state) => {
    const onclick = () => this.#choose(state);
    return el("button", { type: "button", "data-state": state, onclick });
  });

  build() {
    this.#box.append(...this.#buttons);
    return [this.#box];
  }

  draw() {
    this.#box.setAttribute("aria-label", t("states"));
    for (const [i, state] of STATES.entries()) {
      this.#buttons[i].setAttribute("aria-pressed", String(state === repair.now.wanted));
      this.#buttons[i].textContent = t(state);
    }
  }

  /** @param {ItemState} wanted */
  #choose(wanted) {
    remember({ state: wanted });
    repair.set({ wanted });
    void readCauses();
  }
}

customElements.define("state-picker", StatePicker);
