// The rows of the list that is shown, sorted by any column.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer } from "../strings.js";
import { inLang, words } from "../words.js";
import { cellText } from "./cell-text.js";
import { money } from "./state.js";

/** @import { Row } from "../types.js" */
/** @import { WorkList } from "./types.js" */

const t = words({
  vi: {
    count: "Số dòng: {0}; {1}",
    cut: "chỉ đọc {0} dòng đầu, tải tệp để có tất cả",
    none: "Không có dòng nào.",
    more: "Thêm {0} dòng",
  },
  en: {
    count: "Rows: {0}; {1}",
    cut: "the first {0} are read, the file has all",
    none: "There are no rows.",
    more: "{0} rows more",
  },
});
const SHOWN = 200;

export class ListTable extends Part {
  static follows = [page.changes("lang"), money.changes("list")];

  #note = el("p", { id: "list-note", class: "quiet", role: "status" });
  #head = el("tr");
  #body = el("tbody");
  #table = el(
    "table",
    { id: "list", class: "list stacked" },
    el("thead", {}, this.#head),
    this.#body,
  );
  #more = el("button", { type: "button", class: "more", onclick: () => this.#showMore() });
  #box = el("div", { class: "scroll panel" }, this.#table);
  #column = "";
  #isDown = false;
  #shown = SHOWN;
  #name = "";

  build() {
    return [this.#note, this.#box, this.#more];
  }

  draw() {
    const { list } = money.now;
    this.#box.hidden = !list?.rows.length;
    this.#more.hidden = true;
    this.#note.textContent = "";
    if (!list) return;
    if (list.list !== this.#name) {
      this.#column = "";
      this.#name = list.list;
      this.#shown = SHOWN;
    }
    const count = t("count", integer(list.total), inLang(list, "figure"));
    const cut = list.next_offset === null ? "" : ` (${t("cut", integer(list.rows.length))})`;
    this.#note.textContent = list.total ? count + cut : t("none");
    this.#head.replaceChildren(
      ...columnsOf(list).map((column) => this.#heading(column, kindOf(list.rows, column.id))),
    );
    const rows = this.#sorted(list.rows).slice(0, this.#shown);
    this.#body.replaceChildren(...rows.map((row) => line(columnsOf(list), row)));
    const left = Math.min(list.rows.length - rows.length, SHOWN);
    this.#more.hidden = left === 0;
    this.#more.textContent = t("more", integer(left));
  }

  /** @param {{ id: string, title_vi: string, title_en: string }} column @param {string} kind */
  #heading(column, kind) {
    const isSorted = column.id === this.#column;
    const order = this.#isDown ? "descending" : "ascending";
    const onclick = () => this.#sort(column.id);
    const button = el(
      "button",
      { type: "button", class: "sorter", onclick },
      inLang(column, "title"),
    );
    const sign = isSorted ? el("i", { "aria-hidden": "true" }, this.#isDown ? " ▼" : " ▲") : null;
    button.append(...(sign ? [sign] : []));
    return el(
      "th",
      {
        scope: "col",
        class: kind,
        "data-column": column.id,
        "aria-sort": isSorted ? order : undefined,
      },
      button,
    );
  }

  /** @param {string} column */
  #sort(column) {
    this.#isDown = column === this.#column && !this.#isDown;
    this.#column = column;
    this.draw();
    /** @type {HTMLElement | null} */
    const button = this.#head.querySelector(`[data-column="${column}"] button`);
    button?.focus();
  }

  #showMore() {
    this.#shown += SHOWN;
    this.draw();
  }

  /** @param {Row[]} rows */
  #sorted(rows) {
    if (!this.#column) return rows;
    const [column, sign] = [this.#column, this.#isDown ? -1 : 1];
    return [...rows].sort((a, b) => sign * compare(a[column], b[column]));
  }
}

/**
 * What is empty comes last, whole numbers by size, texts by the alphabet.
 * @param {string | number | null} a @param {string | number | null} b
 */
function compare(a, b) {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  if (typeof a === "string" || typeof b === "string") {
    return String(a).localeCompare(String(b), page.now.lang, { numeric: true });
  }
  return a < b ? -1 : Number(a > b);
}

/**
 * The columns that are shown: what names a row is left out where other columns say it in parts.
 * @param {WorkList} list
 */
const columnsOf = ({ columns }) =>
  columns.some(({ id }) => id === "period") ? columns.filter(({ id }) => id !== "code") : columns;

/** @param {Row[]} rows @param {string} column */
const kindOf = (rows, column) =>
  rows.some((row) => row[column] !== null && typeof row[column] !== "string") ? "number" : "";

/** @param {{ id: string, title_vi: string, title_en: string }[]} columns @param {Row} row */
function line(columns, row) {
  return el(
    "tr",
    { "data-code": row.code },
    ...columns.map(({ id, ...column }) => {
      const value = row[id];
      const place = { "data-name": inLang(column, "title"), "data-column": id };
      return el("td", { ...place, class: kindOf([row], id) }, cellText(id, value));
    }),
  );
}

customElements.define("list-table", ListTable);
