// The period of a question: its kind, then which one; or two days.

import { el } from "../el.js";
import { page } from "../page.js";
import { thisYear } from "../strings.js";
import { words } from "../words.js";
import { dimText } from "./naming.js";

/** @import { Asked } from "./address.js" */

const t = words({
  vi: { kind: "Kỳ", which: "Năm", number: "Thứ", from: "Từ ngày", to: "Đến ngày", day: "Ngày" },
  en: { kind: "Period", which: "Year", number: "Number", from: "From", to: "To", day: "Day" },
});

const COUNTS = /** @type {Record<string, number>} */ ({ half: 2, quarter: 4, month: 12, week: 53 });
const LETTERS = /** @type {Record<string, string>} */ ({ half: "H", quarter: "Q", week: "W" });
const KINDS = ["year", "half", "quarter", "month", "week", "day", "range"];
const SHAPE = /^(\d{4})(?:-(?:([HQW])(\d{1,2})|(\d{2})(?:-(\d{2}))?))?$/;

/** @param {string} period */
function kindOf(period) {
  const match = SHAPE.exec(period);
  if (!match?.[0].includes("-")) return "year";
  if (match[2]) return Object.keys(LETTERS).find((kind) => LETTERS[kind] === match[2]) ?? "year";
  return match[5] ? "day" : "month";
}

export class PeriodFields {
  /** @type {HTMLElement[]} */
  fields;

  /** @param {Asked} asked */
  constructor({ period, from, to }) {
    const kind = period ? kindOf(period) : "range";
    const year = (period || from || thisYear()).slice(0, 4);
    const number = SHAPE.exec(period)?.slice(3, 5).find(Boolean) ?? "01";
    const years = new Set([thisYear(), ...(page.now.list?.periods ?? []), year]);
    const kinds = KINDS.map((one) => option(one, dimText(one), kind));
    const kindSelect = el("select", { name: "kind", onchange: () => this.#show() }, ...kinds);
    this.#kind = kindSelect;
    const sorted = [...years].sort().reverse();
    this.#year = field(
      t("which"),
      el("select", { name: "year" }, ...sorted.map((one) => option(one, one, year))),
    );
    this.#numbers = el("select", { name: "number" });
    this.#chosen = String(Number(number));
    this.#number = field(t("number"), this.#numbers);
    const day = kind === "day" ? period : `${year}-01-01`;
    this.#day = field(t("day"), el("input", { name: "day", type: "date", value: day }));
    this.#from = field(t("from"), el("input", { name: "from", type: "date", value: from || day }));
    this.#to = field(t("to"), el("input", { name: "to", type: "date", value: to || day }));
    const rest = [this.#year, this.#number, this.#day, this.#from, this.#to];
    this.fields = [field(t("kind"), kindSelect), ...rest];
    this.#show();
  }

  #kind;
  #year;
  #number;
  #numbers;
  #chosen;
  #day;
  #from;
  #to;

  /** Shows the fields of the kind that is chosen. */
  #show() {
    const kind = this.#kind.value;
    const count = COUNTS[kind] ?? 0;
    const numbers = Array.from({ length: count }, (_, i) => String(i + 1));
    this.#numbers.replaceChildren(...numbers.map((one) => option(one, one, this.#chosen)));
    this.#year.hidden = kind === "day" || kind === "range";
    this.#number.hidden = count === 0;
    this.#day.hidden = kind !== "day";
    this.#from.hidden = this.#to.hidden = kind !== "range";
  }

  /**
   * Reads what was filled in.
   * @param {(name: string) => string} text
   * @returns {Pick<Asked, "period" | "from" | "to">}
   */
  static read(text) {
    const kind = text("kind");
    if (kind === "range") return { period: "", from: text("from"), to: text("to") };
    const number = LETTERS[kind]
      ? `-${LETTERS[kind]}${kind === "week" ? text("number").padStart(2, "0") : text("number")}`
      : `-${text("number").padStart(2, "0")}`;
    const within = COUNTS[kind] ? number : "";
    return { period: kind === "day" ? text("day") : text("year") + within, from: "", to: "" };
  }
}

/** @param {string} value @param {string} text @param {string} chosen */
const option = (value, text, chosen) => el("option", { value, selected: value === chosen }, text);

/** @param {string} name @param {HTMLElement} input */
const field = (name, input) => el("label", {}, el("span", {}, name), input);
