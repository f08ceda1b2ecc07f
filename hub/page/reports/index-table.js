// The scores of QĐ 766: each component by each way to read it, side by side, of all and by unit; and
// why the national portal may show another figure. Each number opens the dossiers behind it.

import { el, none } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { decimalText, integer } from "../strings.js";
import { inLang, words } from "../words.js";
import { open, reports } from "./state.js";

/** @import { Component, IndexReport, Scored } from "./types.js" */

const t = words({
  vi: {
    component: "Thành phần",
    reading: "Cách tính",
    fraction: "Tử số / mẫu số",
    score: "Điểm",
    most: "Tối đa",
    missing: "thiếu dữ liệu",
    unit: "Đơn vị",
    sum: "Cộng phần đo được",
    of: "{0} / {1}",
    why: "Vì sao Cổng quốc gia ra số khác",
    apart: "{0}: Cổng quốc gia hơn {1} điểm",
    unknown: "(không rõ)",
    whole: "Toàn bộ",
  },
  en: {
    component: "Component",
    reading: "Reading",
    fraction: "Numerator / denominator",
    score: "Score",
    most: "At most",
    missing: "no data",
    unit: "Unit",
    sum: "Sum of what is measured",
    of: "{0} / {1}",
    why: "Why the national portal shows another figure",
    apart: "{0}: the portal has {1} points more",
    unknown: "(unknown)",
    whole: "All",
  },
});

/** @param {string | null} score */
const scoreText = (score) => (score === null ? t("missing") : decimalText(score));

export class IndexTable extends Part {
  static follows = [page.changes("lang"), reports.changes("index")];

  #note = el("p", { id: "index-note" });
  #readings = el("table", { id: "readings" });
  #units = el("table", { id: "index-units" });
  #title = el("h2");
  #differences = el("ul", { id: "differences" });
  #all = el(
    "div",
    { hidden: true },
    el("div", { class: "heading" }, this.#note),
    el("div", { class: "scrolled" }, this.#readings),
    this.#title,
    this.#differences,
    el("div", { class: "scrolled" }, this.#units),
  );

  build() {
    return [this.#all];
  }

  draw() {
    const { index } = reports.now;
    this.#all.hidden = index === null;
    if (!index) return;
    const parts = [index.number, inLang(index, "title"), index.period, index.unit_name];
    this.#note.textContent = [...parts, inLang(index, "source")].filter(Boolean).join(" · ");
    this.#readings.replaceChildren(...readingRows(index));
    this.#units.replaceChildren(...unitRows(index));
    this.#title.textContent = t("why");
    this.#differences.replaceChildren(...differenceRows(index));
  }
}

/** @param {(Node | string)[]} cells */
const heads = (cells) =>
  el("thead", {}, el("tr", {}, ...cells.map((cell) => el("th", { scope: "col" }, cell))));

/** @param {string} code @param {string} column @param {number | bigint | null} n */
function opener(code, column, n) {
  if (n === null) return none();
  const button = { type: "button", class: "drill", onclick: () => open(code, column) };
  return BigInt(n) === 0n ? "0" : el("button", button, integer(n));
}

/** @param {IndexReport} index */
function readingRows({ components, total }) {
  const rows = components.flatMap((component) => {
    const read = component.readings.map((reading) => {
      const name = `${component.id}.${reading.id}`;
      const { numerator, denominator, score } = total.scores[component.id][reading.id];
      return el(
        "tr",
        { "data-reading": name },
        el("th", { scope: "row" }, inLang(component, "title")),
        el("td", { class: "said" }, inLang(reading, "title")),
        el(
          "td",
          {},
          opener("", `${name}.above`, numerator),
          " / ",
          opener("", `${name}.below`, denominator),
        ),
        el("td", {}, scoreText(score)),
        el("td", {}, decimalText(reading.points)),
      );
    });
    if (component.lacking_vi === null) return read;
    const lacking = el(
      "tr",
      { class: "lacking", "data-lacking": component.id },
      el("th", { scope: "row" }, inLang(component, "title")),
      el(
        "td",
        { class: "said", colspan: "3" },
        `${t("missing")}: ${component[`lacking_${page.now.lang}`]}`,
      ),
      el("td", {}, decimalText(component.points)),
    );
    return [...read, lacking];
  });
  const names = /** @type {const} */ (["component", "reading", "fraction", "score", "most"]);
  return [heads(names.map((name) => t(name))), el("tbody", {}, ...rows)];
}

/** @param {Component} component @param {Scored} scored */
function scoresOf({ id, readings }, { scores }) {
  const written = readings.map((reading) => scoreText(scores[id][reading.id].score));
  return el("td", {}, written.length ? written.join(" · ") : t("missing"));
}

/** @param {IndexReport} index */
function unitRows({ components, rows, total }) {
  /** @param {string} code @param {string} name @param {Scored} scored */
  const line = (code, name, scored) =>
    el(
      "tr",
      { "data-code": code },
      el("th", { scope: "row" }, name),
      ...components.map((component) => scoresOf(component, scored)),
      el("td", {}, t("of", decimalText(scored.sum), decimalText(scored.of))),
    );
  const named = rows.map((row) => line(row.code, row.name || row.code || t("unknown"), row));
  const titles = components.map((component) => inLang(component, "title"));
  return [
    heads([t("unit"), ...titles, t("sum")]),
    el("tbody", {}, line("", t("whole"), total), ...named),
  ];
}

/** @param {IndexReport} index */
function differenceRows({ components, differences }) {
  return differences.flatMap(({ component, difference, rules }) => {
    const title = components.find(({ id }) => id === component);
    const said =
      difference === null || !title
        ? []
        : [el("li", {}, t("apart", inLang(title, "title"), decimalText(difference)))];
    const behind = rules.map((rule) =>
      el(
        "li",
        { "data-rule": rule.rule },
        opener("", rule.column, rule.count),
        ` ${inLang(rule, "title")}`,
      ),
    );
    return [...said, ...behind];
  });
}

customElements.define("index-table", IndexTable);
