// Whether the page follows the hub; where it does not, since when, and the figures are dimmed.

import { el } from "../el.js";
import { UpdatedAt } from "../elements/updated-at.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { timeText } from "../strings.js";
import { words } from "../words.js";
import { overview } from "./state.js";

const t = words({
  vi: {
    live: "Sống",
    connecting: "Đang kết nối",
    lost: "Mất kết nối từ {0}",
    never: "Mất kết nối",
    stale: "Số liệu bên dưới là của lúc {0}; trang tự nối lại.",
    provisional: "Tạm tính",
    official: "Chính thức, đã chốt {0}",
    restated: "Đã chốt {0}, có điều chỉnh",
  },
  en: {
    live: "Live",
    connecting: "Connecting",
    lost: "Not live since {0}",
    never: "Disconnected",
    stale: "The figures below are of {0}; the page reconnects by itself.",
    provisional: "Provisional",
    official: "Official, closed {0}",
    restated: "Closed {0}, restated",
  },
});

export class LiveState extends Part {
  static follows = [page.changes("lang"), overview.changes("answer", "link", "liveAt")];

  #link = el("span", { id: "link", role: "status" });
  #status = el("b", { id: "status" });
  #stale = el("p", { id: "stale", class: "notice", role: "alert", hidden: true });

  build() {
    return [el("p", { class: "state" }, this.#link, this.#status, new UpdatedAt()), this.#stale];
  }

  draw() {
    const { answer, link, liveAt } = overview.now;
    const isLost = link === "lost";
    const since = liveAt ? timeText(liveAt) : "";
    this.#link.className = `link ${link}`;
    const text = isLost ? t(since ? "lost" : "never", since) : t(link);
    if (this.#link.textContent !== text) this.#link.textContent = text;
    const closed = answer?.closed_at ? timeText(answer.closed_at) : "";
    this.#status.textContent = answer ? t(answer.status, closed) : "";
    document.body.classList.toggle("stale", isLost);
    this.#stale.hidden = !isLost || !answer;
    if (isLost && answer) this.#stale.textContent = t("stale", since || page.now.updatedAt);
  }
}

customElements.define("live-state", LiveState);
