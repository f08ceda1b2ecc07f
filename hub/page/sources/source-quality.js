// One quality of a source: its number, the formula, and the list behind it, a page at a time.

import { ask } from "../ask.js";
import { el } from "../el.js";
import { qualityRow } from "../elements/quality-row.js";
import { guarded } from "../failures.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { dayText, integer, timeText } from "../strings.js";
import { words } from "../words.js";
import { sources } from "./state.js";

/** @import { Quality, Row, RowsBehind } from "../types.js" */

const COLUMNS = /** @type {const} */ ({
  valid: ["rejected_at", "index", "rule", "field", "value", "message", "event_id"],
  complete: ["from", "to", "received", "due"],
  clean: ["day", "received", "duplicate", "conflict"],
  live: ["contract", "accepted_at", "occurred_at"],
});

const t = words({
  vi: {
    formula: "Công thức",
    behind: "Danh sách, kỳ {0}",
    count: "{0} trên {1} dòng",
    more: "Xem thêm",
    none_valid: "Không có bản ghi nào bị từ chối.",
    none_complete: "Chưa có bước nào của lịch trong kỳ.",
    none_clean: "Không có bản ghi trùng lặp hay mâu thuẫn.",
    none_live: "Chưa nhận sự kiện nào.",
    rejected_at: "Từ chối lúc",
    index: "Thứ tự, dòng",
    rule: "Quy tắc",
    field: "Trường",
    value: "Giá trị",
    message: "Lý do",
    event_id: "Mã bản ghi",
    from: "Từ ngày",
    to: "Đến ngày",
    received: "Đã nhận",
    due: "Phải nhận",
    day: "Ngày nhận",
    duplicate: "Trùng lặp",
    conflict: "Mâu thuẫn",
    contract: "Hợp đồng",
    accepted_at: "Nhận lúc",
    occurred_at: "Sự kiện muộn nhất",
  },
  en: {
    formula: "Formula",
    behind: "The list, period {0}",
    count: "{0} of {1} rows",
    more: "Show more",
    none_valid: "Nothing was rejected.",
    none_complete: "No step of the schedule in the period yet.",
    none_clean: "No repeats and no conflicts.",
    none_live: "No event was received yet.",
    rejected_at: "Rejected at",
    index: "Item, row",
    rule: "Rule",
    field: "Field",
    value: "Value",
    message: "Reason",
    event_id: "Record",
    from: "From",
    to: "To",
    received: "Received",
    due: "Due",
    day: "Accepted on",
    duplicate: "Repeats",
    conflict: "Conflicts",
    contract: "Contract",
    accepted_at: "Accepted at",
    occurred_at: "Latest event",
  },
});

/**
 * Writes a cell of the list.
 * @param {Row} row
 * @param {string} column
 */
function written(row, column) {
  if (column === "message") return String(row[`message_${page.now.lang}`]);
  const value = row[column];
  if (value === null) return "–";
  if (column === "index") return integer(Number(value) + 1);
  if (column.endsWith("_at")) return timeText(String(value));
  if (["from", "to", "day"].includes(column)) return dayText(String(value));
  return typeof value === "number" ? integer(value) : value;
}

export class SourceQuality extends Part {
  static follows = [page.changes("lang"), sources.changes("answer")];

  #source;
  #quality;
  /** @type {RowsBehind | null} */
  #list = null;
  #writtenIn = "";
  #number = el("dl");
  #formula = el("p", { class: "formula" });
  #opener = el("button", { type: "button", class: "opener" });
  #box = el("div", { class: "wide", tabindex: "0", role: "group" });

  /** @param {string} source @param {Quality} quality */
  constructor(source, quality) {
    super();
    this.#source = source;
    this.#quality = quality;
  }

  build() {
    this.#box.id = `list-${`${this.#source}/${this.#quality}`.replace(/[^\w]/g, "-")}`;
    this.#opener.id = `open-${this.#box.id}`;
    this.#opener.setAttribute("aria-controls", this.#box.id);
    this.#opener.addEventListener("click", () => this.#toggle());
    const place = { class: "quality", "data-quality": this.#quality };
    return [el("section", place, this.#number, this.#formula, this.#opener, this.#box)];
  }

  draw() {
    const { answer } = sources.now;
    const source = answer?.sources.find((s) => s.source === this.#source);
    if (!answer || !source) return;
    const formula = answer.formulas[this.#quality];
    const name = el("span", { class: "unseen" }, `${t("formula")}: `);
    this.#number.replaceChildren(qualityRow(formula.kpi, source.quality[this.#quality]));
    this.#formula.replaceChildren(name, formula[page.now.lang]);
    this.#opener.textContent = t("behind", this.#period);
    this.#box.setAttribute("aria-label", t("behind", this.#period));
    if (this.#writtenIn !== page.now.lang) this.#drawList();
  }

  /** The period that the number is of. */
  get #period() {
    const { answer } = sources.now;
    return (this.#quality === "complete" ? answer?.period : answer?.received) ?? "";
  }

  #toggle() {
    if (!this.#list) return this.#read(0);
    this.#list = null;
    return this.#drawList();
  }

  /** @param {number} offset */
  #read(offset) {
    void guarded("sources", null, async () => {
      const question = new URLSearchParams({ period: this.#period, offset: String(offset) });
      const source = encodeURIComponent(this.#source);
      /** @type {RowsBehind} */
      const list = await ask(`/v1/sources/${source}/${this.#quality}?${question}`);
      const before = offset && this.#list ? this.#list.rows : [];
      this.#list = { ...list, rows: [...before, ...list.rows] };
      this.#drawList();
    });
  }

  #drawList() {
    this.#writtenIn = page.now.lang;
    this.#opener.setAttribute("aria-expanded", String(this.#list !== null));
    this.#box.hidden = !this.#list;
    if (!this.#list) return this.#box.replaceChildren();
    const { rows, total } = this.#list;
    const count = total
      ? t("count", integer(rows.length), integer(total))
      : t(`none_${this.#quality}`);
    const said = el("p", { class: "quiet" }, count);
    return this.#box.replaceChildren(said, ...(total ? this.#table(this.#list) : []));
  }

  /** @param {RowsBehind} list */
  #table({ rows, next_offset: next }) {
    const columns = COLUMNS[this.#quality];
    const head = columns.map((column) => el("th", { scope: "col" }, t(column)));
    const lines = rows.map((row) =>
      el(
        "tr",
        {},
        ...columns.map((column) => el("td", { class: `col-${column}` }, written(row, column))),
      ),
    );
    const thead = el("thead", {}, el("tr", {}, ...head));
    const table = el("table", { class: "list" }, thead, el("tbody", {}, ...lines));
    if (next === null) return [table];
    const onclick = () => this.#read(next);
    return [table, el("button", { type: "button", class: "more", onclick }, t("more"))];
  }
}

customElements.define("source-quality", SourceQuality);
