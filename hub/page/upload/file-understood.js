// How the hub understands a file: what each column is for, and what is passed over.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer, timeText } from "../strings.js";
import { inLang, words } from "../words.js";
import { formNow, upload } from "./state.js";

/** @import { ReadColumn } from "./types.js" */

const t = words({
  vi: {
    title: "3. Tệp được hiểu thế nào",
    counts: "{0} dòng đúng, {1} dòng sai.",
    header: "Cột trong tệp",
    as: "Được hiểu là",
    example: "Ô đầu tiên",
    value: "Đọc là",
    how: "Cách đọc",
    blank: "(trống)",
    passed: "Được bỏ qua",
    mapped: "Đọc theo bảng ánh xạ đã xác nhận của đơn vị.",
  },
  en: {
    title: "3. How the file is understood",
    counts: "{0} rows are right, {1} are wrong.",
    header: "Column of the file",
    as: "Is taken as",
    example: "First cell",
    value: "Is read as",
    how: "How it is read",
    blank: "(blank)",
    passed: "Passed over",
    mapped: "Read by the sender's confirmed mapping.",
  },
});

const TITLES = /** @type {const} */ (["header", "as", "example", "value", "how"]);

export class FileUnderstood extends Part {
  static follows = [page.changes("lang"), upload.changes("tried", "contracts", "sent")];

  #title = el("h2");
  #counts = el("p", { role: "status", id: "counts" });
  #head = el("tr");
  #rows = el("tbody");
  #table = el("table", { class: "list" }, el("thead", {}, this.#head), this.#rows);
  #wide = el("div", { class: "wide", tabindex: "0", role: "group" }, this.#table);
  #passedTitle = el("h3");
  #passed = el("ul", { class: "passed" });
  #panel = el("section", { class: "panel step", id: "understood" });

  build() {
    this.#panel.append(this.#title, this.#counts, this.#wide, this.#passedTitle, this.#passed);
    return [this.#panel];
  }

  draw() {
    const { tried, sent } = upload.now;
    this.#panel.hidden = !tried || sent !== null;
    if (!tried) return;
    const { columns, passed } = tried.table;
    const wrong = new Set(tried.rejected.map((one) => one.index)).size;
    this.#title.textContent = t("title");
    this.#wide.setAttribute("aria-label", t("title"));
    const mapped = tried.mapping ? ` ${t("mapped")}` : "";
    this.#counts.textContent = t("counts", integer(tried.accepted), integer(wrong)) + mapped;
    this.#counts.className = wrong ? "bad" : "good";
    this.#head.replaceChildren(...TITLES.map((name) => el("th", { scope: "col" }, t(name))));
    this.#rows.replaceChildren(...columns.map((column) => this.#row(column)));
    this.#passedTitle.textContent = t("passed");
    this.#passedTitle.hidden = !passed.length;
    this.#passed.replaceChildren(...passed.map((one) => el("li", {}, inLang(one, "message"))));
  }

  /** @param {ReadColumn} column */
  #row(column) {
    const { field, header, sheet, example, value } = column;
    const form = formNow()?.columns.find((one) => one.field === field);
    const choice = form?.choices.find((one) => one.meaning === value);
    const title = form ? inLang(form, "title") : column.title;
    const read = value.includes("T") && column.as_vi ? timeText(value) : (choice?.text ?? value);
    const texts = [title, example || t("blank"), read, inLang(column, "as")];
    const head = el("th", { scope: "row" }, sheet ? `${sheet}: ${header}` : header);
    return el("tr", { "data-field": field }, head, ...texts.map((text) => el("td", {}, text)));
  }
}

customElements.define("file-understood", FileUnderstood);
