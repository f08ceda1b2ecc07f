// The rows of an answer: each with its figure, what it is held against, what it pulls, what its
// unit reported; each opens the question one step deeper.

import { el, none } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { completeText, dayText, figureText, fractionText, integer } from "../strings.js";
import { words } from "../words.js";
import { deeper, dimensionsOf } from "./address.js";
import { CrossTable } from "./cross-table.js";
import { questionLink } from "./links.js";
import { dimText, few, gapText, pullText, valueText } from "./naming.js";
import { asking, go, kpiAsked } from "./state.js";

/** @import { Ranking, Row } from "./types.js" */

const t = words({
  vi: {
    value: "Số liệu",
    beside: "So với",
    difference: "Chênh lệch",
    pull: "Kéo lệch",
    part: "Tỷ trọng",
    part_why: "Dòng này là bao nhiêu trong số chung",
    lacks: "Còn thiếu",
    completeness: "Đầy đủ",
    silent_days: "Gửi dữ liệu",
    status: "Trạng thái",
    pull_why:
      "Riêng dòng này giữ số chung cách mức cần đạt bao nhiêu; các dòng cộng lại bằng cả khoảng cách",
    lacks_why: "Cần thêm bao nhiêu ở tử số để riêng dòng này đạt",
    days: "{0}/{1} ngày",
    owed: "{0}/{1} kỳ phải gửi",
    until: "đến {0}",
    silent: "{0} ngày làm việc không gửi gì",
    never: "chưa từng gửi",
    provisional: "tạm tính",
    official: "chính thức",
    restated: "điều chỉnh, nay là {0}",
    of: "{0} trên {1} dòng",
    rows: "{0} dòng",
    no_pulls: "Các dòng không cộng lại thành số chung, nên không nói được dòng nào kéo lệch.",
    scroll: "Bảng số liệu",
  },
  en: {
    value: "Figure",
    beside: "Against",
    difference: "Difference",
    pull: "Pulls",
    part: "Part",
    part_why: "How much of the whole this row is",
    lacks: "Lacks",
    completeness: "Complete",
    silent_days: "Sent",
    status: "Status",
    pull_why:
      "By how much this row alone holds the whole away from where it is to be; rows add up to the gap",
    lacks_why: "How many more the row would need in its numerator to be there by itself",
    days: "{0} of {1} days",
    owed: "{0} of {1} that were due",
    until: "up to {0}",
    silent: "nothing for {0} working day(s)",
    never: "nothing ever",
    provisional: "provisional",
    official: "official",
    restated: "restated, now {0}",
    of: "{0} of {1} rows",
    rows: "{0} rows",
    no_pulls: "The rows do not add up to the whole, so none can be said to pull it.",
    scroll: "Table of figures",
  },
});

/** @typedef {"value" | "beside" | "difference" | "pull" | "lacks" | "completeness" | "silent_days" | "status"} Column */

/** Of these, people know the codes as well as the names. */
const CODED = new Set(["unit", "procedure", "station", "area"]);

export class AnswerTable extends Part {
  static follows = [page.changes("lang"), asking.changes("ranking", "asked")];

  #count = el("p", { id: "rows-count", class: "quiet" });
  #box = el("div", { class: "scrolled", tabindex: "0", role: "region" });

  build() {
    return [el("section", { class: "panel answer" }, this.#count, this.#box)];
  }

  draw() {
    const { ranking, asked } = asking.now;
    const isShown = ranking !== null && asked.by.length > 0 && asked.show === "table";
    this.hidden = !isShown;
    this.#box.setAttribute("aria-label", t("scroll"));
    if (!isShown || !ranking) return;
    const { rows, total } = ranking;
    const isCross = asked.by.length === 2;
    const lines = isCross ? new Set(rows.map(({ dims }) => dims?.[asked.by[0]])).size : total;
    const shown = rows.length < total ? t("of", rows.length, total) : t("rows", integer(lines));
    const pulls = rows.some((row) => row.pull !== null);
    this.#count.textContent = pulls || !rows.length ? shown : `${shown}. ${t("no_pulls")}`;
    this.#box.replaceChildren(isCross ? new CrossTable(ranking) : table(ranking));
  }
}

/** @param {Ranking} ranking */
function table(ranking) {
  const [dim] = ranking.by.map(({ id }) => id);
  const columns = columnsOf(ranking);
  const heads = [dim, ...columns].map((name) => head(name, name === dim));
  const body = ranking.rows.map((row) => line(row, dim, columns, ranking));
  return el(
    "table",
    { id: "answer", class: "numbers" },
    el("thead", {}, el("tr", {}, ...heads)),
    el("tbody", {}, ...body),
  );
}

/** @param {Ranking} ranking @returns {Column[]} */
function columnsOf({ rows, beside }) {
  const has = (/** @type {keyof Row} */ name) => rows.some((row) => row[name] !== null);
  return [
    "value",
    ...(beside ? /** @type {Column[]} */ (["beside", "difference"]) : []),
    ...(has("pull") ? /** @type {Column[]} */ (["pull"]) : []),
    ...(has("lacks") ? /** @type {Column[]} */ (["lacks"]) : []),
    ...(has("reported") ? /** @type {Column[]} */ (["silent_days"]) : []),
    "completeness",
    "status",
  ];
}

/** @param {string} name @param {boolean} isDim */
function head(name, isDim) {
  const { sort } = asking.now.asked;
  // A row of a count has no goal: what it pulls is its part of the whole.
  const isPart = name === "pull" && !(asking.now.ranking?.rows ?? []).some((r) => r.lacks !== null);
  const said = isPart ? "part" : /** @type {Column} */ (name);
  const text = isDim ? dimText(name) : t(said);
  const why =
    name === "pull" || name === "lacks" ? t(isPart ? "part_why" : `${name}_why`) : undefined;
  if (name === "status") return el("th", { scope: "col" }, text);
  const isUp = sort === name;
  const isDown = sort === `-${name}`;
  // What is read from the top: names from A, numbers from the greatest.
  const next = isDim ? (isUp ? `-${name}` : name) : isDown ? name : `-${name}`;
  const button = el(
    "button",
    { type: "button", class: "sorter", onclick: () => go({ sort: next }) },
    text,
    el("span", { "aria-hidden": "true" }, isUp ? " ▲" : isDown ? " ▼" : ""),
  );
  const order = isUp ? "ascending" : isDown ? "descending" : undefined;
  return el("th", { scope: "col", "aria-sort": order, title: why, "data-column": name }, button);
}

/** @param {Row} row @param {string} dim @param {Column[]} columns @param {Ranking} ranking */
function line(row, dim, columns, ranking) {
  const { asked } = asking.now;
  const code = row.dims?.[dim] ?? "";
  const text = valueText(dim, code, row.names[dim]);
  const name = code
    ? questionLink(
        deeper(asked, { [dim]: code }, dimensionsOf(kpiAsked())),
        { class: "drill" },
        text,
      )
    : text;
  const titled = (/** @type {Column} */ column) =>
    t(column === "pull" && row.lacks === null ? "part" : column);
  const cells = columns.map((column) =>
    el("td", { "data-column": column, "data-name": titled(column) }, ...cell(column, row, ranking)),
  );
  const small = CODED.has(dim) && text !== code ? el("small", {}, ` ${code}`) : null;
  return el("tr", { "data-code": code }, el("th", { scope: "row" }, name, small), ...cells);
}

/** @param {Column} column @param {Row} row @param {Ranking} ranking @returns {(Node | string)[]} */
function cell(column, row, ranking) {
  const unit = ranking.measure_unit;
  if (column === "value") {
    const { text, unit: written, full } = figureText(row);
    // Of one dossier a share is 0 or 100 %: that it is only one has to be seen.
    const isShare = unit === "share" || BigInt(row.denominator) !== 1n;
    const small = isShare ? el("small", {}, ` ${fractionText(row)}`) : "";
    return [el("b", { title: full }, text), written ? ` ${written}` : "", small];
  }
  if (column === "beside") {
    if (!row.beside) return [none()];
    return [figureText({ ...row, ...row.beside }).text];
  }
  if (column === "difference")
    return [row.difference === null ? none() : gap(row.difference, unit)];
  if (column === "pull") {
    return [row.pull === null ? none() : pullText(row.pull, unit, row.lacks === null)];
  }
  if (column === "lacks") return [row.lacks === null ? none() : few(row.lacks, 1)];
  if (column === "completeness") {
    return [row.completeness === null ? none() : completeText(row.completeness)];
  }
  if (column === "silent_days") return reportedText(row);
  if (row.status !== "restated") return [t(row.status)];
  const now = row.restatement && figureText({ ...row, ...row.restatement }).text;
  return [t("restated", now ?? "–")];
}

/** @param {string} difference @param {string} unit */
function gap(difference, unit) {
  const sign = Number(difference) > 0 ? "+" : "";
  return `${sign}${gapText(difference, unit)}`;
}

/** @param {Row} row */
function reportedText({ reported }) {
  if (!reported) return [none()];
  const { days, of, is_owed: isOwed, last_on: lastOn, silent_working_days: silent } = reported;
  const until = lastOn ? t("until", dayText(lastOn)) : t("never");
  const said = [t(isOwed ? "owed" : "days", days, of), el("small", {}, ` ${until}`)];
  return silent ? [...said, el("div", { class: "silent" }, t("silent", silent))] : said;
}

customElements.define("answer-table", AnswerTable);
