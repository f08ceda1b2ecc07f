// Questions that are kept under a name, in this browser alone; the address can be sent to others.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { words } from "../words.js";
import { read as readAddress, write } from "./address.js";
import { questionLink } from "./links.js";
import { inOrder } from "./naming.js";
import { asking, go } from "./state.js";

const t = words({
  vi: {
    title: "Góc nhìn đã lưu",
    where: "chỉ giữ trong trình duyệt này; để gửi cho người khác, chép địa chỉ của trang",
    name: "Tên góc nhìn",
    save: "Lưu",
    drop: "Xóa “{0}”",
    changes: "Có gì đổi từ 08:00 hôm qua?",
    figures: "Hỏi số liệu",
  },
  en: {
    title: "Saved views",
    where: "kept in this browser alone; to send one to somebody, copy the page's address",
    name: "Name of the view",
    save: "Save",
    drop: "Delete “{0}”",
    changes: "What changed since 08:00 yesterday?",
    figures: "Ask for figures",
  },
});

const KEY = "ask-views";

/** @returns {{ name: string, search: string }[]} */
function views() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return []; // what is kept is not ours: it is written over when something is saved
  }
}

export class SavedViews extends Part {
  static follows = [page.changes("lang"), asking.changes("asked")];

  #list = el("ul", { id: "views", class: "plain" });
  #label = el("span");
  #name = el("input", { name: "name", maxlength: 80, required: true });
  #save = el("button", { type: "submit" });
  #form = el("form", { class: "acts" }, el("label", {}, this.#label, " ", this.#name), this.#save);
  #summary = el("summary");
  #where = el("p", { class: "quiet" });
  #other = el("p");

  build() {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const name = this.#name.value.trim();
      if (!name) return;
      const others = views().filter((view) => view.name !== name);
      this.#keep([...others, { name, search: write(asking.now.asked) }]);
      this.#name.value = "";
    });
    const box = el("details", { id: "saved", class: "panel answer" }, this.#summary);
    box.append(this.#list, this.#form, this.#where);
    return [this.#other, box];
  }

  draw() {
    const isChanges = asking.now.asked.show === "changes";
    /** @type {"table" | "changes"} */
    const turned = isChanges ? "table" : "changes";
    const target = { ...asking.now.asked, show: turned, fact: "", since: "", until: "" };
    const link = questionLink(target, { id: "turn" }, t(isChanges ? "figures" : "changes"));
    this.#other.replaceChildren(link);
    this.#summary.textContent = `${t("title")} (${views().length})`;
    this.#where.textContent = t("where");
    this.#label.textContent = t("name");
    this.#save.textContent = t("save");
    const sorted = views().sort((a, b) => inOrder.compare(a.name, b.name));
    this.#list.replaceChildren(
      ...sorted.map(({ name, search }) => {
        const onclick = (/** @type {Event} */ event) => {
          event.preventDefault();
          void go(readAddress(search));
        };
        const drop = {
          type: "button",
          class: "more",
          "aria-label": t("drop", name),
          onclick: () => this.#keep(views().filter((view) => view.name !== name)),
        };
        const opened = el("a", { href: search, onclick }, name);
        return el("li", {}, opened, " ", el("button", drop, "✕"));
      }),
    );
  }

  /** @param {{ name: string, search: string }[]} kept */
  #keep(kept) {
    localStorage.setItem(KEY, JSON.stringify(kept));
    this.draw();
  }
}

customElements.define("saved-views", SavedViews);
