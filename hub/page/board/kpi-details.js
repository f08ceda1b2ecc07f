// What is below a row: the question, where the figure comes from, and its months.

import { ask, Trouble } from "../ask.js";
import { monthChart } from "../charts/month-chart.js";
import { el } from "../el.js";
import { Pace } from "../pace.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { figureText, fractionText, isLine, monthText, timeText } from "../strings.js";
import { inLang, words } from "../words.js";
import { dimsOf, path, screenOf } from "./state.js";

/** @import { Figure, Kpi } from "../types.js" */

const MONTHS_MS = 10_000;

const t = words({
  vi: {
    question: "Câu hỏi",
    owner: "Đơn vị chủ trì",
    closed_at: "Chốt lúc",
    restated_to: "Nếu tính bây giờ",
    restated_why: "Vì những sự kiện nào",
    definition: "Phiên bản định nghĩa",
    at: "Thời điểm của số liệu",
    cut: "Lát cắt",
    figure: "Giá trị",
    fraction: "Tử số / mẫu số",
    as_json: "Xem nguyên văn (JSON)",
    list: "Danh sách hồ sơ",
    list_see: "Xem danh sách",
    none: "không có",
    by_month: "Diễn biến theo tháng",
    by_month_none: "Chỉ tiêu này chưa có số liệu theo tháng trong kỳ.",
    wait: "Đang tải…",
  },
  en: {
    question: "Question",
    owner: "Owner",
    closed_at: "Closed at",
    restated_to: "If computed now",
    restated_why: "Because of which events",
    definition: "Definition version",
    at: "Figure is for the instant",
    cut: "Cut",
    figure: "Figure",
    fraction: "Numerator / denominator",
    as_json: "See the answer itself (JSON)",
    list: "The dossiers themselves",
    list_see: "See the list",
    none: "none",
    by_month: "By month",
    by_month_none: "This KPI has no monthly figures in the period.",
    wait: "Loading…",
  },
});

/** @typedef {Parameters<typeof t>[0]} Key */

/**
 * Writes what a closed figure would be now.
 * @param {Figure} figure
 */
export const restatedText = (figure) => figureText({ ...figure, ...figure.restatement });

/** @param {Figure} figure */
const monthOf = (figure) => dimsOf(figure).month ?? "";

export class KpiDetails extends Part {
  static follows = [page.changes("lang", "period", "asOf")];

  #kpi;
  #figure;
  #screen = "";
  /** @type {Figure[] | Trouble | null} */
  #months = null;
  #pace = new Pace(MONTHS_MS);
  #facts = el("dl", { class: "facts" });
  #byMonth = el("div", { class: "by-month" });

  /** @param {Kpi} kpi @param {Figure} [figure] */
  constructor(kpi, figure) {
    super();
    this.#kpi = kpi;
    this.#figure = figure;
  }

  build() {
    return [el("div", { class: "inside" }, this.#facts, this.#byMonth)];
  }

  draw() {
    if (this.#screen !== screenOf()) {
      this.#screen = screenOf();
      this.#months = null;
      void this.#read();
    }
    this.#drawFacts();
    this.#drawMonths();
  }

  /**
   * Shows another figure of the row.
   * @param {Figure} [figure]
   */
  show(figure) {
    this.#figure = figure;
    this.#drawFacts();
  }

  /** Reads the months again, before long. */
  readSoon() {
    this.#pace.soon(() => this.isConnected && this.#read());
  }

  async #read() {
    const screen = screenOf();
    const months = await this.#readMonths();
    if (screen !== screenOf()) return;
    this.#months = months;
    this.#drawMonths();
  }

  /** @returns {Promise<Figure[] | Trouble>} */
  async #readMonths() {
    if (!this.#kpi.dimensions.includes("month")) return [];
    const dims = this.#figure ? dimsOf(this.#figure) : {};
    try {
      const { figures } = await ask(path(this.#kpi.id, { ...dims, by: "month" }));
      /** @type {Figure[]} */
      const months = figures.filter(monthOf);
      return months.sort((a, b) => monthOf(a).localeCompare(monthOf(b)));
    } catch (error) {
      if (error instanceof Trouble) return error;
      throw error;
    }
  }

  #drawFacts() {
    const figure = this.#figure;
    /** @type {[Key, Node | string | null][]} */
    const facts = [
      ["question", inLang(this.#kpi, "question")],
      ["owner", this.#kpi.owner],
      ...(figure ? factsOf(figure) : []),
    ];
    const href = path(this.#kpi.id, figure && dimsOf(figure));
    this.#facts.replaceChildren(
      ...facts.flatMap(([name, fact]) => [el("dt", {}, t(name)), el("dd", {}, fact ?? t("none"))]),
      el("dt", { class: "unseen" }, "JSON"),
      el("dd", {}, el("a", { href }, t("as_json"))),
      // Lists are of what is known now.
      ...(page.now.asOf ? [] : this.#kpi.lists.flatMap((name) => this.#listed(name))),
    );
  }

  /**
   * Links to a list that people work with.
   * @param {string} name
   */
  #listed(name) {
    const dims = this.#figure ? dimsOf(this.#figure) : {};
    const href = `/v1/lists/${name}?${new URLSearchParams({ period: page.now.period, ...dims })}`;
    const see = el("a", { href }, t("list_see"));
    const file = el("a", { href: `${href}&format=csv` }, "CSV");
    return [el("dt", {}, t("list")), el("dd", {}, see, " · ", file)];
  }

  #drawMonths() {
    const months = this.#months;
    const quiet = (/** @type {Key} */ key) => el("p", { class: "quiet" }, t(key));
    const title = el("h4", {}, t("by_month"));
    if (months === null) this.#byMonth.replaceChildren(quiet("wait"));
    else if (months instanceof Trouble) {
      this.#byMonth.replaceChildren(title, el("p", { class: "bad" }, months.say()));
    } else if (!months.length) this.#byMonth.replaceChildren(title, quiet("by_month_none"));
    else this.#byMonth.replaceChildren(...chartOf(this.#kpi, months));
  }
}

/**
 * Where a figure comes from.
 * @param {Figure} figure
 * @returns {[Key, Node | string | null][]}
 */
function factsOf(figure) {
  /** @type {[Key, Node | string | null][]} */
  const facts = [];
  if (figure.closed_at) facts.push(["closed_at", timeText(figure.closed_at)]);
  if (figure.restatement) {
    const href = `/v1/periods/${figure.period ?? page.now.period}/restatements`;
    const why = el("a", { href }, t("restated_why"));
    facts.push(["restated_to", el("span", {}, `${restatedText(figure).full} `, why)]);
  }
  facts.push(
    ["definition", el("code", {}, figure.definition_version)],
    ["at", timeText(figure.at)],
    ["cut", figure.cut],
    ["figure", figureText(figure).full],
    ["fraction", fractionText(figure)],
  );
  return facts;
}

/** @param {Kpi} kpi @param {Figure[]} figures */
function chartOf(kpi, figures) {
  const written = figures.map((figure) => {
    const { text, unit, full } = figureText(figure);
    const name = monthText(Number(monthOf(figure).slice(5)));
    return {
      name,
      text: unit.includes(" ") ? text : text.replace(/\u00a0/, ""),
      y: figure.value === null ? null : Number(figure.value),
      title: `${monthOf(figure)}: ${full} (${fractionText(figure)})`,
      spoken: `${name}: ${text} ${unit}`,
    };
  });
  const { unit } = figureText(figures[figures.length - 1]);
  const chart = monthChart({
    months: written,
    kind: isLine(kpi.measure_unit) ? "line" : "bars",
    label: written.map((month) => month.spoken).join("; "),
  });
  const place = { class: "wide", tabindex: "0", role: "group", "aria-label": t("by_month") };
  return [
    el("h4", {}, t("by_month"), unit && el("small", {}, ` (${unit})`)),
    el("div", place, chart),
  ];
}

customElements.define("kpi-details", KpiDetails);
