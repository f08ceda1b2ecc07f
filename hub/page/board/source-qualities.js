// The sources in short: the four qualities of each.

import { ask } from "../ask.js";
import { el } from "../el.js";
import { levelsNote, qualityRow, sourceTitle } from "../elements/quality-row.js";
import { page } from "../page.js";
import { words } from "../words.js";
import { AskingPart } from "./asking-part.js";
import { board, isEmpty } from "./state.js";

/** @import { Quality, Source, Sources } from "../types.js" */

const READ_MS = 10_000;

const t = words({
  vi: {
    sources: "Chất lượng nguồn dữ liệu",
    more: "Nhịp, độ trễ, công thức và danh sách sau mỗi con số →",
    none: "Chưa có nguồn nào gửi dữ liệu trong kỳ này.",
  },
  en: {
    sources: "Source quality",
    more: "Heartbeat, lag, formula and the list behind each number →",
    none: "No source has sent anything in this period.",
  },
});

/** @extends {AskingPart<Sources>} */
export class SourceQualities extends AskingPart {
  static follows = [page.changes("lang", "list", "asOf"), board.changes("isLoading")];

  #title = el("h2", { id: "quality-title" });
  #note = el("span", { id: "quality-note" });
  #more = el("a", { id: "sources-link", href: "/sources" });
  #sources = el("div", { id: "sources", class: "sources" });
  #section = el("section", { id: "quality", "aria-labelledby": "quality-title" });

  constructor() {
    super(READ_MS);
  }

  get subject() {
    return { name: "sources", place: () => t("sources") };
  }

  /**
   * What was due is due in the period shown; items are judged by when they were accepted, lately.
   */
  read() {
    return ask(`/v1/sources?${new URLSearchParams({ period: page.now.period })}`);
  }

  /** The sources stay until others are read: they are judged as they are now. */
  leave() {}

  build() {
    const links = el("p", {}, this.#note, " ", this.#more);
    this.#section.append(el("div", { class: "heading" }, this.#title, links), this.#sources);
    return [this.#section];
  }

  draw() {
    this.#section.hidden = isEmpty() || page.now.asOf !== "";
    this.#title.textContent = t("sources");
    this.#more.textContent = t("more");
    if (!this.answer) return;
    const { period, sources } = this.answer;
    this.#note.textContent = levelsNote(this.answer);
    this.#more.href = `/sources?${new URLSearchParams({ period, lang: page.now.lang })}`;
    const cards = sources.map((source) => this.#card(source));
    const none = () => el("p", { class: "panel quiet" }, t("none"));
    this.#sources.replaceChildren(...(cards.length ? cards : [none()]));
  }

  /** @param {Source} source */
  #card(source) {
    const qualities = /** @type {Quality[]} */ (Object.keys(source.quality));
    return el(
      "article",
      { class: "panel source", "data-source": source.source },
      el("h3", {}, sourceTitle(source), " ", el("code", {}, source.source)),
      el(
        "dl",
        {},
        ...qualities.flatMap((name) => {
          const formula = this.answer?.formulas[name];
          return formula ? [qualityRow(formula.kpi, source.quality[name])] : [];
        }),
      ),
    );
  }
}

customElements.define("source-qualities", SourceQualities);
