// Messages to other services, a row each: how it stands and why, when, under which trace.

import { el, none } from "../el.js";
import { integer, timeText } from "../strings.js";
import { inLang, words } from "../words.js";
import { mark } from "./marks.js";

/** @import { Exchange } from "./types.js" */

const t = words({
  vi: {
    label: "Thông điệp đã trao đổi",
    entity: "Hồ sơ",
    service: "Dịch vụ",
    state: "Tình trạng, lý do",
    sent: "Gửi lúc",
    answered: "Trả lời lúc",
    tries: "Số lần gửi",
    trace: "Mã vết",
  },
  en: {
    label: "Messages exchanged",
    entity: "Dossier",
    service: "Service",
    state: "State and why",
    sent: "Sent at",
    answered: "Answered at",
    tries: "Tries",
    trace: "Trace id",
  },
});

const SIGNS = /** @type {const} */ ({
  taken: "good",
  refused: "bad",
  given_up: "bad",
  waiting: "none",
  sending: "watch",
  pending: "watch",
  corrected: "none",
});
const HEADS = /** @type {const} */ ([
  "entity",
  "state",
  "service",
  "sent",
  "answered",
  "tries",
  "trace",
]);

/** @param {string | null} at */
const time = (at) => (at ? timeText(at) : none());

/** @param {Exchange[]} exchanges */
export function exchangeTable(exchanges) {
  const rows = exchanges.map((one) =>
    el(
      "tr",
      { "data-exchange": one.id },
      el("th", { scope: "row" }, el("code", {}, one.entity)),
      el("td", { class: "why" }, mark(SIGNS[one.state], inLang(one, "why"))),
      el("td", {}, one.service),
      el("td", {}, time(one.sent_at)),
      el("td", {}, time(one.answered_at)),
      el("td", {}, integer(one.tries)),
      el("td", {}, el("code", {}, one.trace_id)),
    ),
  );
  const heads = HEADS.map((name) => el("th", { scope: "col" }, t(name)));
  const table = el(
    "table",
    { class: "exchanges" },
    el("thead", {}, el("tr", {}, ...heads)),
    el("tbody", {}, ...rows),
  );
  const region = { class: "scroll", tabindex: "0", role: "region", "aria-label": t("label") };
  return el("div", region, table);
}
