// How the answer is shown, and what can be taken out of it.

import { askFile } from "../ask.js";
import { asPng, asSvg, standingAlone } from "../charts/picture.js";
import { el } from "../el.js";
import { guarded } from "../failures.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { words } from "../words.js";
import { asking, FACTS_MAX, factsPath, go, rankingPath } from "./state.js";

const t = words({
  vi: { shown: "Cách xem", table: "Bảng", chart: "Biểu đồ", save: "Tải {0}" },
  en: { shown: "Shown as", table: "Table", chart: "Chart", save: "Save {0}" },
});

const MEDIA = /** @type {Record<string, string>} */ ({
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  csv: "text/csv",
  arrow: "application/vnd.apache.arrow.stream",
  parquet: "application/vnd.apache.parquet",
});
/** Their names, where these are no abbreviations. */
const NAMES = /** @type {Record<string, string>} */ ({ arrow: "Arrow", parquet: "Parquet" });
const SHOWN = /** @type {const} */ (["table", "chart"]);

export class AnswerBar extends Part {
  static follows = [page.changes("lang"), asking.changes("asked", "ranking")];

  #shown = SHOWN.map((show) =>
    el("button", { type: "button", "data-show": show, onclick: () => go({ show }) }),
  );
  #files = Object.keys(MEDIA).map((format) => this.#button(format, () => saveTable(format)));
  #pictures = ["svg", "png"].map((format) => this.#button(format, () => savePicture(format)));
  #choice = el("div", { class: "chips", role: "group" }, ...this.#shown);

  /** @param {string} format @param {() => Promise<void>} save */
  #button(format, save) {
    const onclick = () => guarded("file", null, save);
    return el("button", { type: "button", "data-format": format, onclick });
  }

  build() {
    const files = el("div", { class: "acts" }, ...this.#files, ...this.#pictures);
    return [el("div", { class: "bar-row step-like" }, this.#choice, files)];
  }

  draw() {
    const { asked, ranking } = asking.now;
    const isFacts = asked.show === "facts";
    this.hidden = !ranking || asked.show === "changes" || !(asked.by.length || isFacts);
    this.#choice.hidden = isFacts;
    this.#choice.setAttribute("aria-label", t("shown"));
    for (const [i, show] of SHOWN.entries()) {
      this.#shown[i].textContent = t(show);
      this.#shown[i].setAttribute("aria-pressed", String(asked.show === show));
    }
    for (const button of [...this.#files, ...this.#pictures]) {
      const { format = "" } = button.dataset;
      button.textContent = t("save", NAMES[format] ?? format.toUpperCase());
    }
    for (const button of this.#pictures) button.hidden = asked.show !== "chart";
  }
}

/** @param {string} format */
async function saveTable(format) {
  const { asked } = asking.now;
  // Analysts' tables are long ones: a row for each figure, whatever it is split by.
  const isCross = asked.by.length === 2 && !(format in NAMES);
  const path =
    asked.show === "facts"
      ? factsPath(asked, "", FACTS_MAX)
      : rankingPath(asked) + (isCross ? "&layout=cross" : "");
  save(await askFile(path, MEDIA[format]), format);
}

/** @param {string} format */
async function savePicture(format) {
  const chart = /** @type {SVGSVGElement | null} */ (document.querySelector("#chart > svg"));
  if (!chart) return;
  const title = document.querySelector("#answer-title")?.textContent ?? "";
  const picture = standingAlone(chart, title);
  save(format === "svg" ? asSvg(picture) : await asPng(picture), format);
}

/** @param {Blob} content @param {string} format */
function save(content, format) {
  const { ranking } = asking.now;
  const href = URL.createObjectURL(content);
  el("a", { href, download: `${ranking?.kpi}-${ranking?.period}.${format}` }).click();
  URL.revokeObjectURL(href);
}

customElements.define("answer-bar", AnswerBar);
