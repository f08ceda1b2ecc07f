// The table of KPIs, by group.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { inLang, words } from "../words.js";
import { COLUMNS, columnName, KpiRow } from "./kpi-row.js";
import { board, rowsWanted } from "./state.js";

/** @import { Group } from "../types.js" */
/** @typedef {ReturnType<typeof rowsWanted>[number]} Wanted */

const t = words({
  vi: {
    kpis: "Bảng chỉ tiêu",
    note: "Chọn một dòng để xem câu hỏi, định nghĩa và diễn biến theo tháng.",
  },
  en: {
    kpis: "KPIs",
    note: "Open a row for its question, definition and months.",
  },
});

export class KpiTable extends Part {
  static follows = [
    page.changes("lang", "list"),
    board.changes("groups", "figures", "isRead", "fresh"),
  ];

  /** @type {Map<string, KpiRow>} */
  #rows = new Map();
  #laid = "";
  /** @type {(() => void)[]} Each writes one fixed text in the reader's language. */
  #texts = [];
  #title = el("h2", { id: "kpis-title" });
  #note = el("p");
  #table = el("table", {
    id: "kpi-table",
    role: "table",
    class: "panel",
    "aria-labelledby": "kpis-title",
  });

  build() {
    const heading = el("div", { class: "heading" }, this.#title, this.#note);
    const place = { id: "kpis", tabindex: "-1", "aria-labelledby": "kpis-title" };
    return [el("section", place, heading, this.#table)];
  }

  draw() {
    this.#title.textContent = t("kpis");
    this.#note.textContent = t("note");
    if (!page.now.list) return;
    const wanted = rowsWanted();
    const keys = wanted.map(({ key }) => key).join();
    if (keys !== this.#laid) this.#lay(wanted);
    this.#laid = keys;
    for (const write of this.#texts) write();
    for (const [key, row] of this.#rows) row.fill(board.now.figures.get(key));
  }

  /**
   * Lays the rows out; those that stay keep what is open, and the focus.
   * @param {Wanted[]} wanted
   */
  #lay(wanted) {
    const focused = document.activeElement?.closest("tr[data-key]")?.getAttribute("data-key");
    this.#texts = [];
    this.#rows = new Map(
      wanted.map(({ key, kpi }) => [key, this.#rows.get(key) ?? new KpiRow(key, kpi)]),
    );
    this.#table.replaceChildren(this.#head(), ...board.now.groups.flatMap(this.#body(wanted)));
    if (focused) this.#rows.get(focused)?.focus();
  }

  #head() {
    const columns = COLUMNS.map((column) =>
      this.#text(() => columnName(column), { scope: "col", role: "columnheader", class: column }),
    );
    return el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...columns));
  }

  /** @param {Wanted[]} wanted @returns {(group: Group) => Node[]} */
  #body = (wanted) => (group) => {
    const rows = wanted.filter(({ kpi }) => kpi.group === group.id);
    if (!rows.length) return [];
    const place = { scope: "rowgroup", role: "rowheader", colspan: COLUMNS.length };
    const name = this.#text(() => inLang(group, "title"), place);
    const heading = el("tr", { role: "row", class: "group" }, name);
    const nodes = rows.flatMap(({ key }) => this.#rows.get(key)?.nodes ?? []);
    return [el("tbody", { role: "rowgroup" }, heading, ...nodes)];
  };

  /** @param {() => string} say @param {Record<string, unknown>} attributes */
  #text(say, attributes) {
    const cell = el("th", attributes);
    this.#texts.push(() => {
      cell.textContent = say();
    });
    return cell;
  }
}

customElements.define("kpi-table", KpiTable);
