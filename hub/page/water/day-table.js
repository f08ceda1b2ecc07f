// The last thirty days of a station: greatest, least, and clock hours at or over each threshold.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { dayText, decimalText, integer } from "../strings.js";
import { words } from "../words.js";
import { gramsText, thresholdsOf } from "./salinity.js";
import { water } from "./state.js";

const t = words({
  vi: {
    title: "Từng ngày, 30 ngày qua",
    day: "Ngày",
    max: "Lớn nhất (g/L)",
    min: "Nhỏ nhất (g/L)",
    over: "Giờ ≥ {0} g/L",
    none: "Không có ngày nào có số đo được tính.",
  },
  en: {
    title: "By day, the last 30 days",
    day: "Day",
    max: "Greatest (g/L)",
    min: "Least (g/L)",
    over: "Hours ≥ {0} g/L",
    none: "No day has a value that counts.",
  },
});

export class DayTable extends Part {
  static follows = [page.changes("lang"), water.changes("station")];

  #title = el("summary");
  #box = el("div", { class: "scroll tall", tabindex: "0", role: "group" });
  #details = el("details", { class: "panel padded", id: "days" }, this.#title, this.#box);

  build() {
    return [this.#details];
  }

  draw() {
    const { station } = water.now;
    this.#details.hidden = !station;
    this.#title.textContent = t("title");
    this.#box.setAttribute("aria-label", t("title"));
    if (!station) return;
    const limits = thresholdsOf(station);
    const over = limits.map((limit) => t("over", decimalText(String(limit))));
    const heads = [t("day"), t("max"), t("min"), ...over];
    const rows = [...station.daily].reverse().map((day) => {
      const hours = limits.map((limit) => integer(day.hours_over[String(limit)] ?? 0));
      const cells = [gramsText(day.max), gramsText(day.min), ...hours];
      const name = el("th", { scope: "row" }, dayText(day.day));
      return el("tr", {}, name, ...cells.map((text) => el("td", {}, text)));
    });
    const head = el("tr", {}, ...heads.map((text) => el("th", { scope: "col" }, text)));
    const table = el("table", { class: "plain" }, el("thead", {}, head), el("tbody", {}, ...rows));
    this.#box.replaceChildren(rows.length ? table : el("p", { class: "quiet" }, t("none")));
  }
}

customElements.define("day-table", DayTable);
