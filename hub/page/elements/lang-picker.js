// The two languages, one of which is pressed.

import { el } from "../el.js";
import { LANGS, page, remember } from "../page.js";
import { Part } from "../part.js";
import { words } from "../words.js";

/** @import { Lang } from "../types.js" */

const t = words({ vi: { language: "Ngôn ngữ" }, en: { language: "Language" } });
const NAMES = { vi: "Tiếng Việt", en: "English" };

export class LangPicker extends Part {
  static follows = [page.changes("lang")];

  #box = el("div", { class: "chips langs", role: "group" });
  #buttons = LANGS.map((lang) => {
    const said = { lang, title: NAMES[lang], "data-lang": lang };
    const onclick = () => this.#choose(lang);
    return el("button", { type: "button", ...said, onclick }, lang.toUpperCase());
  });

  build() {
    this.#box.append(...this.#buttons);
    return [this.#box];
  }

  draw() {
    this.#box.setAttribute("aria-label", t("language"));
    for (const button of this.#buttons) {
      button.setAttribute("aria-pressed", String(button.lang === page.now.lang));
    }
  }

  /** @param {Lang} lang */
  #choose(lang) {
    localStorage.setItem("lang", lang);
    remember({ lang });
    page.set({ lang });
  }
}

customElements.define("lang-picker", LangPicker);
