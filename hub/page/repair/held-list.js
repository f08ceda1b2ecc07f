// Events that were taken and do not count yet, as their sender does not stand in their thing.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { dayText } from "../strings.js";
import { inLang, words } from "../words.js";
import { repair } from "./state.js";

const t = words({
  vi: {
    title: "Đã nhận, chưa được tính: chờ tư cách bên gửi",
    note: "Bên gửi chưa được nêu tên trong hồ sơ. Khi đơn vị tiếp nhận nêu tên, bản ghi tự được tính; không phải gửi lại.",
    thing: "Hồ sơ",
    event: "Mã sự kiện",
    sender: "Bên gửi",
    accepted: "Ngày nhận",
    why: "Vì sao",
  },
  en: {
    title: "Taken, and not counted yet: waiting for the sender's standing",
    note: "The sender was not named in the dossier. Once its receiver names it, the event counts by itself; nothing is to be sent again.",
    thing: "Dossier",
    event: "Event",
    sender: "Sender",
    accepted: "Taken on",
    why: "Why",
  },
});

export class HeldList extends Part {
  static follows = [page.changes("lang"), repair.changes("held")];

  #title = el("h2");
  #note = el("p");
  #head = el("tr");
  #rows = el("tbody");
  #wide = el(
    "div",
    { class: "wide", tabindex: "0", role: "group" },
    el("table", { class: "list" }, el("thead", {}, this.#head), this.#rows),
  );
  #panel = el(
    "section",
    { class: "panel whole repair", id: "held" },
    this.#title,
    this.#note,
    this.#wide,
  );

  build() {
    return [this.#panel];
  }

  draw() {
    const held = repair.now.held;
    this.#panel.hidden = !held.length;
    this.#title.textContent = t("title");
    this.#wide.setAttribute("aria-label", t("title"));
    this.#note.textContent = t("note");
    const titles = /** @type {const} */ (["thing", "event", "sender", "accepted", "why"]);
    this.#head.replaceChildren(...titles.map((name) => el("th", { scope: "col" }, t(name))));
    this.#rows.replaceChildren(
      ...held.map((one) => {
        const cells = [one.entity, one.event.event_id, one.sender, dayText(one.accepted_on)];
        const why = inLang(one, "message");
        return el("tr", {}, ...[...cells, why].map((text) => el("td", {}, text)));
      }),
    );
  }
}

customElements.define("held-list", HeldList);
