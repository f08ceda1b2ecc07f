// How long fees stand open: by what does not match, how many of which age, and how many đồng.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer, timeText } from "../strings.js";
import { words } from "../words.js";
import { ownWords } from "./cell-text.js";
import { money } from "./state.js";

/** @import { Row } from "../types.js" */

const t = words({
  vi: {
    caption: "Tuổi của khoản chưa khớp, theo ngày từ lần cuối có tin đến {0}",
    match: "Lệch thế nào",
    upto: "đến {0} ngày",
    between: "{0}–{1} ngày",
    over: "trên {0} ngày",
    fees: "Số khoản",
    apart: "Lệch, đồng",
    sum: "Cộng",
  },
  en: {
    caption: "Age of what does not match, by days from when it was last heard of to {0}",
    match: "What does not match",
    upto: "up to {0} days",
    between: "{0}–{1} days",
    over: "over {0} days",
    fees: "Fees",
    apart: "Apart, VND",
    sum: "Total",
  },
});
const AGES = [7, 30, 90]; // the last day of each age but the last one

export class AgeingTable extends Part {
  static follows = [page.changes("lang"), money.changes("list", "name")];

  #caption = el("caption");
  #head = el("tr");
  #body = el("tbody");
  #foot = el("tfoot");
  #table = el(
    "table",
    { id: "ageing", class: "list stacked" },
    this.#caption,
    el("thead", {}, this.#head),
    this.#body,
    this.#foot,
  );

  #box = el("div", { class: "scroll panel" }, this.#table);

  build() {
    return [this.#box];
  }

  draw() {
    const { list, name } = money.now;
    const rows = name === "fees_unmatched" ? (list?.rows ?? []) : [];
    this.#box.hidden = rows.length === 0;
    this.#caption.textContent = t("caption", timeText(list?.at ?? ""));
    const ages = [
      t("upto", AGES[0]),
      ...AGES.slice(1).map((last, i) => t("between", AGES[i] + 1, last)),
      t("over", AGES[AGES.length - 1]),
    ];
    const columns = [t("match"), ...ages, t("fees"), t("apart")];
    this.#head.replaceChildren(
      ...columns.map((column, i) => el("th", { scope: "col", class: i ? "number" : "" }, column)),
    );
    /** @type {Map<string, Row[]>} */
    const classes = new Map();
    for (const row of rows) {
      const match = String(row.match);
      classes.set(match, [...(classes.get(match) ?? []), row]);
    }
    const lines = [...classes].sort(([, a], [, b]) => Number(apart(b) - apart(a)));
    this.#body.replaceChildren(...lines.map(([match, of]) => line(ownWords(match), of, columns)));
    this.#foot.replaceChildren(line(t("sum"), rows, columns));
  }
}

/** @param {Row[]} rows */
const apart = (rows) => rows.reduce((sum, { gap_vnd }) => sum + BigInt(gap_vnd ?? 0), 0n);

/** @param {string} name @param {Row[]} rows @param {string[]} columns */
function line(name, rows, columns) {
  const counts = Array(AGES.length + 1).fill(0);
  for (const { days_waiting } of rows) {
    const age = AGES.findIndex((last) => Number(days_waiting) <= last);
    counts[age < 0 ? AGES.length : age] += 1;
  }
  const cells = [...counts, rows.length, apart(rows)];
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, name),
    ...cells.map((n, i) => el("td", { class: "number", "data-name": columns[i + 1] }, integer(n))),
  );
}

customElements.define("ageing-table", AgeingTable);
