// Who is late, or did not send all that it owed.

import { el } from "../el.js";
import { mark } from "../elements/marks.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer } from "../strings.js";
import { inLang, words } from "../words.js";
import { overview } from "./state.js";
import { isWall } from "./wall.js";

const t = words({
  vi: {
    title: "Nguồn trễ hoặc thiếu",
    late: "Im lặng",
    incomplete: "Thiếu",
    count: "{0} trên {1} nguồn phải gửi",
    none: "Mọi nguồn gửi đủ và đúng hạn.",
    nobody: "Chưa có nguồn nào phải gửi.",
    all: "Xem tất cả nguồn",
  },
  en: {
    title: "Sources late or incomplete",
    late: "Silent",
    incomplete: "Incomplete",
    count: "{0} of {1} that owe something",
    none: "Every source sent all, in time.",
    nobody: "No source owes anything yet.",
    all: "See all sources",
  },
});

export class SourcesBehind extends Part {
  static follows = [page.changes("lang"), overview.changes("answer")];

  #title = el("h2", { id: "behind-title" });
  #count = el("p", { class: "quiet" });
  #list = el("ul", { id: "behind", class: "olist" });
  #all = el("a", { href: "/sources", class: "all" });
  #section = el(
    "section",
    { class: "slides", "aria-labelledby": "behind-title" },
    el("div", { class: "obar" }, this.#title, this.#count),
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
    const { expected, behind } = answer.sources;
    this.#title.textContent = t("title");
    const well = expected ? t("none") : t("nobody");
    this.#count.textContent = behind.length
      ? t("count", integer(behind.length), integer(expected))
      : well;
    this.#list.hidden = !behind.length;
    this.#list.replaceChildren(
      ...behind.map((source) =>
        el(
          "li",
          {},
          el(
            "a",
            {
              class: "panel oline",
              href: isWall ? null : "/sources",
              "data-source": source.source,
            },
            mark(source.is_late ? "bad" : "watch", t(source.is_late ? "late" : "incomplete")),
            el("strong", {}, inLang(source, "title")),
            el("span", {}, inLang(source, "text")),
            el("small", {}, source.owner),
          ),
        ),
      ),
    );
    this.#all.textContent = t("all");
  }
}

customElements.define("sources-behind", SourcesBehind);
