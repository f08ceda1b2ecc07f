// Items that are wrong in the same way: how many, all rows as a file, and each by itself.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer, timeText } from "../strings.js";
import { inLang, words } from "../words.js";
import { CauseRows } from "./cause-rows.js";
import { ItemForm } from "./item-form.js";
import { ruleName } from "./rule-name.js";
import { fieldName, filterOf, guardedRead, listItems, nameOf, repair } from "./state.js";
import { isKeptOpen, keepOpen } from "./typed.js";

/** @import { Cause } from "../types.js" */

const t = words({
  vi: {
    count: "{0} bản ghi",
    show: "Xem từng bản ghi",
    hide: "Thu gọn",
    more: "Xem thêm",
  },
  en: {
    count: "{0} items",
    show: "Show items",
    hide: "Hide items",
    more: "Show more",
  },
});

export class CauseCard extends Part {
  static follows = [page.changes("lang")];

  #cause;
  #isOpen = false;
  /** @type {number | null} Where the items go on that are not read yet. */
  #next = null;
  #title = el("h2");
  #count = el("p");
  #opener = el("button", { type: "button", class: "opener" });
  #items = el("div", { class: "part" });
  #more = el("button", { type: "button", class: "more" });

  /** @param {Cause} cause */
  constructor(cause) {
    super();
    this.#cause = cause;
  }

  build() {
    const name = nameOf(this.#cause);
    this.#opener.id = `open-${name}`;
    this.#opener.addEventListener("click", () => this.#toggle());
    this.#more.addEventListener("click", () => this.#read(this.#next ?? 0));
    if (isKeptOpen(name)) this.#read(0);
    const isWaiting = ["open", "fixed"].includes(repair.now.wanted);
    return [
      el(
        "section",
        { class: "panel source whole repair", "data-group": name },
        this.#title,
        this.#count,
        this.#opener,
        isWaiting ? new CauseRows(this.#cause) : null,
        this.#items,
        this.#more,
      ),
    ];
  }

  draw() {
    const { contract, sender, rule, field, count, first_at: first, last_at: last } = this.#cause;
    const form = repair.now.forms.get(contract);
    const of = form ? inLang(form, "title") : contract;
    const name = field ? `${fieldName(contract, field)}: ` : "";
    this.#title.textContent = `${name}${ruleName(rule)} · ${of}`;
    const when = `${sender} · ${timeText(first)} – ${timeText(last)}`;
    const items = el("strong", {}, t("count", integer(count)));
    this.#count.replaceChildren(items, " ", el("small", {}, when));
    this.#opener.textContent = t(this.#isOpen ? "hide" : "show");
    this.#opener.setAttribute("aria-expanded", String(this.#isOpen));
    this.#more.textContent = t("more");
    this.#more.hidden = this.#next === null;
  }

  #toggle() {
    keepOpen(nameOf(this.#cause), !this.#isOpen);
    if (!this.#isOpen) return this.#read(0);
    this.#isOpen = false;
    this.#next = null;
    this.#items.replaceChildren();
    return this.draw();
  }

  /** @param {number} offset */
  #read(offset) {
    void guardedRead(async () => {
      const filter = { ...filterOf(this.#cause), state: repair.now.wanted };
      const { items, next_offset: next } = await listItems({ ...filter, offset: String(offset) });
      this.#isOpen = true;
      this.#next = next;
      this.#items.append(...items.map((item) => new ItemForm(item)));
      this.draw();
    });
  }
}

customElements.define("cause-card", CauseCard);
