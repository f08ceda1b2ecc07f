// Salinity, on the board: the days of each station, with the limits of 1 and 4 g/L.

import { ask } from "/page/ask.js";
import { GroupPart } from "/page/board/group-part.js";
import { path } from "/page/board/state.js";
import { dayCards, writtenDay } from "/page/charts/day-cards.js";
import { DAY_MS, periodDays } from "/page/charts/day-chart.js";
import { el } from "/page/el.js";
import { page } from "/page/page.js";
import { figureText, monthText } from "/page/strings.js";
import { words } from "/page/words.js";

/** @import { Figure } from "/page/types.js" */
/** @import { Day, Span } from "/page/charts/day-chart.js" */

const LIMITS = /** @type {const} */ ([1, 4]);

export const units = {
  "g/L": { vi: "g/L", en: "g/L", isLevel: true },
  stations: { vi: "trạm", en: "stations" },
};

const t = words({
  vi: {
    salinity: "Độ mặn lớn nhất trong ngày theo trạm",
    note: "g/L; nét đứt: 1 và 4 g/L. Ngày không có số đo để trống, không nối. Rê chuột, chạm, hoặc dùng phím ← → để đọc từng ngày.",
    station: "Trạm {0}",
    peak: "đỉnh {0} g/L ngày {1}",
    mean: "trung bình {0} g/L",
    days_over: "≥ 1 g/L: {0} ngày · ≥ 4 g/L: {1} ngày · có số đo: {2} ngày",
    no_data: "không có dữ liệu",
    no_stations: "Chưa có trạm nào gửi số đo trong kỳ này.",
  },
  en: {
    salinity: "Daily maximum salinity by station",
    note: "g/L; dashed: 1 and 4 g/L. Days without a reading are left open, not joined. Hover, tap, or use ← → to read single days.",
    station: "Station {0}",
    peak: "peak {0} g/L on {1}",
    mean: "mean {0} g/L",
    days_over: "≥ 1 g/L: {0} days · ≥ 4 g/L: {1} days · measured: {2} days",
    no_data: "no data",
    no_stations: "No station has sent a reading in this period.",
  },
});

/**
 * @typedef {object} Stations
 * @property {string} period
 * @property {Map<string, Figure[]>} days By station, the maximum of each day that has one.
 * @property {Map<string, Figure>} means By station.
 */

/** @param {Figure} figure @param {string} dim */
const dim = (figure, dim) => figure.dims?.[dim] ?? "";

/** @param {string} id @param {Record<string, string>} question @returns {Promise<Figure[]>} */
const figuresOf = async (id, question) => (await ask(path(id, question))).figures;

/** @extends {GroupPart<Stations>} */
class SalinityStations extends GroupPart {
  #title = el("h2", { id: "salinity-title" });
  #note = el("p");
  #stations = el("div", { id: "stations", class: "day-cards" });

  build() {
    const place = { id: "salinity", "aria-labelledby": "salinity-title" };
    const heading = el("div", { class: "heading" }, this.#title, this.#note);
    return [el("section", place, heading, this.#stations)];
  }

  place() {
    return t("salinity");
  }

  /** Stations that are silent in the period have their place too. */
  async read() {
    const { period } = page.now;
    const usual = page.now.list?.default_period ?? period;
    const [maxima, means, others] = await Promise.all([
      figuresOf("salinity_max", { by: "station,day" }),
      figuresOf("salinity_mean", { by: "station" }),
      usual === period ? [] : figuresOf("salinity_max", { by: "station", period: usual }),
    ]);
    const names = [...maxima, ...others].map((figure) => dim(figure, "station"));
    /** @type {Map<string, Figure[]>} */
    const days = new Map([...new Set(names)].sort().map((station) => [station, []]));
    for (const figure of maxima) {
      if (figure.value !== null) days.get(dim(figure, "station"))?.push(figure);
    }
    return { period, days, means: new Map(means.map((f) => [dim(f, "station"), f])) };
  }

  draw() {
    this.#title.textContent = t("salinity");
    this.#note.textContent = t("note");
    if (!this.answer) this.#stations.replaceChildren();
    else if (this.answer.days.size) this.#stations.replaceChildren(...cards(this.answer));
    else this.#stations.replaceChildren(el("p", { class: "panel quiet" }, t("no_stations")));
  }
}

/** @param {Stations} stations */
function cards({ period, days, means }) {
  const places = [...days].map(([station, figures]) =>
    placeOf(station, figures, means.get(station)),
  );
  const all = places.flatMap((place) => place.days);
  const instants = all.map((day) => day.at);
  /** @type {Span} */
  const span = periodDays(period) ?? [Math.min(...instants), Math.max(...instants) + DAY_MS];
  const greatest = all.reduce((most, day) => Math.max(most, day.y), LIMITS[1] + 1);
  const shared = { span, greatest, limits: LIMITS, month: monthName, empty: t("no_data") };
  const nodes = dayCards(places, { ...shared, unit: "g/L" });
  for (const [i, station] of [...days.keys()].entries()) {
    nodes[i].classList.add("station");
    nodes[i].dataset.station = station;
  }
  return nodes;
}

/** @param {string} station @param {Figure[]} figures @param {Figure} [mean] */
function placeOf(station, figures, mean) {
  /** @type {Day[]} */
  const days = figures
    .map((figure) => ({
      at: Date.parse(`${dim(figure, "day")}T00:00:00Z`),
      y: Number(figure.value),
      text: figureText(figure).text,
    }))
    .sort((a, b) => a.at - b.at);
  const name = t("station", station);
  if (!days.length) return { name, summary: t("no_data"), below: "", days };
  const peak = days.reduce((a, b) => (b.y > a.y ? b : a));
  const summary = [t("peak", peak.text, writtenDay(peak.at))];
  if (mean?.value) summary.push(t("mean", figureText(mean).text));
  const below = t("days_over", ...LIMITS.map((limit) => daysOver(figures, limit)), days.length);
  return { name, summary: summary.join(" · "), below, days };
}

/**
 * Counts days whose maximum is at least `limit`, compared in integers.
 * @param {Figure[]} figures
 * @param {number} limit
 */
const daysOver = (figures, limit) =>
  figures.filter(
    ({ numerator, denominator, scale = 1 }) =>
      BigInt(numerator) >= BigInt(limit) * BigInt(denominator) * BigInt(scale),
  ).length;

/** @param {number} month From 1 to 12. */
const monthName = (month) =>
  page.now.lang === "vi"
    ? monthText(month)
    : new Date(Date.UTC(2000, month - 1)).toLocaleString("en-GB", {
        month: "short",
        timeZone: "UTC",
      });

customElements.define("salinity-stations", SalinityStations);
export const part = SalinityStations;
