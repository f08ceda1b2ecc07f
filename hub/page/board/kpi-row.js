// One row of the table, and what is below it. It is made of `tr`: a table holds no other element.

import { el, none } from "../el.js";
import { agoMark, flash, progressMark } from "../elements/marks.js";
import { page } from "../page.js";
import { completeText, figureText, fractionText, percent, targetText } from "../strings.js";
import { inLang, words } from "../words.js";
import { nameOf } from "./groups.js";
import { KpiDetails, restatedText } from "./kpi-details.js";
import { board, dimsOf, freshOf, readingOf } from "./state.js";

/** @import { Figure, Kpi } from "../types.js" */

export const COLUMNS = /** @type {const} */ ([
  "name",
  "figure",
  "fraction",
  "target",
  "met",
  "published",
  "complete",
  "fresh",
  "status",
]);

/** @typedef {typeof COLUMNS[number]} Column */

const t = words({
  vi: {
    name: "Chỉ tiêu",
    figure: "Giá trị",
    fraction: "Tử số / mẫu số",
    target: "Mục tiêu",
    met: "Kết quả",
    published: "Đã công bố",
    complete: "Độ đủ",
    fresh: "Sự kiện cuối",
    status: "Tình trạng",
    same: "khớp",
    differs: "khác số tính được",
    provisional: "Tạm tính",
    official: "Chính thức",
    restated: "Điều chỉnh",
    would_be: "nay là {0}",
    absent: "chưa có số liệu",
    unread: "đang đọc…",
  },
  en: {
    name: "KPI",
    figure: "Figure",
    fraction: "Numerator / denominator",
    target: "Target",
    met: "Result",
    published: "Published",
    complete: "Complete",
    fresh: "Last event",
    status: "Status",
    same: "agrees",
    differs: "differs from ours",
    provisional: "Provisional",
    official: "Official",
    restated: "Restated",
    would_be: "now {0}",
    absent: "no figure yet",
    unread: "not read yet",
  },
});

/** @param {Column} column */
export const columnName = (column) => t(column);

/**
 * What a row is called: the KPI, and what narrows it.
 * @param {Kpi} kpi
 * @param {Figure} [figure]
 */
export function rowTitle(kpi, figure) {
  const dims = Object.entries(figure ? dimsOf(figure) : {});
  const names = dims.map(([dim, code]) => nameOf(kpi.group, dim, code));
  const title = inLang(kpi, "title") ?? kpi.id;
  return names.length ? `${title} · ${names.join(", ")}` : title;
}

/**
 * The fraction in pieces that do not break inside a number.
 * @param {Figure} figure
 */
const fractionMarks = (figure) =>
  fractionText(figure)
    .split(/(?= [/÷] )/)
    .map((piece) => el("span", {}, piece));

/** @param {string} text */
const unspaced = (text) => text.replace(/[\s\u00a0]/g, "");

/**
 * Writes a figure with as many decimals as the published one has.
 * @param {Figure} figure
 * @param {string} printed
 */
function asPrinted(figure, printed) {
  if (figure.measure_unit !== "share") return figureText(figure, "vi").text;
  const places = printed.split(",")[1]?.match(/^\d+/)?.[0].length ?? 0;
  return percent(
    figure.numerator,
    BigInt(figure.denominator) * BigInt(figure.scale ?? 1),
    places,
    "vi",
  );
}

/** @param {Figure} figure */
function publishedMark(figure) {
  const printed = figure.published?.printed;
  if (!printed) return none();
  if (figure.value === null) return el("span", {}, printed);
  const isSame = unspaced(asPrinted(figure, printed)) === unspaced(printed);
  const mark = isSame ? ` ✓ ${t("same")}` : ` ≠ ${t("differs")}`;
  return el("span", {}, printed, el("small", { class: isSame ? "good" : "bad" }, mark));
}

/**
 * Says which parts of a figure were not reported, a line each.
 * @param {Figure} figure
 */
function missingText(figure) {
  const lines = figure.missing?.map(
    (part) => `${Object.values(part.dims).join(" · ")}: ${inLang(part, "message")}`,
  );
  return lines?.join("\n") ?? "";
}

/** @param {Figure} figure */
function completeMark(figure) {
  const complete = figure.completeness;
  if (complete === null) return none();
  const fill = el("i");
  fill.style.width = `${Math.min(Math.max(complete, 0), 1) * 100}%`;
  const bar = el("span", { class: "bar", "aria-hidden": "true" }, fill);
  const shortness = complete >= 1 ? "" : "short";
  const named = missingText(figure);
  const title = named ? { title: named } : {};
  return el("span", { class: `complete ${shortness}`, ...title }, completeText(complete), bar);
}

/**
 * What each column but the name shows of a figure.
 * @param {Figure} figure @param {string | null} freshAt
 * @returns {Record<Exclude<Column, "name">, (Node | string)[]>}
 */
function marksOf(figure, freshAt) {
  const { text, unit, full } = figureText(figure);
  const status = el("span", { class: `pill ${figure.status}` }, t(figure.status));
  const now = figure.restatement && t("would_be", restatedText(figure).text);
  const gone = figure.value === null && !figure.closed_at ? figure.missing?.slice(0, 1) : undefined;
  const lacks = (figure.lacks ?? gone)?.map((lack) =>
    el("span", { class: "lacks", title: missingText(figure) }, inLang(lack, "message")),
  );
  return {
    figure: lacks ?? [el("b", { title: full }, text), unit ? el("small", {}, ` ${unit}`) : ""],
    fraction: lacks ? [none()] : fractionMarks(figure),
    target: [figure.target ? targetText(figure.target, figure.measure_unit) : none()],
    met: [progressMark(figure)],
    published: [publishedMark(figure)],
    complete: [completeMark(figure)],
    fresh: [agoMark(freshAt)],
    status: now ? [status, el("small", {}, now)] : [status],
  };
}

export class KpiRow {
  #kpi;
  /** @type {Figure | undefined} */
  #figure;
  #shown = "";
  /** @type {KpiDetails | null} */
  #details = null;

  #button = el("button", { type: "button", class: "opener", "aria-expanded": "false" });
  #cells;
  #row;
  #cell = el("td", { role: "cell", colspan: COLUMNS.length });
  #below;

  /** @param {string} key @param {Kpi} kpi */
  constructor(key, kpi) {
    this.#kpi = kpi;
    const id = `panel-${key.replace(/[^\w]/g, "-")}`;
    this.#button.setAttribute("aria-controls", id);
    this.#below = el("tr", { role: "row", class: "below", id, hidden: true }, this.#cell);
    const [name, ...others] = COLUMNS;
    const heading = { scope: "row", role: "rowheader", class: name };
    this.#cells = others.map((column) => ({
      column,
      cell: el("td", { role: "cell", class: column }),
    }));
    this.#row = el(
      "tr",
      { role: "row", "data-key": key, "data-kpi": kpi.id },
      el("th", heading, this.#button),
      ...this.#cells.map(({ cell }) => cell),
    );
    this.#row.addEventListener("click", () => {
      if (getSelection()?.isCollapsed !== false) this.#toggle();
    });
  }

  get nodes() {
    return [this.#row, this.#below];
  }

  focus() {
    this.#button.focus();
  }

  /**
   * Shows the row's figure; one that says something else than before flashes.
   * @param {Figure} [figure]
   */
  fill(figure) {
    const freshAt = figure ? freshOf(this.#kpi, figure) : null;
    const shown = `${page.now.lang} ${board.now.isRead} ${freshAt}`;
    const old = this.#figure;
    if (old === figure && this.#shown === shown) return;
    this.#figure = figure;
    this.#shown = shown;
    this.#button.replaceChildren(rowTitle(this.#kpi, figure));
    this.#row.classList.toggle("absent", !figure);
    const marks = figure && marksOf(figure, freshAt);
    for (const { column, cell } of this.#cells) {
      cell.setAttribute("data-name", t(column));
      if (marks) cell.replaceChildren(...marks[column]);
      else if (column !== "figure") cell.replaceChildren();
      else
        cell.replaceChildren(
          el("span", { class: "quiet" }, t(board.now.isRead ? "absent" : "unread")),
        );
      if (column === "fraction" && figure) cell.classList.toggle("plain", isPlain(figure));
    }
    this.#details?.show(figure);
    if (!old || !figure || readingOf(old) === readingOf(figure)) return;
    flash(this.#row);
    this.#details?.readSoon();
  }

  /** Opens or closes what is below the row. */
  #toggle() {
    this.#details = this.#details ? null : new KpiDetails(this.#kpi, this.#figure);
    const isOpen = this.#details !== null;
    this.#below.hidden = !isOpen;
    this.#button.setAttribute("aria-expanded", String(isOpen));
    this.#cell.replaceChildren(...(this.#details ? [this.#details] : []));
  }
}

/**
 * Whether the fraction says nothing that the figure does not.
 * @param {Figure} figure
 */
const isPlain = ({ denominator, measure_unit: unit }) =>
  BigInt(denominator) === 1n && unit !== "đồng";
