// The ledger of exchanges: how many messages stand how, why they were refused, and the latest.

import { el } from "../el.js";
import { exchangeTable } from "../elements/exchange-table.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer } from "../strings.js";
import { words } from "../words.js";
import { sources } from "./state.js";

/** @import { ExchangeState } from "../elements/types.js" */

const t = words({
  vi: {
    title: "Trao đổi với hệ thống quốc gia",
    taken: "{0} được xác nhận",
    refused: "{0} bị từ chối",
    given_up: "{0} thôi gửi",
    waiting: "{0} chờ gửi",
    sending: "{0} chưa rõ trả lời",
    pending: "{0} bên nhận đang xử lý",
    corrected: "{0} đã thay bằng thông điệp sau",
    refusals: "Đang bị từ chối, theo lý do",
    latest: "Thông điệp gần nhất",
    file: "Tải cả sổ (XLSX)",
  },
  en: {
    title: "Exchange with national services",
    taken: "{0} acknowledged",
    refused: "{0} refused",
    given_up: "{0} given up",
    waiting: "{0} waiting",
    sending: "{0} without a clear answer",
    pending: "{0} being worked on",
    corrected: "{0} replaced by later ones",
    refusals: "Standing refused, by reason",
    latest: "Latest messages",
    file: "Save the whole ledger (XLSX)",
  },
});

const ORDER = /** @type {ExchangeState[]} */ ([
  "taken",
  "refused",
  "given_up",
  "waiting",
  "sending",
  "pending",
  "corrected",
]);
const SHOWN = 20;

export class ExchangeLedger extends Part {
  static follows = [page.changes("lang"), sources.changes("ledger")];

  #title = el("h2", { id: "exchanges-title" });
  #box = el("div", { class: "panel", id: "exchanges" });

  build() {
    return [el("section", { "aria-labelledby": "exchanges-title" }, this.#title, this.#box)];
  }

  draw() {
    const { ledger } = sources.now;
    this.hidden = !ledger?.exchanges.length;
    if (!ledger || this.hidden) return;
    this.#title.textContent = t("title");
    const counts = ORDER.flatMap((state) => {
      const sum = ledger.counts.reduce((n, c) => n + (c.state === state ? c.count : 0), 0);
      return sum ? [t(state, integer(sum))] : [];
    });
    const reasons = ledger.refusals.map(({ code, answer, count }) =>
      el("li", {}, `${integer(count)} · ${[code, answer].filter(Boolean).join(": ")}`),
    );
    const file = el("a", { href: "/v1/exchanges?format=xlsx" }, t("file"));
    this.#box.replaceChildren(
      el("p", {}, ...(counts.length ? [counts.join(" · "), " · "] : []), file),
      ...(reasons.length ? [el("h3", {}, t("refusals")), el("ul", {}, ...reasons)] : []),
      el("h3", {}, t("latest")),
      exchangeTable(ledger.exchanges.slice(0, SHOWN)),
    );
  }
}

customElements.define("exchange-ledger", ExchangeLedger);
