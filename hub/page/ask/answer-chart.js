// The rows of an answer as a chart: over time as a line, else as bars.

import { rankChart } from "../charts/rank-chart.js";
import { seriesChart } from "../charts/series-chart.js";
import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { figureText, fractionText, targetText } from "../strings.js";
import { words } from "../words.js";
import { TIMES } from "./address.js";
import { few, valueText } from "./naming.js";
import { asking } from "./state.js";

/** @import { Ranking, Row } from "./types.js" */

const t = words({
  vi: {
    one: "Biểu đồ cần một chiều: chọn một chiều ở “Chia theo”, hoặc xem bảng.",
    beside: "Nét đứt, vạch đứng: {0}",
    first: "{0} dòng đầu trên {1}",
  },
  en: {
    one: "A chart wants one dimension: choose one to split by, or look at the table.",
    beside: "Dashed, upright mark: {0}",
    first: "the first {0} of {1} rows",
  },
});

const BARS_MAX = 40;

export class AnswerChart extends Part {
  static follows = [page.changes("lang"), asking.changes("ranking", "asked")];

  #note = el("p", { class: "quiet" });
  #box = el("div", { id: "chart", class: "wide" });

  build() {
    return [el("section", { class: "panel answer" }, this.#note, this.#box)];
  }

  draw() {
    const { ranking, asked } = asking.now;
    this.hidden = asked.show !== "chart" || ranking === null;
    if (this.hidden || !ranking) return;
    const isOne = ranking.by.length === 1;
    const notes = isOne ? notesOf(ranking) : [t("one")];
    this.#note.textContent = notes.join(" · ");
    this.#box.replaceChildren(...(isOne && ranking.rows.length ? [chartOf(ranking)] : []));
  }
}

/** @param {Ranking} ranking */
function notesOf({ beside, rows, by }) {
  const isTime = TIMES.includes(by[0].id);
  const cut = !isTime && rows.length > BARS_MAX ? [t("first", BARS_MAX, rows.length)] : [];
  return beside
    ? [t("beside", [beside.period, beside.unit].filter(Boolean).join(", ")), ...cut]
    : cut;
}

/** @param {Ranking} ranking */
function chartOf({ rows, by, goal, measure_unit: unit }) {
  const [{ id: dim }] = by;
  const isShare = unit === "share";
  const target = goal?.target ? Number(goal.value) : null;
  const goalName = goal?.target ? targetText(goal.target, unit) : "";
  if (TIMES.includes(dim)) {
    // The year of a day stands in the title.
    const tick = (/** @type {string} */ name) => (dim === "day" ? name.slice(0, 5) : name);
    const points = rows.map((row) => ({ name: tick(nameOf(row, dim)), ...place(row) }));
    const label = points.map(({ title }) => title).join("; ");
    const write = (/** @type {number} */ value) => (isShare ? `${few(value * 100)} %` : few(value));
    return seriesChart({ points, goal: target, goalName, write, label });
  }
  const bars = rows.slice(0, BARS_MAX).map((row) => {
    const { text, unit: written } = figureText(row);
    return { name: nameOf(row, dim), text: `${text} ${written}`.trim(), ...place(row) };
  });
  const label = bars.map(({ title }) => title).join("; ");
  return rankChart({ bars, goal: target, goalName, label });
}

/** @param {Row} row @param {string} dim */
const nameOf = (row, dim) => valueText(dim, row.dims?.[dim], row.names[dim]);

/** @param {Row} row */
function place(row) {
  const name = Object.keys(row.dims ?? {}).map((dim) => nameOf(row, dim));
  const number = (/** @type {string | null | undefined} */ text) => (text ? Number(text) : null);
  return {
    y: number(row.value),
    beside: number(row.beside?.value),
    title: `${name}: ${figureText(row).full} (${fractionText(row)})`,
  };
}

customElements.define("answer-chart", AnswerChart);
