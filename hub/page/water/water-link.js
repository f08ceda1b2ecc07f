// At which instant the page stands, and whether it follows the hub.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { timeText } from "../strings.js";
import { words } from "../words.js";
import { water } from "./state.js";

const t = words({
  vi: {
    live: "Sống",
    connecting: "Đang kết nối",
    lost: "Mất kết nối",
    past: "Số liệu đã qua",
    at: "Trang đứng ở lúc",
  },
  en: {
    live: "Live",
    connecting: "Connecting",
    lost: "Disconnected",
    past: "Of the past",
    at: "The page stands at",
  },
});

export class WaterLink extends Part {
  static follows = [page.changes("lang"), water.changes("link", "at", "stations")];

  #link = el("span", { id: "link", role: "status" });
  #name = el("span");
  #time = el("time", { id: "stands-at" });

  build() {
    const when = el("span", { class: "when" }, this.#name, " ", this.#time);
    return [el("p", { class: "state" }, this.#link, when)];
  }

  draw() {
    const { link, at, stations } = water.now;
    const shown = at && link !== "lost" ? "past" : link;
    const instant = at ? `${at}:00+07:00` : (stations?.at ?? "");
    this.#link.className = `link ${shown}`;
    this.#link.textContent = t(shown);
    this.#name.textContent = t("at");
    this.#time.dateTime = instant;
    this.#time.textContent = instant ? timeText(instant) : "–";
  }
}

customElements.define("water-link", WaterLink);
