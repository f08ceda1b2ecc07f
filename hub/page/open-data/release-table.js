// All releases, the latest first. The files of the latest one are given; numbers that it revises are
// in its own list.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer, timeText } from "../strings.js";
import { words } from "../words.js";
import { opened } from "./state.js";

const t = words({
  vi: {
    title: "Các bản đã phát hành",
    note: "Ai cũng được nhận bản mới nhất. Số đã sửa từ bản đầu có trong revisions.csv, kèm số trước đó.",
    number: "Bản",
    made: "Phát hành lúc",
    years: "Năm",
    rows: "Dòng",
    withheld: "Dòng có số giữ kín",
    least: "Giữ kín số đếm dưới",
    revisions: "Lần sửa đến bản này",
  },
  en: {
    title: "Releases so far",
    note: "Anybody is given the latest. What was revised since is in revisions.csv, with the number of before.",
    number: "Release",
    made: "Released at",
    years: "Years",
    rows: "Rows",
    withheld: "Rows with a number withheld",
    least: "Withheld are counts below",
    revisions: "Revisions up to it",
  },
});

const COLUMNS = /** @type {const} */ ([
  "number",
  "made",
  "years",
  "rows",
  "withheld",
  "least",
  "revisions",
]);

export class ReleaseTable extends Part {
  static follows = [page.changes("lang"), opened.changes("open")];

  #title = el("h2", { id: "releases-title" });
  #note = el("p");
  #head = el("tr");
  #body = el("tbody");
  #table = el("table", { id: "releases", class: "list" }, el("thead", {}, this.#head), this.#body);
  #box = el(
    "section",
    { hidden: true, "aria-labelledby": "releases-title" },
    el("div", { class: "heading" }, this.#title, this.#note),
    el("div", { class: "scroll", tabindex: "0", role: "group" }, this.#table),
  );

  build() {
    return [this.#box];
  }

  draw() {
    const listed = opened.now.open?.releases ?? [];
    this.#box.hidden = listed.length === 0;
    this.#title.textContent = t("title");
    this.#note.textContent = t("note");
    this.#table.parentElement?.setAttribute("aria-label", t("title"));
    this.#head.replaceChildren(...COLUMNS.map((name) => el("th", { scope: "col" }, t(name))));
    const rows = listed.map((one) => [
      timeText(one.made_at),
      one.years.join(", "),
      ...[one.rows, one.withheld, one.least, one.revisions].map((n) => integer(n)),
    ]);
    this.#body.replaceChildren(
      ...rows.map((cells, i) =>
        el(
          "tr",
          {},
          el("th", { scope: "row" }, integer(listed[i].number)),
          ...cells.map((cell) => el("td", {}, cell)),
        ),
      ),
    );
  }
}

customElements.define("release-table", ReleaseTable);
