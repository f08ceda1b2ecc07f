// Who owes a report of payments that is past due, or came late: beside the figures that lack it.

import { el } from "../el.js";
import { mark } from "../elements/marks.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { dayText, integer } from "../strings.js";
import { words } from "../words.js";
import { money } from "./state.js";

/** @import { Row } from "../types.js" */

const t = words({
  vi: {
    title: "Đơn vị báo cáo thiếu và trễ",
    missing: "Thiếu",
    late: "Trễ",
    period: "kỳ {0}",
    of: "kỳ {0}, hạn {1}",
    since: "đã quá {0} ngày",
    came: "đến ngày {0}, trễ {1} ngày",
    none: "Không thiếu, không trễ báo cáo nào đã đến hạn.",
    counted: "{0} thiếu, {1} trễ; chưa đến hạn: {2}",
    more: "… và {0} kỳ nữa, xem lịch báo cáo bên dưới",
  },
  en: {
    title: "Missing and late reporters",
    missing: "Missing",
    late: "Late",
    period: "period {0}",
    of: "period {0}, due {1}",
    since: "{0} days past due",
    came: "came on {0}, {1} days late",
    none: "Nothing that is due is missing or came late.",
    counted: "{0} missing, {1} late; not due yet: {2}",
    more: "… and {0} more, see the calendar of reports below",
  },
});
const NAMED = 12;

/** @param {Row} row */
const daysLate = (row) => Number(row.days_late);

export class LateReporters extends Part {
  static follows = [page.changes("lang"), money.changes("owed", "shares")];

  #title = el("h2", { id: "late-title" });
  #note = el("p", { id: "late-note" });
  #list = el("ul", { id: "late" });

  build() {
    const heading = el("div", { class: "heading" }, this.#title, this.#note);
    return [el("section", { "aria-labelledby": "late-title" }, heading, this.#list)];
  }

  draw() {
    const { owed, shares } = money.now;
    const behind = owed.filter((row) => daysLate(row) > 0);
    const missing = behind.filter((row) => row.came_on === null).length;
    const waiting = owed.filter((row) => row.came_on === null).length - missing;
    this.#title.textContent = t("title");
    const counts = [missing, behind.length - missing, waiting].map((n) => integer(n));
    const said = behind.length || waiting ? t("counted", ...counts) : t("none");
    this.#note.textContent = shares ? said : "";
    const more = behind.length - NAMED;
    this.#list.replaceChildren(
      ...behind.slice(0, NAMED).map(item),
      ...(more > 0 ? [el("li", { class: "quiet" }, t("more", integer(more)))] : []),
    );
  }
}

/** @param {Row} row */
function item(row) {
  const isMissing = row.came_on === null;
  const days = integer(daysLate(row));
  const when = isMissing ? t("since", days) : t("came", dayText(String(row.came_on)), days);
  const period = String(row.period);
  const of =
    row.due_on === null ? t("period", period) : t("of", period, dayText(String(row.due_on)));
  return el(
    "li",
    { "data-reporter": row.unit },
    mark(isMissing ? "bad" : "watch", t(isMissing ? "missing" : "late")),
    " ",
    el("b", {}, String(row.unit)),
    ` ${of} · ${when}`,
  );
}

customElements.define("late-reporters", LateReporters);
