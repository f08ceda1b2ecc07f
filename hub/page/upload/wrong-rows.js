// The rows that are wrong, in a table: all that is wrong with each stands at its cells, where it is
// corrected.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer } from "../strings.js";
import { inLang, words } from "../words.js";
import { cellEditor } from "./cell-editor.js";
import { cellName, check, formNow, isChecked, upload } from "./state.js";

/** @import { FormColumn } from "../types.js" */
/** @import { Fault, TriedFile, WrongRow } from "./types.js" */

const t = words({
  vi: {
    title: "4. Sửa các dòng sai",
    note: "Sửa ngay tại ô có viền đỏ, rồi kiểm tra lại. Chỗ sửa được giữ khi tải lại trang; tệp trên máy của bạn không bị đổi.",
    more: "Chỉ hiện {0} dòng sai đầu tiên trong {1}; sửa xong sẽ hiện tiếp.",
    all: "Hiện và sửa mọi ô của các dòng này",
    row: "Dòng",
    check: "Kiểm tra lại",
  },
  en: {
    title: "4. Correct the rows that are wrong",
    note: "Correct what is framed in red, then check again. Corrections outlive a reload; the file on your machine stays as it is.",
    more: "The first {0} of {1} wrong rows; more are shown as these are corrected.",
    all: "Show and edit all cells of these rows",
    row: "Row",
    check: "Check again",
  },
});

export class WrongRows extends Part {
  static follows = [
    page.changes("lang"),
    upload.changes("tried", "contracts", "sent", "isBusy", "typed"),
  ];

  #title = el("h2");
  #note = el("p", { class: "quiet" });
  #more = el("p", { class: "watch" });
  #head = el("tr");
  #rows = el("tbody");
  #table = el("table", { class: "cells" }, el("thead", {}, this.#head), this.#rows);
  #wide = el("div", { class: "wide", tabindex: "0", role: "group" }, this.#table);
  #check = el("button", { type: "submit" });
  #all = el("input", { type: "checkbox", id: "all-columns" });
  #allName = el("span");
  #form = el("form", { class: "panel step", id: "wrong" });
  /** @type {[TriedFile | null, string, unknown]} What the table shows. */
  #shown = [null, "", null];

  build() {
    const all = el("label", { class: "all" }, this.#all, " ", this.#allName);
    const acts = el("p", { class: "acts" }, this.#check);
    this.#form.append(this.#title, this.#note, this.#more, all, this.#wide, acts);
    this.#all.addEventListener("change", () => {
      if (upload.now.tried) this.#fill(upload.now.tried);
    });
    this.#form.noValidate = true;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void check();
    });
    return [this.#form];
  }

  draw() {
    const { tried, sent, isBusy, contracts } = upload.now;
    this.#form.hidden = !tried?.table.rows.length || sent !== null;
    this.#check.disabled = isBusy || isChecked();
    const { lang } = page.now;
    const [before, langBefore, contractsBefore] = this.#shown;
    // What is typed stays as it is: the table is made anew when the hub has said something anew.
    if (tried === before && lang === langBefore && contracts === contractsBefore) return;
    this.#shown = [tried, lang, contracts];
    if (tried) this.#fill(tried);
  }

  /** @param {TriedFile} tried */
  #fill(tried) {
    const { rows, columns: read } = tried.table;
    this.#title.textContent = t("title");
    this.#wide.setAttribute("aria-label", t("title"));
    this.#note.textContent = t("note");
    this.#check.textContent = t("check");
    this.#allName.textContent = t("all");
    const wrong = new Set(tried.rejected.map((one) => one.index)).size;
    this.#more.hidden = wrong <= rows.length;
    this.#more.textContent = t("more", integer(rows.length), integer(wrong));
    const faults = faultsOf(tried);
    const wrongFields = new Set([...faults.values()].flat().map(({ field }) => field));
    const held = new Set([...read.map((column) => column.field), ...wrongFields]);
    const first = formNow()?.columns[0].field; // what a row is about
    const columns = (formNow()?.columns ?? []).filter(({ field }) =>
      this.#all.checked ? held.has(field) : wrongFields.has(field) || field === first,
    );
    this.#table.classList.toggle("all", this.#all.checked);
    this.#head.replaceChildren(
      el("th", { scope: "col" }, t("row")),
      ...columns.map((column) =>
        el("th", { scope: "col", title: inLang(column, "title") }, column.header),
      ),
    );
    this.#rows.replaceChildren(
      ...rows.map((row) => this.#row(row, columns, faults.get(row.index) ?? [])),
    );
  }

  /** @param {WrongRow} row @param {FormColumn[]} columns @param {Fault[]} faults */
  #row(row, columns, faults) {
    const known = new Set(columns.map((column) => column.field));
    const whole = faults.filter(({ field }) => !known.has(field));
    const said = whole.map((fault) => el("small", { class: "bad" }, inLang(fault, "message")));
    const name = upload.now.rows[row.index] ?? String(row.row);
    const cells = columns.map((column) => {
      const own = faults.filter(({ field }) => field === column.field);
      const mark = own.length ? "wrong" : null;
      const attributes = { "data-name": column.header, "data-field": column.field, class: mark };
      const isTyped = upload.now.typed.has(cellName(row.index, column.field));
      const isEdited = own.length > 0 || isTyped || this.#all.checked;
      const text = row.texts[column.field] ?? "";
      return el("td", attributes, ...(isEdited ? cellEditor(row, name, column, own) : [text]));
    });
    const head = el("th", { scope: "row" }, `${t("row")} ${name}`, ...said);
    return el("tr", { "data-row": row.row }, head, ...cells);
  }
}

/**
 * Lists what is wrong with each row: the hub says all at once, or one thing at a time.
 * @param {TriedFile} tried
 */
function faultsOf(tried) {
  /** @type {Map<number, Fault[]>} */
  const faults = new Map();
  for (const rejected of tried.rejected) {
    const before = faults.get(rejected.index) ?? [];
    faults.set(rejected.index, [...before, ...(rejected.faults ?? [rejected])]);
  }
  return faults;
}

customElements.define("wrong-rows", WrongRows);
