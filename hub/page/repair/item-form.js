// One rejected item: what is wrong, its fields, and what can be done.

import { Trouble } from "../ask.js";
import { el } from "../el.js";
import { chooser } from "../elements/chooser.js";
import { trialSaid } from "../elements/trial-said.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { timeText } from "../strings.js";
import { inLang, words } from "../words.js";
import { act, columnOf, fieldName, guardedRead, keepOutcome, listItems, repair } from "./state.js";
import { stateName } from "./state-picker.js";
import { forgetTyped, keepTyped, typedOf } from "./typed.js";

/** @import { Item, Outcome } from "../types.js" */

const t = words({
  vi: {
    fix: "Lưu sửa đổi",
    try: "Xem thử",
    replay: "Gửi lại",
    discard: "Loại bỏ",
    reason: "Lý do loại bỏ",
    example: "ví dụ {0}",
    whole: "Cả bản ghi, dạng JSON",
    ready: "Đúng hợp đồng dữ liệu, có thể gửi lại.",
    sent: "Đã gửi lại, biên nhận",
    refused: "Chưa gửi được: xem lý do ở trên.",
    sealed: "Bản gốc được niêm phong: cần khóa của bên gửi, hoặc của cán bộ dữ liệu, để xem.",
    erased: "Bản gốc đã xóa lúc",
  },
  en: {
    fix: "Keep the correction",
    try: "Try",
    replay: "Send again",
    discard: "Discard",
    reason: "Why it is discarded",
    example: "such as {0}",
    whole: "The whole item, as JSON",
    ready: "It keeps its contract and may be sent again.",
    sent: "Sent again, receipt",
    refused: "It was not sent: the reason is above.",
    sealed: "What was sent is sealed: it takes its sender's key, or a data officer's, to see it.",
    erased: "What was sent was erased at",
  },
});

/** @typedef {Record<string, unknown>} Fields */

/**
 * Reads the fields of an item; null where it is no JSON object, and is replaced whole.
 * @param {string} content
 * @returns {Fields | null}
 */
function fieldsOf(content) {
  const fields = parsed(content, null);
  return typeof fields === "object" && !Array.isArray(fields) ? fields : null;
}

/** @param {string} text @param {unknown} otherwise What is taken where it is no JSON. */
function parsed(text, otherwise) {
  try {
    return JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/** @param {unknown} value */
const writtenField = (value) => {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
};

export class ItemForm extends Part {
  static follows = [page.changes("lang")];

  #item;
  #form;

  /** @param {Item} item */
  constructor(item) {
    super();
    this.#item = item;
    this.#form = el("form", { class: "fields", "data-item": item.event_id });
  }

  build() {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const correction = this.#correction();
      const id = this.#item.event_id;
      void this.#act(async () => {
        const outcome = await act("fix", { id, ...correction });
        forgetTyped(id);
        return outcome;
      });
    });
    this.#form.addEventListener("input", ({ target }) => {
      const { name, value, dataset } = /** @type {HTMLInputElement} */ (target);
      keepTyped(this.#item.event_id, name, value, dataset.was ?? "");
    });
    return [this.#form];
  }

  draw() {
    const { event_id: id, rejected_at: at, verdict, acts } = this.#item;
    const quiet = (/** @type {string} */ text) => el("p", { class: "quiet" }, text);
    const said = el("div", { class: "said", role: "status" }, ...this.#outcome());
    const done = acts.map(({ at, by, action, receipt, reason }) =>
      el("li", {}, `${timeText(at)} · ${by} · ${stateName(action)} ${receipt ?? reason}`),
    );
    this.#form.replaceChildren(
      el("p", { class: verdict && !this.#isOver ? "bad" : "good" }, this.#standing()),
      quiet(`${id} · ${timeText(at)}`),
      ...this.#contents(),
      el("p", { class: "acts" }, ...(this.#isOver ? [] : this.#buttons())),
      said,
      ...(done.length ? [el("ol", { class: "quiet" }, ...done)] : []),
    );
  }

  get #isOver() {
    return ["replayed", "superseded", "discarded"].includes(this.#item.state);
  }

  /** What is wrong with the item now, or that nothing is. */
  #standing() {
    const { verdict, state } = this.#item;
    if (this.#isOver) return stateName(state);
    return verdict ? inLang(verdict, "message") : t("ready");
  }

  /** What was sent, as it may be seen, to be corrected where it is not over. */
  #contents() {
    const { content, original_erased_at: erasedAt } = this.#item;
    const gone = erasedAt ? `${t("erased")} ${timeText(erasedAt)}` : t("sealed");
    const said = content === null ? [el("p", { class: "quiet" }, gone)] : [];
    if (content === null && !erasedAt) return said;
    if (!this.#isOver) return [...said, this.#editor(content ?? "")];
    return content === null ? said : [el("pre", { tabindex: "0" }, content)];
  }

  /** @param {string} content */
  #editor(content) {
    const { event_id: id, verdict, contract, texts = {} } = this.#item;
    const fields = fieldsOf(content);
    const typed = typedOf(id);
    if (!fields) {
      const whole = { rows: 8, name: "~whole", "aria-label": t("whole"), "data-was": content };
      return el("textarea", whole, typed["~whole"] ?? content);
    }
    const wrong = new Set((verdict?.faults ?? (verdict ? [verdict] : [])).map((one) => one.field));
    const names = new Set([...Object.keys(fields), ...wrong].filter(Boolean));
    const inputs = [...names].map((name) => {
      const was = texts[name] ?? writtenField(fields[name]);
      const text = typed[name] ?? was;
      const isWrong = wrong.has(name);
      const column = columnOf(contract, name);
      const example = column?.example ? t("example", column.example) : null;
      const said = { "aria-invalid": isWrong ? "true" : null, placeholder: example };
      const attributes = { id: `${id}.${name}`, name, "data-was": was, ...said };
      const input = column?.choices.length
        ? chooser(attributes, column.choices, text)
        : el("input", { ...attributes, value: text });
      const label = el("label", { for: attributes.id }, fieldName(contract, name));
      return el("div", { class: isWrong ? "wrong" : null }, label, input);
    });
    return el("div", { class: "inputs" }, ...inputs);
  }

  #buttons() {
    const ids = [this.#item.event_id];
    const isWrong = this.#item.verdict !== null;
    /** @param {string} text @param {() => void} onclick @param {boolean} disabled */
    const button = (text, onclick, disabled) =>
      el("button", { type: "button", onclick, disabled }, text);
    return [
      el("button", { type: "submit" }, t("fix")),
      button(t("try"), () => this.#act(() => act("try", { ids })), isWrong),
      button(t("replay"), () => this.#act(() => act("replay", { ids })), isWrong),
      button(t("discard"), () => this.#discard(ids), false),
    ];
  }

  /** @param {string[]} ids */
  #discard(ids) {
    const reason = prompt(t("reason"));
    if (reason) void this.#act(() => act("discard", { ids, reason }));
  }

  /**
   * Does something, and shows the item as it stands then, in its place.
   *
   * One thing at a time: the answer to what was asked before would be shown as the answer to this.
   * @param {() => Promise<Outcome>} work
   */
  async #act(work) {
    const id = this.#item.event_id;
    for (const button of this.#form.querySelectorAll("button")) button.disabled = true;
    await keepOutcome(id, work);
    await guardedRead(async () => {
      const { items } = await listItems({ id });
      this.#item = items[0] ?? this.#item;
    });
    this.draw(); // once: twice would take away what is typed in between
  }

  /** What was changed in the form, as it was typed; a field that is left empty is taken out. */
  #correction() {
    const whole = this.#form.querySelector("textarea");
    if (whole) return { item: parsed(whole.value, {}) };
    /** @type {Record<string, string>} */
    const texts = {};
    const inputs = /** @type {NodeListOf<HTMLInputElement>} */ (
      this.#form.querySelectorAll("input, select")
    );
    for (const { name, value, dataset } of inputs) if (value !== dataset.was) texts[name] = value;
    return { texts };
  }

  #outcome() {
    const outcome = repair.now.outcomes.get(this.#item.event_id);
    if (!outcome) return [];
    if (outcome instanceof Trouble) return [el("p", { class: "bad" }, outcome.say())];
    if (!outcome.receipts) return outcome.trials ? trialSaid(outcome.trials, repair.now.kpis) : [];
    const receipt = outcome.receipts[this.#item.event_id];
    if (!receipt) return [el("p", { class: "bad" }, t("refused"))];
    const link = el("a", { href: `/v1/receipts/${receipt}` }, receipt);
    return [el("p", { class: "good" }, `${t("sent")} `, link)];
  }
}

customElements.define("item-form", ItemForm);
