// All stations in one table: what the drawing shows, and a place to choose one.

import { el, none } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { decimalText, integer } from "../strings.js";
import { words } from "../words.js";
import {
  changeText,
  flaggedText,
  gramsText,
  minuteText,
  stateMark,
  stateOf,
  thresholdsOf,
} from "./salinity.js";
import { choose, water } from "./state.js";

/** @import { Branch, ListedStation } from "./types.js" */

const t = words({
  vi: {
    title: "Trạm đo",
    station: "Trạm",
    branch: "Nhánh",
    km: "Km từ cửa sông",
    latest: "Mới nhất (g/L)",
    state: "Tình trạng",
    trend: "So với cùng pha triều trước",
    peak: "Đỉnh một ngày triều",
    today: "Hôm nay: lớn nhất / nhỏ nhất",
    over: "Hôm nay: giờ từ ngưỡng trở lên",
    hours: "{0} giờ ≥ {1} g/L",
    gap: "thiếu số đo",
  },
  en: {
    title: "Stations",
    station: "Station",
    branch: "Branch",
    km: "Km from the mouth",
    latest: "Latest (g/L)",
    state: "State",
    trend: "Since the same tide before",
    peak: "Peak of a tidal day",
    today: "Today: greatest / least",
    over: "Today: hours at or over",
    hours: "{0} h ≥ {1} g/L",
    gap: "values missing",
  },
});

const COLUMNS = /** @type {const} */ ([
  "station",
  "branch",
  "km",
  "latest",
  "state",
  "trend",
  "peak",
  "today",
  "over",
]);

export class StationTable extends Part {
  static follows = [page.changes("lang"), water.changes("stations", "branches", "code")];

  #title = el("h2", { id: "stations-title" });
  #head = el("tr");
  #body = el("tbody");
  #section = el("section", { "aria-labelledby": "stations-title" });

  build() {
    const table = el("table", { id: "station-list" }, el("thead", {}, this.#head), this.#body);
    const box = { class: "scroll panel", tabindex: "0", role: "group" };
    this.#section.append(
      this.#title,
      el("div", { ...box, "aria-labelledby": "stations-title" }, table),
    );
    return [this.#section];
  }

  draw() {
    const { stations, branches } = water.now;
    this.#section.hidden = !stations?.stations.length;
    this.#title.textContent = t("title");
    this.#head.replaceChildren(...COLUMNS.map((name) => el("th", { scope: "col" }, t(name))));
    const held = document.activeElement?.closest("#station-list [data-choose]");
    const code = held?.getAttribute("data-choose");
    const rows = stations?.stations.map((s) => row(s, branches?.branches ?? [])) ?? [];
    this.#body.replaceChildren(...rows);
    for (const button of code ? this.#body.querySelectorAll("button") : []) {
      if (button.dataset.choose === code) button.focus();
    }
  }
}

/** @param {ListedStation} station @param {Branch[]} branches */
function row(station, branches) {
  const { station: code, latest, today, flagged, chainage_km: km } = station;
  const on = branches.flatMap((b) => b.stations).find((s) => s.station === code);
  const trend = latest?.trend;
  const said = flagged ? el("small", { class: "quiet" }, ` ${flaggedText(flagged)}`) : "";
  const over = thresholdsOf(station).map((limit) =>
    t("hours", integer(today?.hours_over[String(limit)] ?? 0), decimalText(String(limit))),
  );
  const peak = [gramsText(on?.peak), on && !on.is_complete ? ` (${t("gap")})` : ""];
  const cells = [
    [station.branch ?? "–"],
    [km === null ? "–" : decimalText(String(km))],
    latest
      ? [el("b", {}, gramsText(latest.value)), " ", el("small", {}, minuteText(latest.at))]
      : [none()],
    [stateMark(stateOf(station, water.now.stations?.at ?? "")), said],
    [trend === null || trend === undefined ? none() : changeText(trend)],
    on ? peak : [none()],
    [today ? `${gramsText(today.max)} / ${gramsText(today.min)}` : none()],
    [today ? over.join(" · ") : none()],
  ];
  const pressed = { "aria-pressed": String(code === water.now.code) };
  const button = el(
    "button",
    { type: "button", "data-choose": code, ...pressed, onclick: () => choose(code) },
    code,
  );
  const name = el("small", { class: "quiet" }, station.name_vi);
  return el(
    "tr",
    { "data-station": code },
    el("th", { scope: "row" }, button, " ", name),
    ...cells.map((cell, i) => el("td", { class: `col-${COLUMNS[i + 1]}` }, ...cell)),
  );
}

customElements.define("station-table", StationTable);
