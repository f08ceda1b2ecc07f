// The chosen station: who it is, its last value, and what uses it serves.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { decimalText, timeText } from "../strings.js";
import { words } from "../words.js";
import { changeText, flaggedText, gramsText, stateMark, stateOf, useText } from "./salinity.js";
import { water } from "./state.js";

/** @import { ListedStation, Use } from "./types.js" */

const t = words({
  vi: {
    title: "Trạm {0}",
    place: "{0}, km {1} từ cửa sông",
    owner: "Đơn vị quản lý",
    latest: "Số đo mới nhất được tính",
    at: "lúc {0}",
    trend: "So với cùng pha triều trước (24 giờ 50 phút)",
    flagged: "Số mới nhất không được tính",
    limits: "Ngưỡng theo mục đích",
    limit: "{0}: {1} g/L",
    no_limits: "danh mục chưa có ngưỡng; dùng ranh 1 và 4 g/L",
    no_trend: "không có số đo cùng pha để so",
  },
  en: {
    title: "Station {0}",
    place: "{0}, km {1} from the mouth",
    owner: "Owner",
    latest: "Latest value that counts",
    at: "at {0}",
    trend: "Since the same tide before (24 h 50 min)",
    flagged: "The newest value does not count",
    limits: "Limits by use",
    limit: "{0}: {1} g/L",
    no_limits: "the list has no limits; the lines of 1 and 4 g/L are used",
    no_trend: "no value of the same phase to compare with",
  },
});

export class StationHead extends Part {
  static follows = [page.changes("lang"), water.changes("stations", "code")];

  #title = el("h2", { id: "station-title" });
  #name = el("p", { class: "quiet" });
  #facts = el("dl", { class: "facts", id: "station-facts" });
  #box = el("div", { class: "station-head" });

  build() {
    this.#box.append(el("div", { class: "heading" }, this.#title, this.#name), this.#facts);
    return [this.#box];
  }

  draw() {
    const { stations, code } = water.now;
    const station = stations?.stations.find((s) => s.station === code);
    this.#box.hidden = !station;
    if (!station) return;
    const { branch, chainage_km: km } = station;
    this.#title.textContent = t("title", code);
    const place = branch && km !== null ? ` · ${t("place", branch, decimalText(String(km)))}` : "";
    this.#name.textContent = station.name_vi + place;
    this.#facts.replaceChildren(
      ...factsOf(station).flatMap(([name, said]) => [el("dt", {}, name), el("dd", {}, ...said)]),
    );
  }
}

/** @param {ListedStation} station @returns {[string, (Node | string)[]][]} */
function factsOf(station) {
  const { latest, flagged, limits, owner } = station;
  const state = stateMark(stateOf(station, water.now.stations?.at ?? ""));
  const uses = /** @type {[Use, number][]} */ (Object.entries(limits));
  const written = uses.map(([use, limit]) => t("limit", useText(use), gramsText(limit)));
  /** @type {[string, (Node | string)[]][]} */
  const facts = [
    [
      t("latest"),
      latest
        ? [
            el("b", { class: "big-value" }, `${gramsText(latest.value)} g/L`),
            ` ${t("at", timeText(latest.at).slice(0, 16))} `,
            state,
          ]
        : [state],
    ],
    [t("limits"), [written.length ? written.join(" · ") : t("no_limits")]],
  ];
  if (latest) {
    const trend = latest.trend === null ? t("no_trend") : `${changeText(latest.trend)} g/L`;
    facts.splice(1, 0, [t("trend"), [trend]]);
  }
  if (flagged) {
    const when = t("at", timeText(flagged.at).slice(0, 16));
    facts.push([t("flagged"), [`${flaggedText(flagged)} ${when}`]]);
  }
  if (owner) facts.push([t("owner"), [owner]]);
  return facts;
}

customElements.define("station-head", StationHead);
