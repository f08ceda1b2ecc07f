// The latest release: when it was made, of which years, under which licence, and what it leaves out.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer, timeText } from "../strings.js";
import { inLang, words } from "../words.js";
import { fileLink } from "./file-link.js";
import { opened } from "./state.js";

const t = words({
  vi: {
    release: "Bản {0}",
    nothing: "Chưa phát hành bản nào",
    how: "Cán bộ dữ liệu phát hành bằng lệnh sau; số đếm nhỏ được giữ kín trước khi ghi tệp.",
    synthetic: "Dữ liệu tổng hợp (mô phỏng)",
    made: "Phát hành lúc",
    years: "Của các năm",
    publisher: "Cơ quan công bố",
    contact: "Liên hệ",
    licence: "Giấy phép",
    law: "Căn cứ",
    withheld: "Giữ kín gì, vì sao",
    proof:
      "Với mỗi số nhỏ đã có chứng minh: một bộ số liệu khác cũng khớp mọi số đã công bố, trong đó số nhỏ ấy khác đi ít nhất {0}. Số 0 và số đo của trạm được công bố.",
    catalogue: "Danh mục DCAT",
    beside: "Giải thích cột, các số đã sửa",
  },
  en: {
    release: "Release {0}",
    nothing: "Nothing was released yet",
    how: "A data officer releases with this command; small counts are withheld before a file is written.",
    synthetic: "Synthetic data (simulated)",
    made: "Released at",
    years: "Of the years",
    publisher: "Publisher",
    contact: "Contact",
    licence: "Licence",
    law: "By",
    withheld: "What is withheld, and why",
    proof:
      "Each small number has its proof: another set of figures agrees with all that is told, in which that number differs by {0} or more. Zeros and what stations measure are told.",
    catalogue: "DCAT catalogue",
    beside: "Columns explained, revised numbers",
  },
});

export class ReleaseHead extends Part {
  static follows = [page.changes("lang"), opened.changes("open")];

  #box = el("section", { id: "release", hidden: true, "aria-labelledby": "release-title" });

  build() {
    return [this.#box];
  }

  draw() {
    const { open } = opened.now;
    this.#box.hidden = open === null;
    if (open) this.#box.replaceChildren(...(open.release ? shown(open) : empty()));
  }
}

function empty() {
  return [
    el(
      "div",
      { class: "panel empty" },
      el("h2", { id: "release-title" }, t("nothing")),
      el("p", {}, t("how")),
      el("pre", { tabindex: "0" }, "hub open-data release 2023"),
    ),
  ];
}

/** @param {NonNullable<typeof opened.now.open>} open */
function shown(open) {
  const { release } = open;
  if (!release) return [];
  const licence = el("a", { href: open.licence, rel: "license" }, open.licence);
  const contact = open.contact && el("a", { href: `mailto:${open.contact}` }, open.contact);
  /** @type {[Parameters<typeof t>[0], (Node | string)[]][]} */
  const rows = [
    ["made", [timeText(release.made_at)]],
    ["years", [release.years.join(", ")]],
    ["publisher", [open.publisher]],
    ["contact", contact ? [contact] : []],
    ["licence", [licence]],
    ["law", [inLang(open, "law")]],
    ["withheld", [el("p", {}, inLang(open, "withheld")), el("p", {}, t("proof", release.least))]],
    ["catalogue", open.catalogue.flatMap((url) => [fileLink({ url }), " "])],
    ["beside", open.beside.flatMap((file) => [fileLink(file), " "])],
  ];
  const mark = el("p", { id: "synthetic" }, el("strong", {}, t("synthetic")));
  return [
    el("div", { class: "heading" }, el("h2", { id: "release-title" }, title(release.number))),
    release.is_synthetic ? mark : "",
    el(
      "dl",
      { class: "facts panel" },
      ...rows.flatMap(([name, said]) =>
        said.length ? [el("dt", {}, t(name)), el("dd", {}, ...said)] : [],
      ),
    ),
  ];
}

/** @param {number} number */
const title = (number) => t("release", integer(number));

customElements.define("release-head", ReleaseHead);
