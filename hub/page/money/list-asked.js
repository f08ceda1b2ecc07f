// Which list is shown, what it is narrowed by, and the files of just that.

import { askFile } from "../ask.js";
import { nameOf } from "../board/groups.js";
import { el } from "../el.js";
import { guarded } from "../failures.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { words } from "../words.js";
import { chooseList, LISTS, listQuery, money, NAMES, narrow } from "./state.js";

const t = words({
  vi: {
    lists: "Danh sách",
    fees_unmatched: "Khoản thu chưa khớp",
    payment_calendar: "Lịch báo cáo",
    payment_revisions: "Điều chỉnh thống kê",
    unit: "Mã đơn vị thu, để trống là tất cả",
    match: "Lệch thế nào",
    reporter: "Đơn vị báo cáo",
    service: "Dịch vụ",
    all: "tất cả",
    show: "Lọc",
    file: "Tải {0}",
  },
  en: {
    lists: "List",
    fees_unmatched: "Fees that do not match",
    payment_calendar: "Calendar of reports",
    payment_revisions: "Revisions",
    unit: "Collecting unit, none for all",
    match: "What does not match",
    reporter: "Reporter",
    service: "Service",
    all: "all",
    show: "Filter",
    file: "Save {0}",
  },
});
const FORMATS = ["csv", "xlsx"];
const SERVICES = ["electricity", "water", "tuition", "hospital", "dossier_fee", "other"];
const TYPED = ["unit", "reporter"];

export class ListAsked extends Part {
  static follows = [page.changes("lang"), money.changes("name", "classes", "narrowed")];

  #lists = el("div", { id: "lists", class: "chips", role: "group" });
  #buttons = NAMES.map((name) =>
    el("button", { type: "button", "data-list": name, onclick: () => chooseList(name) }),
  );
  #fields = el("span", { class: "asked" });
  #drawn = "";
  #show = el("button", { type: "submit" });
  #files = FORMATS.map((format) => {
    const onclick = () => guarded("file", null, () => save(format));
    return el("button", { type: "button", "data-format": format, onclick });
  });

  build() {
    this.#lists.append(...this.#buttons);
    const onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      const fields = this.#fields.querySelectorAll("input, select");
      narrow(
        Object.fromEntries(
          [...fields].map((field) => {
            const { name, value } = /** @type {HTMLInputElement} */ (field);
            return [name, value.trim()];
          }),
        ),
      );
    };
    const form = el("form", { id: "asked", onsubmit }, this.#fields, this.#show, ...this.#files);
    return [this.#lists, form];
  }

  draw() {
    const { name, classes, narrowed } = money.now;
    this.#lists.setAttribute("aria-label", t("lists"));
    for (const [i, list] of NAMES.entries()) {
      this.#buttons[i].setAttribute("aria-pressed", String(list === name));
      this.#buttons[i].textContent = t(list);
    }
    this.#show.textContent = t("show");
    for (const [i, format] of FORMATS.entries()) {
      this.#files[i].textContent = t("file", format.toUpperCase());
    }
    // What is typed and not asked for yet stays, unless another list or language is shown.
    const wanted = [page.now.lang, name, classes, ...Object.values(narrowed)].join();
    if (wanted === this.#drawn) return;
    this.#drawn = wanted;
    this.#fields.replaceChildren(
      ...LISTS[name].map((dim) => {
        const value = narrowed[dim] ?? "";
        const input = TYPED.includes(dim)
          ? el("input", { name: dim, size: 14, value })
          : chosen(dim, dim === "match" ? classes : SERVICES, value);
        return el("label", {}, el("span", {}, t(dim)), " ", input);
      }),
    );
  }
}

/** @param {string} dim @param {string[]} codes @param {string} value */
function chosen(dim, codes, value) {
  const known = codes.includes(value) || !value ? codes : [...codes, value];
  return el(
    "select",
    { name: dim },
    el("option", { value: "" }, t("all")),
    ...known.map((code) =>
      el("option", { value: code, selected: code === value }, nameOf("payment", dim, code)),
    ),
  );
}

/** @param {string} format */
async function save(format) {
  const { name } = money.now;
  const wanted = listQuery();
  wanted.set("format", format);
  const href = URL.createObjectURL(await askFile(`/v1/lists/${name}?${wanted}`));
  el("a", { href, download: `${name}-${page.now.period}.${format}` }).click();
  URL.revokeObjectURL(href);
}

customElements.define("list-asked", ListAsked);
