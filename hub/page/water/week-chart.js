// The last seven days of a station, with the week before laid upon them: sums, chart, table, files.

import { hourChart } from "../charts/hour-chart.js";
import { followWidth } from "../charts/measured-width.js";
import { el } from "../el.js";
import { saveFile } from "../elements/saved-file.js";
import { guarded } from "../failures.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { decimalText, integer } from "../strings.js";
import { words } from "../words.js";
import { changeText, flaggedText, gramsText, minuteText } from "./salinity.js";
import { layBy, question, water } from "./state.js";

/** @import { By, WeekHour, WeekSum, Weeks } from "./types.js" */

const HALF_HOUR_MS = 1_800_000; // a clock hour is drawn at its middle

const t = words({
  vi: {
    title: "Bảy ngày qua, bên tuần trước đó",
    by: "Đặt tuần trước lên tuần này theo",
    tide: "cùng pha triều",
    clock: "cùng giờ",
    said_tide:
      "Tuần trước được dời 7 ngày triều (7 ngày 5 giờ 50 phút), nên đỉnh triều nằm trên đỉnh triều. Cách một tuần, triều cường và triều kém đổi chỗ cho nhau.",
    said_clock:
      "Tuần trước được dời đúng 7 ngày: cùng giờ trên đồng hồ, nhưng triều lệch khoảng 6 giờ. Cách một tuần, triều cường và triều kém đổi chỗ cho nhau.",
    this: "Tuần này",
    before: "Tuần trước",
    change: "Thay đổi",
    max: "Lớn nhất (g/L)",
    min: "Nhỏ nhất (g/L)",
    hours_over: "Giờ từ {0} g/L trở lên",
    hours: "Giờ có số đo (của 168)",
    flagged: "Không tính (bị gắn cờ)",
    no_flags: "Không có số đo nào bị gắn cờ trong tuần này.",
    flags: "✗ {0} số đo bị gắn cờ, không được tính trong bất cứ con số nào ở đây",
    hour: "Giờ",
    table: "Bảng số của biểu đồ",
    file: "Tải {0}",
    label: "Trạm {0}, từng giờ: tuần này lớn nhất {1} g/L, tuần trước {2} g/L. Bảng ở dưới.",
    read: "{0}: tuần này {1}, tuần trước {2} g/L",
    read_flag: "; bị gắn cờ: {0}",
    how: "Đưa con trỏ hoặc dùng phím mũi tên trên biểu đồ để đọc từng giờ.",
    none: "Hai tuần này không có số đo nào được tính.",
    loading: "Đang đọc số đo hai tuần…",
  },
  en: {
    title: "The last seven days beside the week before",
    by: "The week before is laid upon this one by",
    tide: "the same phase of the tide",
    clock: "the same hours",
    said_tide:
      "The week before is moved by 7 tidal days (7 days 5 h 50 min), so high water stands upon high water. A week apart, spring and neap tides change places.",
    said_clock:
      "The week before is moved by exactly 7 days: the same hours of the clock, while the tide is off by about 6 hours. A week apart, spring and neap tides change places.",
    this: "This week",
    before: "Week before",
    change: "Change",
    max: "Greatest (g/L)",
    min: "Least (g/L)",
    hours_over: "Hours at or over {0} g/L",
    hours: "Hours with a value (of 168)",
    flagged: "Not counted (flagged)",
    no_flags: "No value of this week is flagged.",
    flags: "✗ {0} values are flagged, and count in no number here",
    hour: "Hour",
    table: "The chart as a table",
    file: "Save {0}",
    label:
      "Station {0}, by hour: greatest {1} g/L this week, {2} g/L the week before. A table is below.",
    read: "{0}: this week {1}, the week before {2} g/L",
    read_flag: "; flagged: {0}",
    how: "Point at the chart, or use its arrow keys, to read an hour.",
    none: "Nothing that counts was measured in these two weeks.",
    loading: "Reading two weeks…",
  },
});

const WAYS = /** @type {By[]} */ (["tide", "clock"]);
const FORMATS = ["csv", "xlsx"];
const COLUMNS = /** @type {const} */ (["max", "min", "before_max", "before_min"]);

export class WeekChart extends Part {
  static follows = [page.changes("lang"), water.changes("weeks", "code", "limit", "by")];

  #width = 0;
  #title = el("h3", { id: "weeks-title" });
  #way = el("span", { id: "by-name" });
  #ways = WAYS.map((by) =>
    el("button", { type: "button", "data-by": by, onclick: () => layBy(by) }),
  );
  #said = el("p", { class: "quiet", id: "by-said" });
  #sums = el("table", { id: "week-sums", class: "plain" });
  #plot = el("div", { id: "week-plot" });
  #read = el("p", { class: "readout", role: "status" });
  #flags = el("p", { id: "week-flags" });
  #name = el("summary");
  #table = el("table", { id: "week-hours", class: "plain" });
  #files = FORMATS.map((format) => {
    const onclick = () => void guarded("file", null, () => this.#save(format));
    return el("button", { type: "button", "data-format": format, onclick });
  });
  #section = el("section", { class: "panel padded", "aria-labelledby": "weeks-title" });

  build() {
    const group = { class: "chips", role: "group", "aria-labelledby": "by-name" };
    const ways = el("div", { class: "ways" }, this.#way, el("span", group, ...this.#ways));
    const acts = el("p", { class: "acts files" }, ...this.#files);
    const named = { tabindex: "0", role: "group", "aria-labelledby": "weeks-title" };
    const sums = el("div", { class: "scroll", ...named }, this.#sums);
    const details = el(
      "details",
      {},
      this.#name,
      el("div", { class: "scroll tall", ...named }, this.#table),
    );
    this.#section.append(this.#title, ways, this.#said, sums, this.#plot, this.#read);
    this.#section.append(this.#flags, details, acts);
    followWidth(this.#plot, (width) => {
      this.#width = width;
      this.#drawChart();
    });
    return [this.#section];
  }

  draw() {
    const { weeks, by, code } = water.now;
    this.#section.hidden = !code;
    this.#title.textContent = t("title");
    this.#way.textContent = t("by");
    for (const [i, way] of WAYS.entries()) {
      this.#ways[i].textContent = t(way);
      this.#ways[i].setAttribute("aria-pressed", String(way === by));
    }
    this.#said.textContent = t(`said_${by}`);
    this.#name.textContent = t("table");
    for (const [i, format] of FORMATS.entries()) {
      this.#files[i].textContent = t("file", format.toUpperCase());
    }
    this.#section.setAttribute("aria-busy", String(!weeks));
    this.#read.textContent = weeks ? t("how") : t("loading");
    this.#sums.replaceChildren(...(weeks ? sumRows(weeks) : []));
    this.#table.replaceChildren(...(weeks ? hourRows(weeks) : []));
    const count = weeks?.flagged.length ?? 0;
    this.#flags.hidden = !weeks;
    this.#flags.className = count ? "watch" : "quiet";
    this.#flags.textContent = count ? t("flags", integer(count)) : t("no_flags");
    this.#drawChart();
  }

  #drawChart() {
    const { weeks, code, limit } = water.now;
    if (!weeks || !this.#width) return this.#plot.replaceChildren();
    if (!weeks.this.hours && !weeks.before.hours && !weeks.flagged.length) {
      return this.#plot.replaceChildren(el("p", { class: "void" }, t("none")));
    }
    const points = (/** @type {"max" | "before_max"} */ name) =>
      weeks.hours.flatMap(({ hour, [name]: y }) => (y === null ? [] : [{ at: middle(hour), y }]));
    const { node, read } = hourChart({
      span: [Date.parse(weeks.from), Date.parse(weeks.until)],
      lines: [
        { name: "this", points: points("max") },
        { name: "before", points: points("before_max") },
      ],
      flags: weeks.flagged.flatMap((flagged) =>
        flagged.value === null
          ? []
          : [{ at: Date.parse(flagged.at), y: flagged.value, title: flaggedText(flagged) }],
      ),
      limits: weeks.thresholds.map((y) => ({
        y,
        text: `${gramsText(y)} g/L`,
        isChosen: y === (weeks.thresholds.includes(limit) ? limit : 1),
      })),
      written: gramsText,
      width: this.#width,
      label: t("label", code, gramsText(weeks.this.max), gramsText(weeks.before.max)),
      onRead: (at) => {
        read(at);
        this.#read.textContent = at === null ? t("how") : readText(weeks, at);
      },
    });
    const key = ["this", "before"].map((name) =>
      el("span", { class: `key ${name}` }, t(/** @type {"this" | "before"} */ (name))),
    );
    return this.#plot.replaceChildren(el("p", { class: "keys" }, ...key), node);
  }

  /** @param {string} format */
  async #save(format) {
    const { code, by, weeks } = water.now;
    const path = `/v1/stations/${encodeURIComponent(code)}/weeks?${question({ by, format })}`;
    await saveFile(path, `do-man-${code}-${weeks?.until.slice(0, 10)}.${format}`);
  }
}

/** @param {string} hour */
const middle = (hour) => Date.parse(hour) + HALF_HOUR_MS;

/** @param {Weeks} weeks */
function flaggedBy({ flagged }) {
  /** @type {Map<number, string[]>} */
  const hours = new Map();
  for (const value of flagged) {
    const hour = Math.floor(Date.parse(value.at) / 3_600_000) * 3_600_000;
    hours.set(hour, [...(hours.get(hour) ?? []), flaggedText(value)]);
  }
  return hours;
}

/** @param {Weeks} weeks @param {number} at */
function readText(weeks, at) {
  const row = weeks.hours.find(({ hour }) => middle(hour) === at);
  if (!row) return t("how");
  const flags = flaggedBy(weeks).get(Date.parse(row.hour));
  const values = [gramsText(row.max), gramsText(row.before_max)];
  return (
    t("read", minuteText(row.hour), ...values) + (flags ? t("read_flag", flags.join(", ")) : "")
  );
}

/** @param {Weeks} weeks */
function sumRows(weeks) {
  /** @type {[string, (sum: WeekSum) => number | null, string][]} */
  const rows = [
    [t("max"), ({ max }) => max, "max"],
    [t("min"), ({ min }) => min, "min"],
    ...weeks.thresholds.map((limit) => {
      const name = t("hours_over", decimalText(String(limit)));
      const value = (/** @type {WeekSum} */ sum) => sum.hours_over[String(limit)];
      return /** @type {[string, (sum: WeekSum) => number, string]} */ ([
        name,
        value,
        `over-${limit}`,
      ]);
    }),
    [t("hours"), ({ hours }) => hours, "hours"],
  ];
  const heads = ["", t("this"), t("before"), t("change")].map((text) =>
    text ? el("th", { scope: "col" }, text) : el("td"),
  );
  return [
    el("thead", {}, el("tr", {}, ...heads)),
    el(
      "tbody",
      {},
      ...rows.map(([name, value, id]) => {
        const [a, b] = [value(weeks.this), value(weeks.before)];
        const change = a === null || b === null ? "–" : changeText(a - b);
        const cells = [gramsText(a), gramsText(b), change].map((text) => el("td", {}, text));
        return el("tr", { "data-sum": id }, el("th", { scope: "row" }, name), ...cells);
      }),
    ),
  ];
}

/** @param {Weeks} weeks */
function hourRows(weeks) {
  const flags = flaggedBy(weeks);
  const names = COLUMNS.map((name) => {
    const [week, of] = name.startsWith("before_") ? ["before", name.slice(7)] : ["this", name];
    return `${t(/** @type {"this"} */ (week))}: ${t(/** @type {"max"} */ (of))}`;
  });
  const heads = [t("hour"), ...names, t("flagged")].map((text) => el("th", { scope: "col" }, text));
  const row = (/** @type {WeekHour} */ hour) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, minuteText(hour.hour)),
      ...COLUMNS.map((name) => el("td", {}, gramsText(hour[name]))),
      el("td", {}, flags.get(Date.parse(hour.hour))?.join(", ") ?? ""),
    );
  return [el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...weeks.hours.map(row))];
}

customElements.define("week-chart", WeekChart);
