// Shares of payments by customers, transactions and amount, of the whole and of its parts.

import { nameOf } from "../board/groups.js";
import { el, none } from "../el.js";
import { planText, progressMark } from "../elements/marks.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { completeText, figureText, fractionText, targetText } from "../strings.js";
import { inLang, words } from "../words.js";
import { chooseSplit, KPIS, money, SPLITS } from "./state.js";

/** @import { Figure } from "../types.js" */

const t = words({
  vi: {
    title: "Tỷ lệ thanh toán không dùng tiền mặt",
    note: "Điểm thu của trung gian nhận tiền mặt nên không tính là không dùng tiền mặt.",
    split: "Chia theo",
    service: "Dịch vụ",
    reporter: "Đơn vị báo cáo",
    area: "Địa bàn",
    month: "Tháng",
    whole: "Cả kỳ {0}",
    complete: "Độ đủ",
    target: "Mục tiêu {0}",
    nothing: "Kỳ này chưa có thống kê thanh toán.",
    incomplete: "chưa đủ",
    payment_cashless_customer_share: "Theo khách hàng",
    payment_cashless_transaction_share: "Theo giao dịch",
    payment_cashless_amount_share: "Theo số tiền",
    payment_transactions: "Số giao dịch",
    payment_amount: "Số tiền",
  },
  en: {
    title: "Cashless share of payments",
    note: "An intermediary's collection point takes cash, so it is not cashless.",
    split: "Split by",
    service: "Service",
    reporter: "Reporter",
    area: "Area",
    month: "Month",
    whole: "All of {0}",
    complete: "Complete",
    target: "Target {0}",
    nothing: "There are no payment statistics of this period yet.",
    incomplete: "incomplete",
    payment_cashless_customer_share: "By customers",
    payment_cashless_transaction_share: "By transactions",
    payment_cashless_amount_share: "By amount",
    payment_transactions: "Transactions",
    payment_amount: "Amount",
  },
});

export class ShareTable extends Part {
  static follows = [page.changes("lang"), money.changes("split", "shares")];

  #title = el("h2", { id: "shares-title" });
  #note = el("p");
  #splits = el("div", { id: "splits", class: "chips", role: "group" });
  #buttons = SPLITS.map((split) =>
    el("button", { type: "button", "data-split": split, onclick: () => chooseSplit(split) }),
  );
  #nothing = el("p", { class: "quiet", id: "no-shares" });
  #head = el("tr");
  #body = el("tbody");
  #table = el("table", { id: "shares", class: "stacked" }, el("thead", {}, this.#head), this.#body);

  #box = el("div", { class: "scroll panel" }, this.#table);

  build() {
    this.#splits.append(...this.#buttons);
    const heading = el("div", { class: "heading" }, this.#title, this.#note);
    const place = { "aria-labelledby": "shares-title" };
    return [el("section", place, heading, this.#splits, this.#nothing, this.#box)];
  }

  draw() {
    const { split, shares } = money.now;
    this.#title.textContent = t("title");
    this.#note.textContent = t("note");
    this.#splits.setAttribute("aria-label", t("split"));
    for (const [i, name] of SPLITS.entries()) {
      this.#buttons[i].setAttribute("aria-pressed", String(name === split));
      this.#buttons[i].textContent = t.find(name, name);
    }
    const columns = [t.find(split, split), ...KPIS.map((kpi) => t.find(kpi, kpi)), t("complete")];
    this.#head.replaceChildren(...columns.map((name) => el("th", { scope: "col" }, name)));
    const rows = shares ? rowsOf(shares, split) : [];
    this.#box.hidden = rows.length === 0;
    this.#nothing.hidden = rows.length > 0 || shares === null;
    this.#nothing.textContent = t("nothing");
    this.#body.replaceChildren(...rows.map(([code, figures]) => row(code, figures, columns)));
  }
}

/**
 * Puts figures together by what they are of; first is the whole, under an empty code.
 * @param {ReadonlyMap<string, Figure[]>} shares
 * @param {string} split
 */
function rowsOf(shares, split) {
  /** @type {Map<string, Map<string, Figure>>} */
  const rows = new Map();
  for (const [kpi, figures] of shares) {
    for (const figure of figures) {
      const code = figure.dims?.[split] ?? "";
      rows.set(code, (rows.get(code) ?? new Map()).set(kpi, figure));
    }
  }
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** @param {string} code @param {Map<string, Figure>} figures @param {string[]} columns */
function row(code, figures, columns) {
  const name = code ? nameOf("payment", money.now.split, code) : t("whole", page.now.period);
  const cells = [
    ...KPIS.map((kpi) => amountMarks(figures.get(kpi))),
    [completeMark([...figures.values()])],
  ];
  return el(
    "tr",
    { "data-code": code },
    el("th", { scope: "row" }, name),
    ...cells.map((cell, i) => el("td", { "data-name": columns[i + 1] }, ...cell)),
  );
}

/** @param {Figure} [figure] */
function amountMarks(figure) {
  if (!figure) return [none()];
  if (figure.value === null) {
    const [lack] = figure.lacks ?? figure.missing ?? [];
    return [lack ? el("span", { class: "quiet" }, inLang(lack, "message")) : none()];
  }
  const { text, unit, full } = figureText(figure);
  const isShare = figure.measure_unit === "share";
  const plan = planText(figure);
  return [
    el("b", { title: full }, text),
    el("small", {}, isShare ? ` ${fractionText(figure)}` : ` ${unit}`),
    ...(figure.target
      ? [
          el("p", {}, t("target", targetText(figure.target, figure.measure_unit)), " "),
          progressMark(figure),
          ...(plan ? [el("p", { class: "quiet" }, plan)] : []),
        ]
      : []),
  ];
}

/** @param {Figure[]} figures */
function completeMark(figures) {
  const least = Math.min(...figures.map(({ completeness }) => completeness ?? 1));
  const text = completeText(least);
  return least < 1 ? el("span", { class: "watch" }, `${text} · ${t("incomplete")}`) : text;
}

customElements.define("share-table", ShareTable);
