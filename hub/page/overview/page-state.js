// What stands where there are no figures to show: why, and what is to be done.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer } from "../strings.js";
import { inLang, words } from "../words.js";
import { overview } from "./state.js";

const t = words({
  vi: {
    loading: "Đang đọc số liệu…",
    filling: "Đang nạp dữ liệu: {0} trên {1} sự kiện",
    key: "Cần khóa để xem",
    key_how:
      "Trang này chỉ mở cho người có khóa. Nhập khóa của đơn vị ở phía trên; chưa có thì hỏi Trung tâm điều hành.",
    empty: "Chưa có chỉ tiêu để theo dõi",
    empty_how:
      "Kỳ này chưa có chỉ tiêu năm nào trong danh mục “targets”. Nạp danh mục của tỉnh bằng “hub reference load THƯ_MỤC”; trang tự hiện khi có.",
  },
  en: {
    loading: "Reading the figures…",
    filling: "Events are being loaded: {0} of {1}",
    key: "A key is needed",
    key_how:
      "This page is for who has a key. Enter your department's above; without one, ask the operations centre.",
    empty: "There are no targets to watch",
    empty_how:
      "The list “targets” has none for this period. Load the province's lists by “hub reference load FOLDER”; the page shows them by itself.",
  },
});

export class PageState extends Part {
  static follows = [page.changes("lang", "isKeyAsked"), overview.changes("answer", "progress")];

  #title = el("h2");
  #how = el("p");
  #lacks = el("ul");
  #section = el(
    "section",
    { id: "page-state", class: "panel empty" },
    this.#title,
    this.#how,
    this.#lacks,
  );

  build() {
    return [this.#section];
  }

  draw() {
    const { answer, progress } = overview.now;
    const { isKeyAsked } = page.now;
    const isEmpty = answer !== null && !answer.items.length;
    const kind = isKeyAsked ? "key" : isEmpty ? "empty" : answer ? null : "loading";
    this.#section.hidden = kind === null && !progress;
    this.#section.dataset.state = kind ?? "filling";
    this.#section.setAttribute("aria-busy", String(kind === "loading"));
    const filling = progress && t("filling", integer(progress.loaded), integer(progress.total));
    this.#title.textContent = filling ?? t(kind ?? "loading");
    this.#how.textContent = kind === "key" ? t("key_how") : kind === "empty" ? t("empty_how") : "";
    this.#how.hidden = !this.#how.textContent;
    const lacks = kind === "empty" ? (answer?.lacks ?? []) : [];
    this.#lacks.hidden = !lacks.length;
    this.#lacks.replaceChildren(...lacks.map((lack) => el("li", {}, inLang(lack, "message"))));
  }
}

customElements.define("page-state", PageState);
