// The alerts that stand: how many by level, and the gravest of them.

import { el } from "../el.js";
import { mark } from "../elements/marks.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer, timeText } from "../strings.js";
import { inLang, words } from "../words.js";
import { overview } from "./state.js";
import { isWall } from "./wall.js";

const t = words({
  vi: {
    title: "Cảnh báo",
    critical: "Khẩn",
    warning: "Cảnh báo",
    notice: "Lưu ý",
    count: "{0} đang mở, {1} đã biết",
    none: "Không có cảnh báo nào đang mở.",
    since: "từ {0}",
    escalated: "đã chuyển cấp trên",
    all: "Xem tất cả cảnh báo",
  },
  en: {
    title: "Alerts",
    critical: "Critical",
    warning: "Warning",
    notice: "Notice",
    count: "{0} open, {1} acknowledged",
    none: "No alert is open.",
    since: "since {0}",
    escalated: "escalated",
    all: "See all alerts",
  },
});

const LEVELS = /** @type {const} */ (["critical", "warning", "notice"]);
const SIGNS = /** @type {const} */ ({ critical: "bad", warning: "watch", notice: "none" });

export class StandingAlerts extends Part {
  static follows = [page.changes("lang"), overview.changes("answer")];

  #title = el("h2", { id: "alerts-title" });
  #counts = el("ul", { id: "alert-counts" });
  #list = el("ul", { id: "gravest", class: "olist" });
  #none = el("p", { class: "quiet" });
  #all = el("a", { href: "/alerts", class: "all" });
  #section = el(
    "section",
    { class: "slides", "aria-labelledby": "alerts-title" },
    el("div", { class: "obar" }, this.#title, this.#counts),
    this.#none,
    this.#list,
    this.#all,
  );

  build() {
    return [this.#section];
  }

  draw() {
    const { answer } = overview.now;
    this.#section.hidden = !answer;
    if (!answer) return;
    const { count, gravest } = answer.alerts;
    this.#title.textContent = t("title");
    this.#counts.replaceChildren(
      ...LEVELS.map((level) => {
        const { open, acknowledged } = count[level];
        const sign = open ? SIGNS[level] : "none";
        const said = t("count", integer(open), integer(acknowledged));
        return el("li", { "data-level": level }, mark(sign, t(level)), " ", said);
      }),
    );
    this.#none.hidden = gravest.length > 0;
    this.#none.textContent = t("none");
    this.#list.hidden = !gravest.length;
    this.#list.replaceChildren(
      ...gravest.map((alert) => {
        const since = [t("since", timeText(alert.raised_at).slice(0, -3))];
        if (alert.escalated_at) since.push(t("escalated"));
        return el(
          "li",
          {},
          el(
            "a",
            { class: "panel oline", href: isWall ? null : alert.link, "data-alert": alert.id },
            mark(SIGNS[alert.level], t(alert.level)),
            el("strong", {}, inLang(alert, "title")),
            el("span", {}, inLang(alert, "text")),
            el("small", {}, since.join(" · ")),
          ),
        );
      }),
    );
    this.#all.textContent = t("all");
  }
}

customElements.define("standing-alerts", StandingAlerts);
