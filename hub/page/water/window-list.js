// The next intake windows of a station below a threshold, or why none is told, and what is foretold.

import { hourChart } from "../charts/hour-chart.js";
import { followWidth } from "../charts/measured-width.js";
import { el } from "../el.js";
import { mark } from "../elements/marks.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { decimalText, integer } from "../strings.js";
import { inLang, words } from "../words.js";
import { gramsText, limitOf, minuteText, thresholdsOf, usesText } from "./salinity.js";
import { limitTo, water } from "./state.js";

/** @import { OneStation, Window } from "./types.js" */

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;

const t = words({
  vi: {
    title: "Giờ lấy nước tới (7 ngày)",
    limit: "Dưới ngưỡng",
    name: "{0} g/L ({1})",
    next: "Lần tới dưới {0} g/L: {1} đến {2} ({3} giờ)",
    next_at_most: "dự kiến cao nhất {0} g/L; 95 % số giờ thử không quá {1} g/L",
    none: "Trong 7 ngày tới không có hai giờ tròn liền nhau nào chắc chắn dưới {0} g/L.",
    withheld: "Không công bố giờ lấy nước: {0}.",
    trial:
      "Sai số trung bình khi thử trên {0} giờ giữ lại: dự báo của hub {1} g/L; cách đoán đơn giản “như 24 giờ 50 phút trước” {2} g/L.",
    better: "Dự báo của hub tốt hơn cách đoán đơn giản.",
    worse: "Dự báo của hub không tốt hơn cách đoán đơn giản: hãy dè dặt.",
    blind: "Chưa tính đến đóng mở cống, gió và xả nước; luôn đo lại tại cống trước khi lấy nước.",
    from: "Từ",
    until: "Đến",
    hours: "Số giờ",
    expected: "Dự kiến cao nhất (g/L)",
    at_most: "Không quá (95 %, g/L)",
    listed: "Tất cả giờ lấy nước dưới {0} g/L",
    foretold: "Bảng số của dự báo",
    hour: "Giờ",
    middle: "Dự kiến (g/L)",
    low: "Thấp nhất (95 %)",
    high: "Cao nhất (95 %)",
    key_expected: "Dự kiến",
    key_band: "Khoảng 95 %",
    key_window: "Giờ lấy nước",
    label: "Dự báo 7 ngày tới của trạm {0}, {1} khoảng dưới {2} g/L. Bảng ở dưới.",
    read: "{0}: dự kiến {1} g/L, từ {2} đến {3}",
    how: "Đưa con trỏ hoặc dùng phím mũi tên trên biểu đồ để đọc từng giờ.",
    loading: "Đang phân tích triều để dự báo…",
  },
  en: {
    title: "Next intake windows (7 days)",
    limit: "Below",
    name: "{0} g/L ({1})",
    next: "Next below {0} g/L: {1} to {2} ({3} h)",
    next_at_most: "at most {0} g/L is expected; not over {1} g/L in 95% of the hours tried",
    none: "In the next 7 days no two whole hours one after another are surely below {0} g/L.",
    withheld: "No window is told: {0}.",
    trial:
      "Mean error on {0} held-back hours: the hub's forecast {1} g/L; the naive one, “as 24 h 50 min ago”, {2} g/L.",
    better: "The hub's forecast is better than the naive one.",
    worse: "The hub's forecast is no better than the naive one: be careful.",
    blind: "Gates, wind and releases are not in it; always measure at the sluice before intake.",
    from: "From",
    until: "Until",
    hours: "Hours",
    expected: "Greatest expected (g/L)",
    at_most: "Not over (95%, g/L)",
    listed: "All windows below {0} g/L",
    foretold: "The forecast as a table",
    hour: "Hour",
    middle: "Expected (g/L)",
    low: "Lower end (95%)",
    high: "Upper end (95%)",
    key_expected: "Expected",
    key_band: "95% interval",
    key_window: "Intake window",
    label: "Forecast of the next 7 days at station {0}, {1} spans below {2} g/L. A table is below.",
    read: "{0}: {1} g/L expected, from {2} to {3}",
    how: "Point at the chart, or use its arrow keys, to read an hour.",
    loading: "Analysing the tide…",
  },
});

/** @param {Window} window */
const hoursOf = ({ from, until }) =>
  integer(Math.round((Date.parse(until) - Date.parse(from)) / HOUR_MS));

export class WindowList extends Part {
  static follows = [page.changes("lang"), water.changes("station", "code", "limit")];

  #width = 0;
  #title = el("h3", { id: "windows-title" });
  #name = el("span", { id: "limit-name" });
  #limits = el("span", { class: "chips", role: "group", "aria-labelledby": "limit-name" });
  #next = el("div", { id: "next-window", role: "status" });
  #plot = el("div", { id: "forecast-plot" });
  #read = el("p", { class: "readout", role: "status" });
  #trial = el("p", { class: "quiet", id: "trial" });
  #tables = el("div", { class: "tables" });
  #section = el("section", { class: "panel padded", "aria-labelledby": "windows-title" });

  build() {
    this.#section.append(
      this.#title,
      el("div", { class: "ways" }, this.#name, this.#limits),
      this.#next,
      this.#plot,
      this.#read,
      this.#trial,
      this.#tables,
    );
    followWidth(this.#plot, (width) => {
      this.#width = width;
      this.#drawChart();
    });
    return [this.#section];
  }

  draw() {
    const { station, code } = water.now;
    this.#section.hidden = !code;
    this.#title.textContent = t("title");
    this.#name.textContent = t("limit");
    this.#section.setAttribute("aria-busy", String(!station));
    this.#drawLimits();
    const limit = station ? limitOf(station, water.now.limit) : 0;
    const windows = station?.windows.filter((window) => window.limit === limit) ?? [];
    this.#next.replaceChildren(...(station ? nextSaid(station, windows, limit) : [t("loading")]));
    this.#read.hidden = !station?.forecast.length;
    this.#read.textContent = t("how");
    this.#trial.hidden = !station?.trial;
    this.#trial.textContent = station?.trial ? trialText(station.trial) : "";
    const isTold = station && !station.withheld;
    this.#tables.replaceChildren(...(isTold ? tables(station, windows, limit) : []));
    this.#drawChart();
  }

  #drawLimits() {
    const { stations, code } = water.now;
    const listed = stations?.stations.find((s) => s.station === code);
    if (!listed) return;
    const limit = limitOf(listed, water.now.limit);
    const held = document.activeElement?.getAttribute("data-limit");
    this.#limits.replaceChildren(
      ...thresholdsOf(listed).map((grams) => {
        const text = t("name", gramsText(grams), usesText(listed, grams));
        const pressed = { "aria-pressed": String(grams === limit) };
        const onclick = () => limitTo(grams);
        return el("button", { type: "button", "data-limit": grams, ...pressed, onclick }, text);
      }),
    );
    for (const button of held ? this.#limits.querySelectorAll("button") : []) {
      if (button.dataset.limit === held) button.focus();
    }
  }

  #drawChart() {
    const { station, code } = water.now;
    if (!station?.forecast.length || !this.#width) return this.#plot.replaceChildren();
    const limit = limitOf(station, water.now.limit);
    const hours = station.forecast.map((hour) => ({ ...hour, at: Date.parse(hour.at) }));
    const windows = station.windows.filter((window) => window.limit === limit);
    const { node, read } = hourChart({
      span: [hours[0].at, hours[0].at + WEEK_MS],
      lines: [{ name: "this", points: hours.map(({ at, expected: y }) => ({ at, y })) }],
      band: hours,
      spans: windows.map(({ from, until }) => ({
        from: Date.parse(from),
        until: Date.parse(until),
      })),
      limits: thresholdsOf(station).map((y) => ({
        y,
        text: `${gramsText(y)} g/L`,
        isChosen: y === limit,
      })),
      written: gramsText,
      width: this.#width,
      label: t("label", code, integer(windows.length), gramsText(limit)),
      onRead: (at) => {
        read(at);
        const hour = hours.find((h) => h.at === at);
        this.#read.textContent = hour ? readText(hour) : t("how");
      },
    });
    const keys = /** @type {const} */ (["expected", "band", "window"]).map((name) =>
      el("span", { class: `key ${name === "expected" ? "this" : name}` }, t(`key_${name}`)),
    );
    return this.#plot.replaceChildren(el("p", { class: "keys" }, ...keys), node);
  }
}

/** @param {{ at: number, expected: number, low: number, high: number }} hour */
const readText = ({ at, expected, low, high }) =>
  t("read", minuteText(new Date(at).toISOString()), ...[expected, low, high].map(gramsText));

/**
 * Says the next window first: it is what a sluice operator came for.
 * @param {OneStation} station @param {Window[]} windows @param {number} limit
 */
function nextSaid(station, windows, limit) {
  const { withheld } = station;
  const blind = el("p", { class: "quiet" }, t("blind"));
  if (withheld) return [el("p", {}, mark("watch", t("withheld", inLang(withheld, "message"))))];
  const at = Date.parse(water.now.stations?.at ?? "");
  const first = windows.find(({ until }) => Date.parse(until) > at); // the last value may be older
  if (!first) return [el("p", {}, mark("bad", t("none", gramsText(limit)))), blind];
  const span = [minuteText(first.from), minuteText(first.until), hoursOf(first)];
  const most = t("next_at_most", gramsText(first.expected), gramsText(first.at_most));
  const said = el("p", { class: "next" }, mark("good", t("next", gramsText(limit), ...span)));
  return [said, el("p", {}, most), blind];
}

/** @param {NonNullable<OneStation["trial"]>} trial */
function trialText({ hours, mean_error: ours, naive_mean_error: naive }) {
  const said = t("trial", integer(hours), gramsText(ours), gramsText(naive));
  return `${said} ${t(ours < naive ? "better" : "worse")}`;
}

/** @param {OneStation} station @param {Window[]} windows @param {number} limit */
function tables({ forecast }, windows, limit) {
  const listed = table(
    "window-table",
    [t("from"), t("until"), t("hours"), t("expected"), t("at_most")],
    windows.map((window) => [
      minuteText(window.from),
      minuteText(window.until),
      hoursOf(window),
      gramsText(window.expected),
      gramsText(window.at_most),
    ]),
  );
  const foretold = table(
    "forecast-table",
    [t("hour"), t("middle"), t("low"), t("high")],
    forecast.map((hour) => [
      minuteText(hour.at),
      gramsText(hour.expected),
      gramsText(hour.low),
      gramsText(hour.high),
    ]),
  );
  const name = t("listed", decimalText(String(limit)));
  const box = (/** @type {HTMLElement} */ inside, /** @type {string} */ label) =>
    el("div", { class: "scroll tall", tabindex: "0", role: "group", "aria-label": label }, inside);
  return [
    ...(windows.length ? [el("h4", {}, name), box(listed, name)] : []),
    el("details", {}, el("summary", {}, t("foretold")), box(foretold, t("foretold"))),
  ];
}

/** @param {string} id @param {string[]} heads @param {string[][]} rows */
function table(id, heads, rows) {
  const head = el("tr", {}, ...heads.map((text) => el("th", { scope: "col" }, text)));
  const lines = rows.map(([first, ...rest]) =>
    el("tr", {}, el("th", { scope: "row" }, first), ...rest.map((text) => el("td", {}, text))),
  );
  return el("table", { id, class: "plain" }, el("thead", {}, head), el("tbody", {}, ...lines));
}

customElements.define("window-list", WindowList);
