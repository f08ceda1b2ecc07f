// One KPI: how it stands, why, how it went, and against what was before; a link to the question.

import { sparkline } from "../charts/sparkline.js";
import { el } from "../el.js";
import { mark } from "../elements/marks.js";
import { monthText } from "../strings.js";
import { inLang, words } from "../words.js";
import { isWall } from "./wall.js";

/** @import { Item } from "./types.js" */

const t = words({
  vi: {
    missed: "Không đạt",
    behind: "Chậm tiến độ",
    waiting: "Đang chờ xử lý",
    unknown: "Chưa có số liệu",
    on_course: "Đúng tiến độ",
    met: "Đạt",
    provisional: "tạm tính",
    official: "chính thức",
    restated: "điều chỉnh",
    trend: "Diễn biến theo tháng",
    months: "{0} – {1}",
    months_of: "{0}/{1}",
  },
  en: {
    missed: "Missed",
    behind: "Behind",
    waiting: "Waiting",
    unknown: "No figures",
    on_course: "On course",
    met: "Met",
    provisional: "provisional",
    official: "official",
    restated: "restated",
    trend: "By month",
    months: "{0} – {1}",
    months_of: "{0}/{1}",
  },
});

const SIGNS = /** @type {const} */ ({
  missed: "bad",
  behind: "watch",
  waiting: "watch",
  unknown: "none",
  on_course: "good",
  met: "good",
});

/** @param {Item} item @returns {keyof typeof SIGNS} */
const stateOf = ({ need, figure }) =>
  need === "off_course" ? (figure?.progress?.state ?? "missed") : need;

/** @param {string} month */
function monthOf(month) {
  const [year, number] = month.split("-");
  return t("months_of", monthText(Number(number)), year);
}

/** @param {Item} item */
function trendOf({ months, figure }) {
  if (months.length < 2) return null;
  const label = t("months", monthOf(months[0].month), monthOf(months[months.length - 1].month));
  const values = months.map(({ value }) => (value === null ? null : Number(value)));
  const isRatio = figure?.measure_unit === "share";
  const goal = isRatio && figure.target ? Number(figure.target.value) : null;
  return el(
    "div",
    { class: "trend" },
    sparkline(values, goal, `${t("trend")}: ${label}`),
    el("small", {}, label),
  );
}

/** Writes a value large, and its unit small. @param {string} value */
function largeValue(value) {
  if (!value) return el("p", { class: "onone" }, "–");
  const [number, ...unit] = value.split(" ");
  return el(
    "p",
    { class: "obig" },
    number,
    unit.length ? el("small", {}, ` ${unit.join(" ")}`) : null,
  );
}

/** @param {Item} item */
export function kpiTile(item) {
  const state = stateOf(item);
  const head = [mark(SIGNS[state], t(state))];
  const { figure } = item;
  if (figure && figure.value !== null) {
    head.push(el("span", { class: `status ${figure.status}` }, t(figure.status)));
  }
  const [value, goal, why] = [inLang(item, "value"), inLang(item, "goal"), inLang(item, "why")];
  const compared = inLang(item, "compared");
  return el(
    "li",
    {},
    el(
      "a",
      {
        class: `panel otile ${SIGNS[state]}`,
        href: isWall ? null : item.link,
        "data-kpi": item.kpi,
      },
      el("h3", {}, inLang(item, "title")),
      el("p", { class: "ohead" }, ...head),
      el(
        "div",
        { class: "ofigure" },
        el("div", {}, largeValue(value), goal ? el("p", { class: "ogoal" }, goal) : null),
        trendOf(item),
      ),
      el("p", { class: "owhy" }, value ? why : inLang(item, "text")),
      compared ? el("p", { class: "ocompared" }, compared) : null,
    ),
  );
}
