// Reports that are given by a schedule: when each is due next, and what became of those that were:
// given, tried again, given up, and why. What was given can be saved again.

import { el, none } from "../el.js";
import { saveFile } from "../elements/saved-file.js";
import { guarded } from "../failures.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer, timeText } from "../strings.js";
import { words } from "../words.js";
import { readRuns, reports } from "./state.js";

/** @import { Run, Schedule } from "./types.js" */

const t = words({
  vi: {
    title: "Biểu gửi theo lịch",
    none: "Chưa có lịch gửi nào: nạp danh mục report_schedules.",
    schedules: "Lịch gửi",
    runs: "Các lượt gửi",
    name: "Tên lịch",
    report: "Biểu",
    every: "Mỗi",
    unit: "Đơn vị",
    to: "Gửi qua",
    next: "Lượt tới",
    last: "Lượt trước",
    due: "Đến hạn",
    period: "Kỳ",
    state: "Kết quả",
    why: "Vì sao",
    files: "Tệp",
    whole: "toàn tỉnh",
    ended: "đã hết hiệu lực",
    never: "chưa có",
    of: "kỳ {0}, {1}",
    sent: "đã gửi {0}",
    waiting: "đang chờ, thử lại {0}",
    failed: "đã thôi gửi {0}",
    tries: "đã thử {0} lần",
    mail: "thư điện tử",
    folder: "thư mục",
    week: "tuần",
    month: "tháng",
    quarter: "quý",
    year: "năm",
    day: "ngày",
  },
  en: {
    title: "Reports by schedule",
    none: "There is no schedule yet: load the list report_schedules.",
    schedules: "Schedules",
    runs: "What was due",
    name: "Schedule",
    report: "Report",
    every: "Each",
    unit: "Unit",
    to: "Given by",
    next: "Due next",
    last: "Last",
    due: "Due at",
    period: "Period",
    state: "What became of it",
    why: "Why",
    files: "Files",
    whole: "the province",
    ended: "no longer in force",
    never: "none yet",
    of: "of {0}, {1}",
    sent: "given {0}",
    waiting: "waiting, tried again {0}",
    failed: "given up {0}",
    tries: "tried {0} times",
    mail: "mail",
    folder: "folder",
    week: "week",
    month: "month",
    quarter: "quarter",
    year: "year",
    day: "day",
  },
});

const SCHEDULE_COLUMNS = /** @type {const} */ ([
  "name",
  "report",
  "every",
  "unit",
  "to",
  "next",
  "last",
]);
const RUN_COLUMNS = /** @type {const} */ ([
  "due",
  "name",
  "report",
  "period",
  "unit",
  "to",
  "state",
  "why",
  "files",
]);
/** How a state looks; the word beside it says the same. @type {Record<Run["state"], string>} */
const MARKS = { sent: "good", waiting: "watch", failed: "bad" };

export class RunTable extends Part {
  static follows = [page.changes("lang"), reports.changes("runs")];

  #title = el("h2", { id: "runs-title" });
  #none = el("p", { class: "quiet", id: "no-runs" });
  #schedules = el("table", { id: "schedules", class: "list" });
  #runs = el("table", { id: "runs", class: "list" });
  #boxes = [this.#schedules, this.#runs].map((table) =>
    el("div", { class: "scroll", tabindex: "0", role: "group" }, table),
  );
  #box = el(
    "section",
    { hidden: true, "aria-labelledby": "runs-title" },
    el("div", { class: "heading" }, this.#title, this.#none),
    ...this.#boxes,
  );

  build() {
    void readRuns();
    return [this.#box];
  }

  draw() {
    const { runs } = reports.now;
    this.#box.hidden = runs === null;
    if (!runs) return;
    this.#title.textContent = t("title");
    this.#none.textContent = t("none");
    this.#none.hidden = runs.schedules.length > 0;
    const [schedules, past] = this.#boxes;
    schedules.setAttribute("aria-label", t("schedules"));
    past.setAttribute("aria-label", t("runs"));
    schedules.hidden = runs.schedules.length === 0;
    past.hidden = runs.runs.length === 0;
    this.#schedules.replaceChildren(...table(SCHEDULE_COLUMNS, runs.schedules.map(scheduleCells)));
    this.#runs.replaceChildren(...table(RUN_COLUMNS, runs.runs.map(runCells)));
  }
}

/** @param {readonly Parameters<typeof t>[0][]} columns @param {(Node | string)[][]} rows */
function table(columns, rows) {
  const heads = columns.map((name) => el("th", { scope: "col" }, t(name)));
  const lines = rows.map(([first, ...others]) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, first),
      ...others.map((cell, i) =>
        el("td", { class: `col-${columns[i + 1]}`, "data-name": t(columns[i + 1]) }, cell),
      ),
    ),
  );
  return [el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...lines)];
}

/** @param {Schedule} one */
function scheduleCells(one) {
  const { next_at: at, next_period: period } = one;
  return [
    one.name,
    one.report,
    t.find(one.every, one.every),
    one.unit ?? t("whole"),
    t.find(one.outlet, one.outlet),
    at && period ? t("of", period, timeText(at)) : t("ended"),
    one.last ? el("span", {}, `${one.last.period}: `, stateMark(one.last)) : t("never"),
  ];
}

/** @param {Run} run */
function runCells(run) {
  const tries = run.tries > 1 ? ` (${t("tries", integer(run.tries))})` : "";
  return [
    timeText(run.due_at),
    run.name,
    run.report,
    run.period,
    run.unit ?? t("whole"),
    t.find(run.outlet, run.outlet),
    stateMark(run),
    run.last_error ? `${run.last_error}${tries}` : none(),
    run.files.length ? el("span", { class: "acts" }, ...run.files.map(saver(run))) : none(),
  ];
}

/** @param {Run} run */
function stateMark({ state, at, try_at: again }) {
  return el("span", { class: MARKS[state] }, t(state, timeText(again ?? at)));
}

/** @param {Run} run */
function saver({ report, period, unit }) {
  const name = [report, period, unit].filter(Boolean).join("-");
  /** @param {Run["files"][number]} file */
  return ({ format, url }) => {
    const save = () => guarded("file", null, () => saveFile(url, `${name}.${format}`));
    const title = `${format.toUpperCase()} ${name}`;
    return el(
      "button",
      { type: "button", class: "more", "aria-label": title, onclick: save },
      format.toUpperCase(),
    );
  };
}

customElements.define("run-table", RunTable);
