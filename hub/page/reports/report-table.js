// A report as its form has it; each number opens the dossiers that it counts.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer } from "../strings.js";
import { inLang, words } from "../words.js";
import { open, reports } from "./state.js";

/** @import { ReportRow } from "../types.js" */

const t = words({
  vi: {
    provisional: "tạm tính",
    official: "chính thức",
    restated: "khác số đã chốt",
    total: "Tổng số",
    unknown: "(không rõ)",
    broken: "Không khớp: {0} ({1}): {2} ≠ {3}",
  },
  en: {
    provisional: "provisional",
    official: "official",
    restated: "other than when it was closed",
    total: "Total",
    unknown: "(unknown)",
    broken: "Does not add up: {0} ({1}): {2} ≠ {3}",
  },
});

const SHOWN = 11;

export class ReportTable extends Part {
  static follows = [page.changes("lang"), reports.changes("report")];

  #note = el("p", { id: "note" });
  #table = el("table", { id: "report" });
  #broken = el("ul", { id: "broken" });

  build() {
    const scrolled = el("div", { class: "scrolled" }, this.#table);
    return [el("div", { class: "heading" }, this.#note), this.#broken, scrolled];
  }

  draw() {
    const { report } = reports.now;
    this.hidden = report === null;
    if (!report) return;
    const status = t.find(report.status, report.status);
    const unit = report.unit_name || report.unit || "";
    this.#note.textContent = [report.number, inLang(report, "title"), report.period, unit, status]
      .filter(Boolean)
      .join(" · ");
    this.#broken.replaceChildren(
      ...report.broken.map(({ equation, code, whole, parts }) =>
        el("li", {}, t("broken", equation, code || t("unknown"), whole, parts)),
      ),
    );
    const columns = report.columns.slice(0, SHOWN);
    // Three columns are called the same: what they are of stands above them, as in the printed form.
    /** @type {{ title: string, count: number }[]} */
    const groups = [];
    for (const column of columns) {
      const title = inLang(column, "group");
      const last = groups.at(-1);
      if (last?.title === title) last.count += 1;
      else groups.push({ title, count: 1 });
    }
    const above = groups.map(({ title, count }) =>
      el("th", { scope: "colgroup", colspan: String(count) }, title),
    );
    const heads = columns.map((column) => {
      const title = inLang(column, "meaning");
      return el("th", { scope: "col", title }, `${inLang(column, "title")} (${column.id})`);
    });
    /** @param {string} code @param {string} name @param {ReportRow} row */
    const line = (code, name, row) => {
      const cells = columns.map(({ id }) => {
        const onclick = () => open(code, id);
        const button = { type: "button", class: "drill", onclick };
        const n = Number(row[id]);
        return el("td", { "data-column": id }, n ? el("button", button, integer(n)) : "0");
      });
      return el("tr", { "data-code": code }, el("th", { scope: "row" }, name), ...cells);
    };
    const rows = report.rows.map((row) => {
      const named = row.name ? `${row.name} (${row.code})` : row.code;
      return line(String(row.code), String(named || t("unknown")), row);
    });
    const total = line("", t("total"), report.total);
    this.#table.replaceChildren(
      el("thead", {}, el("tr", {}, el("td"), ...above), el("tr", {}, el("td"), ...heads)),
      el("tbody", {}, total, ...rows),
    );
  }
}

customElements.define("report-table", ReportTable);
