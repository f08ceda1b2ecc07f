// Figures that have a target, large.

import { el } from "../el.js";
import { flash, planText, progressMark } from "../elements/marks.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { figureText, targetText } from "../strings.js";
import { words } from "../words.js";
import { rowTitle } from "./kpi-row.js";
import { board, isEmpty, readingOf, rowsWanted } from "./state.js";

/** @import { Figure, Kpi, Target } from "../types.js" */
/** @typedef {Figure & { target: Target, value: string }} Aimed */

const t = words({
  vi: { targets: "So với mục tiêu năm", target: "Mục tiêu" },
  en: { targets: "Against the year's targets", target: "Target" },
});

/** @param {Figure | undefined} figure @returns {figure is Aimed} */
const isAimed = (figure) => figure !== undefined && figure.target !== null && figure.value !== null;

export class TargetTiles extends Part {
  static follows = [
    page.changes("lang", "list"),
    board.changes("groups", "figures", "isRead", "isLoading"),
  ];

  /** @type {Map<string, Figure>} By row, what is shown. */
  #shown = new Map();
  #title = el("h2", { id: "targets-title" });
  #tiles = el("ul", { id: "tiles", class: "tiles" });
  #section = el(
    "section",
    { id: "targets", hidden: true, "aria-labelledby": "targets-title" },
    this.#title,
    this.#tiles,
  );

  build() {
    return [this.#section];
  }

  draw() {
    this.#title.textContent = t("targets");
    const before = this.#shown;
    this.#shown = new Map();
    const tiles = rowsWanted().flatMap(({ key, kpi }) => {
      const figure = board.now.figures.get(key);
      if (!isAimed(figure)) return [];
      const old = before.get(key);
      this.#shown.set(key, figure);
      const node = tile(kpi, figure);
      return [{ node, isChanged: old !== undefined && readingOf(old) !== readingOf(figure) }];
    });
    this.#section.hidden = !tiles.length || isEmpty();
    this.#tiles.replaceChildren(...tiles.map(({ node }) => node));
    for (const { node, isChanged } of tiles) if (isChanged) flash(node);
  }
}

/** @param {Aimed} figure */
const toneOf = ({ progress, met }) =>
  (progress ? ["met", "on_course"].includes(progress.state) : met) ? "good" : "bad";

/** @param {Kpi} kpi @param {Aimed} figure */
function tile(kpi, figure) {
  const { text, unit } = figureText(figure);
  const [value, goal] = [Number(figure.value), Number(figure.target.value)];
  const whole = figure.measure_unit === "share" ? 1 : Math.max(value, goal) * 1.1;
  const fill = el("i");
  fill.style.width = `${Math.min((value / whole) * 100, 100)}%`;
  const tick = el("b");
  tick.style.left = `${Math.min((goal / whole) * 100, 100)}%`;
  const target = `${t("target")} ${targetText(figure.target, figure.measure_unit)}`;
  const plan = planText(figure);
  return el(
    "li",
    { class: `panel tile ${toneOf(figure)}`, "data-kpi": kpi.id },
    el("h3", {}, rowTitle(kpi, figure)),
    el("p", { class: "big" }, text, unit && el("small", {}, ` ${unit}`)),
    el("div", { class: "gauge", "aria-hidden": "true" }, fill, tick),
    el("p", { class: "goal" }, el("span", {}, target), progressMark(figure)),
    ...(plan ? [el("p", { class: "goal plan" }, el("span", {}, plan))] : []),
  );
}

customElements.define("target-tiles", TargetTiles);
