// The datasets of the latest release, and a search over them.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { dayText, integer } from "../strings.js";
import { inLang, words } from "../words.js";
import { fileLink } from "./file-link.js";
import { opened } from "./state.js";

/** @import { Dataset } from "./types.js" */

const t = words({
  vi: {
    title: "Các bộ dữ liệu",
    files: "Tệp",
    owner: "Cơ quan chủ trì",
    span: "Thời gian",
    no_rows: "chưa có dòng nào",
    of: "{0} – {1}, theo {2}",
    day: "ngày",
    month: "tháng",
    quarter: "quý",
    year: "năm",
    rows: "Số dòng",
    withheld: "Dòng có số giữ kín",
    told: "0: không đếm người",
    share: "{0} trên {1}",
    revised: "Dòng đã sửa",
    modified: "Đổi lần cuối",
    catalogue: "Định nghĩa chỉ số",
  },
  en: {
    title: "Datasets",
    files: "Files",
    owner: "Owner",
    span: "Time",
    no_rows: "no row yet",
    of: "{0} – {1}, by {2}",
    day: "day",
    month: "month",
    quarter: "quarter",
    year: "year",
    rows: "Rows",
    withheld: "Rows with a number withheld",
    told: "0: no people are counted",
    share: "{0} of {1}",
    revised: "Rows revised",
    modified: "Last changed",
    catalogue: "How the KPI is defined",
  },
});

export class DatasetList extends Part {
  static follows = [page.changes("lang"), opened.changes("open")];

  #title = el("h2", { id: "datasets-title" });
  #cards = el("div", { id: "datasets", class: "wholes" });
  #box = el(
    "section",
    { hidden: true, "aria-labelledby": "datasets-title" },
    el("div", { class: "heading" }, this.#title),
    this.#cards,
  );

  build() {
    return [this.#box];
  }

  draw() {
    const listed = opened.now.open?.datasets ?? [];
    this.#box.hidden = listed.length === 0;
    this.#title.textContent = t("title");
    this.#cards.replaceChildren(...listed.map(card));
    // The address may name one; it is there from now on alone.
    if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
  }
}

/** @param {Dataset} dataset */
function card(dataset) {
  const { id } = dataset;
  /** @type {[Parameters<typeof t>[0], (Node | string)[]][]} */
  const rows = [
    ["files", dataset.files.flatMap((file) => [fileLink(file), " "])],
    ["owner", [dataset.owner]],
    ["span", [spanOf(dataset)]],
    ["rows", [integer(dataset.rows)]],
    ["withheld", [withheldOf(dataset)]],
    ["revised", [integer(dataset.revised)]],
    ["modified", dataset.modified_on ? [dayText(dataset.modified_on)] : []],
  ];
  return el(
    "article",
    { class: "panel whole", id: `dataset-${id}`, "aria-labelledby": `${id}-title` },
    el("h2", { id: `${id}-title` }, inLang(dataset, "title"), " ", el("code", {}, id)),
    el(
      "div",
      {},
      el("p", {}, inLang(dataset, "question")),
      el("p", {}, el("a", { href: `/catalogue?q=${id}` }, t("catalogue"))),
    ),
    el(
      "dl",
      { class: "facts" },
      ...rows.flatMap(([name, said]) =>
        said.length ? [el("dt", {}, t(name)), el("dd", {}, ...said)] : [],
      ),
    ),
  );
}

/** @param {Dataset} dataset */
function spanOf({ first_on: first, last_on: last, finest }) {
  return first ? t("of", dayText(first), dayText(last), t.find(finest, finest)) : t("no_rows");
}

/** @param {Dataset} dataset */
function withheldOf({ is_of_people: isOfPeople, withheld, rows }) {
  return isOfPeople ? t("share", integer(withheld), integer(rows)) : t("told");
}

customElements.define("dataset-list", DatasetList);
