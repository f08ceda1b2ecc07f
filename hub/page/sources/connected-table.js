// All that is connected, in one table: whether it lives, how late and how wrong it is.

import { el } from "../el.js";
import { agoMark, mark } from "../elements/marks.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { completeText, integer, spanText } from "../strings.js";
import { words } from "../words.js";
import { sources } from "./state.js";

/** @import { Connected } from "../types.js" */

const t = words({
  vi: {
    title: "Hệ thống kết nối",
    system: "Hệ thống",
    state: "Tình trạng",
    heartbeat: "Nhịp",
    last: "Bản ghi tốt cuối",
    late: "Đến chậm (p95)",
    wrong: "Tỷ lệ lỗi",
    alerts: "Cảnh báo",
    sender: "bên gửi",
    connector: "kết nối",
    station: "trạm",
    outlet: "kênh báo",
    good: "Bình thường",
    watch: "Có cảnh báo",
    bad: "Mất tín hiệu",
    unknown: "Chưa từng gửi",
  },
  en: {
    title: "Connected systems",
    system: "System",
    state: "State",
    heartbeat: "Heartbeat",
    last: "Last good record",
    late: "Late (p95)",
    wrong: "Error share",
    alerts: "Alerts",
    sender: "sender",
    connector: "connector",
    station: "station",
    outlet: "outlet",
    good: "Well",
    watch: "Alerts stand",
    bad: "Down",
    unknown: "Never heard",
  },
});

const COLUMNS = /** @type {const} */ ([
  "system",
  "state",
  "heartbeat",
  "last",
  "late",
  "wrong",
  "alerts",
]);
const SIGNS = /** @type {const} */ ({ good: "good", watch: "watch", bad: "bad", unknown: "none" });
const ORDER = ["bad", "watch", "unknown", "good"];

export class ConnectedTable extends Part {
  static follows = [page.changes("lang"), sources.changes("answer")];

  #title = el("h2", { id: "connected-title" });
  #head = el("tr");
  #body = el("tbody");

  build() {
    const table = el("table", { id: "connected" }, el("thead", {}, this.#head), this.#body);
    const box = el("div", { class: "scroll panel" }, table);
    return [el("section", { "aria-labelledby": "connected-title" }, this.#title, box)];
  }

  draw() {
    const { answer } = sources.now;
    this.#title.textContent = t("title");
    this.#head.replaceChildren(...COLUMNS.map((name) => el("th", { scope: "col" }, t(name))));
    const systems = [...(answer?.connected ?? [])];
    systems.sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
    this.#body.replaceChildren(...systems.map(row));
  }
}

/** @param {Connected} system */
function row(system) {
  const late = system.delivery_seconds_p95;
  const { lang } = page.now;
  const name = system[`title_${lang}`];
  const code = el("code", {}, system.id);
  const cells = [
    [mark(SIGNS[system.state], t(system.state))],
    [agoMark(system.heartbeat_at)],
    [agoMark(system.last_good_at)],
    [late === null ? "–" : spanText(late)],
    [system.error_share === null ? "–" : completeText(system.error_share)],
    [system.alerts_open ? el("a", { href: "/alerts" }, integer(system.alerts_open)) : "0"],
  ];
  return el(
    "tr",
    { "data-system": system.id },
    el(
      "th",
      { scope: "row" },
      name ? `${name} ` : "",
      system.kind === "station"
        ? el("a", { href: `/water?${new URLSearchParams({ station: system.id })}` }, code)
        : code,
      " ",
      el("small", { class: "quiet" }, t(system.kind)),
    ),
    ...cells.map((cell) => el("td", {}, ...cell)),
  );
}

customElements.define("connected-table", ConnectedTable);
