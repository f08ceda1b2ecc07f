// How a sender's own files are read: a draft by the hub with its doubts, which the clerk confirms
// once; files of the same form are then read without a question.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { inLang, words } from "../words.js";
import { columnChoices, valueChoice } from "./mapping-choices.js";
import { confirm, decide, propose, upload } from "./state.js";

/** @import { Doubt, Draft } from "./types.js" */

const t = words({
  vi: {
    title: "Cách đọc tệp của đơn vị",
    note: "Tệp có tiêu đề hoặc cách ghi riêng. Hãy xem từng cột dùng để làm gì rồi xác nhận một lần; các tệp sau cùng mẫu được đọc theo cách này.",
    open: "Tệp bị hiểu sai? Khai cách đọc các cột",
    header: "Cột trong tệp",
    samples: "Vài ô của cột",
    as: "Dùng làm",
    words: "Chữ trong tệp nghĩa là",
    always: "Đúng cho mọi dòng",
    doubts: "Cần xem",
    confirm: "Xác nhận cách đọc này",
    undecided: "Còn mục chưa chọn.",
    unclear: "Chưa rõ cột này dùng làm gì: hãy chọn.",
  },
  en: {
    title: "How your own files are read",
    note: "The file has headers or a way of writing of its own. Look what each column is for and confirm it once; later files of the same form are read so.",
    open: "Misunderstood? Say how the columns are read",
    header: "Column of the file",
    samples: "Some cells",
    as: "Is used as",
    words: "What words of the file mean",
    always: "Holds for all rows",
    doubts: "To be looked at",
    confirm: "Confirm this reading",
    undecided: "Something is not decided yet.",
    unclear: "It is not clear what this column is for: choose.",
  },
});

export class MappingDraft extends Part {
  static follows = [page.changes("lang"), upload.changes("draft", "tried", "sent", "isBusy")];

  #opener = el("button", {
    type: "button",
    id: "open-mapping",
    class: "more",
    onclick: () => propose(),
  });
  #box = el("div", { class: "acts" }, this.#opener);
  #form = el("form", { class: "panel step", id: "mapping" });

  build() {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void confirm();
    });
    return [this.#form, this.#box];
  }

  draw() {
    const { draft, tried, sent } = upload.now;
    this.#box.hidden = !tried || draft !== null || sent !== null;
    this.#opener.textContent = t("open");
    this.#form.hidden = draft === null || sent !== null;
    const held = document.activeElement?.id;
    this.#form.replaceChildren(...(draft ? this.#contents(draft) : []));
    if (held) document.getElementById(held)?.focus();
  }

  /** @param {Draft} draft */
  #contents(draft) {
    const { mapping, samples, doubts } = draft;
    const isDecided = !isUndecided(draft);
    /** @param {string} header */
    const isChosen = (header) =>
      mapping.passed_over.includes(header) ||
      mapping.columns.some((one) => one.header === header && one.field);
    const titles = /** @type {const} */ (["header", "samples", "as"]);
    const head = el("tr", {}, ...titles.map((title) => el("th", { scope: "col" }, t(title))));
    const rows = samples.map(({ header, values }) =>
      el(
        "tr",
        { "data-header": header },
        el("th", { scope: "row" }, header),
        el("td", {}, values.join(" · ")),
        el(
          "td",
          {},
          ...columnChoices(draft, header),
          ...said(doubts, (one) => one.header === header && !(one.is_open && isChosen(header))),
        ),
      ),
    );
    const table = el("table", { class: "list" }, el("thead", {}, head), el("tbody", {}, ...rows));
    const meant = Object.entries(mapping.words).flatMap(([field, own]) =>
      Object.entries(own).map(([word, code]) => {
        /** @param {string} value */
        const choose = (value) =>
          decide({ words: { ...mapping.words, [field]: { ...own, [word]: value } } });
        const choice = valueChoice(draft, field, word, code, choose);
        const own_ = said(
          doubts,
          (one) => one.part === "word" && one.field === field && one.word === word,
        );
        return el("p", { class: "meant", "data-word": word }, ...choice, ...own_);
      }),
    );
    const fixed = Object.entries(mapping.always).map(([field, value]) => {
      /** @param {string} text */
      const choose = (text) => decide({ always: { ...mapping.always, [field]: text } });
      const own = said(doubts, (one) => one.part === "always" && one.field === field);
      const choice = valueChoice(draft, field, "", value, choose);
      return el("p", { class: "meant", "data-always": field }, ...choice, ...own);
    });
    const others = doubts.filter(({ part }) => part === "sheet");
    return [
      el("h2", {}, t("title")),
      el("p", { class: "quiet" }, t("note")),
      el("div", { class: "wide", tabindex: "0", role: "group", "aria-label": t("title") }, table),
      ...(meant.length ? [el("h3", {}, t("words")), ...meant] : []),
      ...(fixed.length ? [el("h3", {}, t("always")), ...fixed] : []),
      ...(others.length ? [el("h3", {}, t("doubts")), ...said(others, () => true)] : []),
      ...(isDecided ? [] : [el("p", { class: "watch" }, t("undecided"))]),
      el(
        "p",
        { class: "acts" },
        el(
          "button",
          {
            type: "submit",
            id: "confirm",
            class: "main",
            disabled: !isDecided || upload.now.isBusy,
          },
          t("confirm"),
        ),
      ),
    ];
  }
}

/** @param {Draft} draft */
const isUndecided = ({ mapping: { columns, words, always } }) =>
  columns.some(({ field }) => !field) ||
  Object.values(words).some((own) => Object.values(own).some((code) => !code)) ||
  Object.values(always).some((value) => !value);

/** @param {Doubt} doubt */
const why = (doubt) =>
  doubt.part === "column" && doubt.is_open ? t("unclear") : inLang(doubt, "message");

/** @param {Doubt[]} doubts @param {(one: Doubt) => boolean} isOf */
const said = (doubts, isOf) =>
  doubts.filter(isOf).map((one) => el("small", { class: one.is_open ? "bad" : "watch" }, why(one)));

customElements.define("mapping-draft", MappingDraft);
