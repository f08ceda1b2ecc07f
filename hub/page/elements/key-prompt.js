// Asks for the reader's key.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { words } from "../words.js";

const t = words({
  vi: { key: "Khóa của đơn vị", use: "Dùng khóa" },
  en: { key: "The department's key", use: "Use the key" },
});

export class KeyPrompt extends Part {
  static follows = [page.changes("lang", "isKeyAsked")];

  #label = el("label", { for: "key" });
  #input = el("input", { id: "key", type: "password", autocomplete: "off", size: 34 });
  #button = el("button", { type: "submit" });
  #form = el("form", { id: "key-form", class: "as-of" }, this.#label, this.#input, this.#button);
  #onGiven;
  #isAlwaysThere;

  /**
   * @param {() => void} onGiven Reads again, with the key.
   * @param {{ isAlwaysThere?: boolean }} [options] Else it is shown while the hub asks for a key.
   */
  constructor(onGiven, { isAlwaysThere = false } = {}) {
    super();
    this.#onGiven = onGiven;
    this.#isAlwaysThere = isAlwaysThere;
  }

  build() {
    this.#input.value = sessionStorage.getItem("key") ?? "";
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      sessionStorage.setItem("key", this.#input.value.trim());
      page.set({ isKeyAsked: false });
      this.#onGiven();
    });
    return [this.#form];
  }

  draw() {
    this.#label.textContent = t("key");
    this.#button.textContent = t("use");
    this.#form.hidden = !this.#isAlwaysThere && !page.now.isKeyAsked;
  }
}

customElements.define("key-prompt", KeyPrompt);
