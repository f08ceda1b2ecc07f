// What a figure counts, one by one, a page at a time; each opens its proof: the events that made it.

import { el, none } from "../el.js";
import { exchangeTable } from "../elements/exchange-table.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { dayText, integer, timeText } from "../strings.js";
import { words } from "../words.js";
import { eventText } from "./event-words.js";
import { questionLink } from "./links.js";
import { few } from "./naming.js";
import { asking, readMore } from "./state.js";

/** @import { Fact, Proof } from "./types.js" */

const t = words({
  vi: {
    title: "{0} hồ sơ, đối tượng",
    entity: "Mã",
    numerator: "Trong tử số",
    denominator: "Trong mẫu số",
    days_late: "Quá hạn, đến khi xong hoặc đến nay (ngày)",
    more: "Xem thêm",
    proof: "Bằng chứng của {0}",
    event: "Sự kiện",
    kind: "Loại",
    at: "Lúc",
    sender: "Bên gửi",
    accepted: "Nhận ngày",
    class: "Được tính",
    fact: "Hub hiểu là",
    close: "Đóng",
    scroll: "Danh sách",
    events: "Các sự kiện, theo thứ tự",
    exchanges: "Thông điệp gửi hệ thống quốc gia",
  },
  en: {
    title: "{0} dossiers or things",
    entity: "Code",
    numerator: "In the numerator",
    denominator: "In the denominator",
    days_late: "Days late, until done or now",
    more: "More",
    proof: "The proof of {0}",
    event: "Event",
    kind: "Kind",
    at: "At",
    sender: "Sender",
    accepted: "Accepted on",
    class: "Counted as",
    fact: "Understood as",
    close: "Close",
    scroll: "List",
    events: "The events, in their order",
    exchanges: "Messages to national services",
  },
});

const DAY_US = 86_400_000_000;

export class FactsList extends Part {
  static follows = [page.changes("lang"), asking.changes("facts", "proof", "asked")];

  #title = el("h2");
  #table = el("table", { id: "facts", class: "numbers" });
  #box = el("div", { class: "scrolled", tabindex: "0", role: "region" }, this.#table);
  #more = el("button", { type: "button", class: "more", onclick: () => void readMore() });
  #proof = el("section", { id: "proof", class: "panel answer" });

  build() {
    const list = el("section", { class: "panel answer" }, this.#title, this.#box, this.#more);
    return [this.#proof, list];
  }

  draw() {
    const { facts, proof, asked } = asking.now;
    this.hidden = asked.show !== "facts" || facts === null;
    if (!facts || this.hidden) return;
    this.#title.textContent = t("title", integer(facts.total));
    this.#box.setAttribute("aria-label", t("scroll"));
    this.#more.textContent = t("more");
    this.#more.hidden = !facts.next;
    const isLate = facts.facts.some((fact) => "overdue_us" in fact);
    const isDivided = facts.facts.some(({ denominator }) => BigInt(denominator) !== 0n);
    const columns = /** @type {const} */ ([
      "entity",
      ...(isLate ? /** @type {const} */ (["days_late"]) : []),
      "numerator",
      ...(isDivided ? /** @type {const} */ (["denominator"]) : []),
    ]);
    const heads = columns.map((name) => el("th", { scope: "col" }, t(name)));
    const rows = facts.facts.map((fact) =>
      el(
        "tr",
        {},
        el("th", { scope: "row" }, questionLink({ ...asked, fact: fact.entity }, {}, fact.entity)),
        ...columns.slice(1).map((name) => el("td", {}, factText(fact, name))),
      ),
    );
    this.#table.replaceChildren(el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...rows));
    this.#proof.hidden = !proof;
    this.#proof.replaceChildren(...(proof ? proofOf(proof) : []));
  }
}

/** @param {Fact} fact @param {string} name */
function factText(fact, name) {
  if (name === "days_late") return few(Number(fact.overdue_us) / DAY_US, 1);
  return integer(fact[name]);
}

/** @param {Proof} proof */
function proofOf({ entity, events, fact, exchanges }) {
  const { asked } = asking.now;
  const heads = /** @type {const} */ (["event", "kind", "at", "sender", "accepted", "class"]);
  const rows = events.map((event) => {
    const at = event.occurred_at ?? event.measured_at ?? event.period;
    const cells = [
      eventText(event.kind),
      at && String(at).includes("T") ? timeText(String(at)) : at,
      event.sender,
      dayText(String(event.accepted_on)),
      eventText(event.class),
    ];
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, el("code", {}, String(event.event_id))),
      ...cells.map((text) => el("td", {}, text ? String(text) : none())),
    );
  });
  const known = Object.entries(fact).flatMap(([name, value]) =>
    value === null ? [] : [el("dt", {}, name), el("dd", {}, String(value))],
  );
  const region = { class: "scrolled", tabindex: "0", role: "region", "aria-label": t("events") };
  return [
    el("h2", {}, t("proof", entity)),
    el(
      "div",
      region,
      el(
        "table",
        { class: "numbers" },
        el("thead", {}, el("tr", {}, ...heads.map((name) => el("th", { scope: "col" }, t(name))))),
        el("tbody", {}, ...rows),
      ),
    ),
    ...(exchanges ? [el("h3", {}, t("exchanges")), exchangeTable(exchanges)] : []),
    el("details", {}, el("summary", {}, t("fact")), el("dl", { class: "facts" }, ...known)),
    el("p", {}, questionLink({ ...asked, fact: "" }, {}, t("close"))),
  ];
}

customElements.define("facts-list", FactsList);
