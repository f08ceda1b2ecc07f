// One alert: what it tells, since when, who was told and has seen it, and what is said of it.

import { el } from "../el.js";
import { agoMark, mark } from "../elements/marks.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { timeText } from "../strings.js";
import { words } from "../words.js";
import { alerts, say } from "./state.js";

/** @import { Alert } from "../types.js" */
/** @import { Bulletins, Delivery } from "./state.js" */

const t = words({
  vi: {
    notice: "Lưu ý",
    warning: "Cảnh báo",
    critical: "Khẩn",
    since: "từ {0}",
    until: "đến {0}",
    escalated: "chuyển cấp trên lúc {0}",
    acknowledged: "{0} xác nhận đã biết lúc {1}",
    owner: "Phụ trách: {0}",
    told: "Báo cho",
    waiting: "chờ gửi từ {0}",
    sent: "đã gửi lúc {0}",
    failed: "không gửi được",
    nobody: "không ai",
    no_officer: "không cán bộ nào",
    people: "người dân",
    people_waiting: "chờ báo",
    people_sent: "đã báo",
    people_failed: "không báo được",
    people_dropped: "thôi báo",
    people_nobody: "không có ai đăng ký",
    look: "Xem số liệu",
    comment: "Ghi chú",
    acknowledge: "Xác nhận đã biết",
    add: "Thêm ghi chú",
  },
  en: {
    notice: "Notice",
    warning: "Warning",
    critical: "Critical",
    since: "since {0}",
    until: "until {0}",
    escalated: "escalated at {0}",
    acknowledged: "{0} acknowledged it at {1}",
    owner: "Owner: {0}",
    told: "Told",
    waiting: "waiting since {0}",
    sent: "sent at {0}",
    failed: "could not be sent",
    nobody: "nobody",
    no_officer: "no officer",
    people: "people",
    people_waiting: "wait",
    people_sent: "told",
    people_failed: "could not be told",
    people_dropped: "not told any more",
    people_nobody: "nobody subscribed",
    look: "Look at the data",
    comment: "Comment",
    acknowledge: "Acknowledge",
    add: "Add the comment",
  },
});

const SIGNS = /** @type {const} */ ({ notice: "none", warning: "watch", critical: "bad" });

export class AlertCard extends Part {
  static follows = [page.changes("lang"), alerts.changes("answer")];

  #id;
  #head = el("p", { class: "alert-head" });
  #text = el("p", { class: "alert-text" });
  #facts = el("p", { class: "quiet" });
  #told = el("p", { class: "quiet alert-told" });
  #comments = el("ul", { class: "alert-comments" });
  #label = el("label");
  #input = el("input", { type: "text", maxlength: 1000, autocomplete: "off" });
  #acknowledge = el("button", { type: "button", onclick: () => this.#say("acknowledge") });
  #add = el("button", { type: "submit" });
  #form = el("form", { class: "alert-said" });

  /** @param {string} id */
  constructor(id) {
    super();
    this.#id = id;
  }

  build() {
    this.#input.id = `comment-${this.#id}`;
    this.#label.htmlFor = this.#input.id;
    this.#form.append(this.#label, this.#input, this.#add, this.#acknowledge);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#input.value.trim()) this.#say("comment");
    });
    const place = { class: "panel alert", role: "listitem", "data-alert": this.#id };
    const parts = [this.#head, this.#text, this.#facts, this.#told, this.#comments, this.#form];
    return [el("div", place, ...parts)];
  }

  draw() {
    const alert = alerts.now.answer?.alerts.find(({ id }) => id === this.#id);
    if (!alert) return;
    const { lang } = page.now;
    this.#head.replaceChildren(
      mark(SIGNS[alert.level], t(alert.level)),
      " ",
      el("strong", {}, alert[`title_${lang}`]),
      " ",
      agoMark(alert.raised_at),
    );
    this.#text.textContent = alert[`text_${lang}`];
    this.#facts.replaceChildren(factsOf(alert), " · ", el("a", { href: alert.link }, t("look")));
    this.#comments.replaceChildren(
      ...alert.comments.map(({ at, by, comment }) =>
        el("li", {}, el("b", {}, by), ` ${timeText(at)}: ${comment}`),
      ),
    );
    const told = alerts.now.deliveries.filter(({ alert: of }) => of === this.#id).reverse();
    const people = alerts.now.people.filter(({ alert: of }) => of === this.#id);
    const texts = [...told.map((d) => toldText(d, people.length > 0)), ...people.map(peopleText)];
    this.#told.hidden = texts.length === 0;
    this.#told.textContent = `${t("told")}: ${texts.join("; ")}`;
    this.#label.textContent = t("comment");
    this.#acknowledge.textContent = t("acknowledge");
    this.#add.textContent = t("add");
    this.#acknowledge.hidden = alert.status !== "open";
  }

  /** @param {"acknowledge" | "comment"} what */
  #say(what) {
    const comment = this.#input.value.trim();
    this.#input.value = "";
    void say(this.#id, what, comment);
  }
}

/** @param {Alert} alert */
function factsOf(alert) {
  const { cleared_at, escalated_at, acknowledged_at, acknowledged_by } = alert;
  return [
    t("since", timeText(alert.raised_at)),
    cleared_at && t("until", timeText(cleared_at)),
    t("owner", alert.owner),
    escalated_at && t("escalated", timeText(escalated_at)),
    acknowledged_at && t("acknowledged", acknowledged_by ?? "", timeText(acknowledged_at)),
  ]
    .filter(Boolean)
    .join(" · ");
}

/** @param {Delivery} delivery @param {boolean} isToPeople Whether people are told of it, too. */
function toldText({ recipient, outlet, escalated_to, state, due_at, at }, isToPeople) {
  const nobody = t(isToPeople ? "no_officer" : "nobody");
  if (state === "nobody") return escalated_to ? `${escalated_to}: ${nobody}` : nobody;
  const when = t(state, timeText(state === "waiting" ? due_at : at));
  return `${recipient} (${outlet}) ${when}`;
}

/** @param {Bulletins} bulletins */
function peopleText({ outlet, state, count }) {
  return `${t("people")} (${outlet || "–"}): ${count} ${t(`people_${state}`)}`;
}

customElements.define("alert-card", AlertCard);
