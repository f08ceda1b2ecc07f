// The moment of which the board is shown; none is now.

import { el } from "../el.js";
import { page, remember } from "../page.js";
import { Part } from "../part.js";
import { words } from "../words.js";

const t = words({
  vi: { as_of: "Xem lại lúc", now: "Về hiện tại" },
  en: { as_of: "As it was at", now: "Back to now" },
});

export class AsOfPicker extends Part {
  static follows = [page.changes("lang", "asOf")];

  #label = el("label", { for: "as-of" });
  #input = el("input", { id: "as-of", type: "datetime-local", step: 1 });
  #now = el("button", { id: "as-of-now", type: "button" });
  #onChosen;

  /** @param {() => void} onChosen Shows the chosen moment. */
  constructor(onChosen) {
    super();
    this.#onChosen = onChosen;
  }

  build() {
    this.#input.addEventListener("change", () => this.#choose(this.#input.value));
    this.#now.addEventListener("click", () => this.#choose(""));
    return [el("p", { class: "as-of" }, this.#label, this.#input, this.#now)];
  }

  draw() {
    const { asOf } = page.now;
    this.#label.textContent = t("as_of");
    this.#now.textContent = t("now");
    this.#now.hidden = !asOf;
    if (this.#input.value !== asOf) this.#input.value = asOf;
  }

  /** @param {string} asOf */
  #choose(asOf) {
    remember({ as_of: asOf });
    page.set({ asOf });
    this.#onChosen();
  }
}

customElements.define("as-of-picker", AsOfPicker);
