// Why a figure became another one: things with their parts, and the events that did it.

import { el } from "../el.js";
import { integer } from "../strings.js";
import { words } from "../words.js";
import { questionLink } from "./links.js";
import { signed } from "./naming.js";
import { asking } from "./state.js";

/** @import { Pair, WhyCause } from "./types.js" */

const t = words({
  vi: {
    cause: "Đối tượng",
    part: "Tử số",
    below: "Mẫu số",
    events: "Do sự kiện (bên gửi)",
    others: "{0} nguyên nhân khác",
    unnamed: "(không do một sự kiện nào: danh mục, hoặc tổng của nhiều thứ)",
    more: "và {0} sự kiện nữa",
    scroll: "Nguyên nhân",
  },
  en: {
    cause: "Thing",
    part: "Numerator",
    below: "Denominator",
    events: "By events (sender)",
    others: "{0} other causes",
    unnamed: "(of no single event: lists, or a sum of many things)",
    more: "and {0} more events",
    scroll: "Causes",
  },
});

const EVENTS_MAX = 5;

/**
 * @param {string} kpi
 * @param {WhyCause[]} causes
 * @param {Pair & { count: number }} others
 */
export function causesTable(kpi, causes, others) {
  const heads = /** @type {const} */ (["cause", "part", "below", "events"]);
  const rows = causes.map((cause) => line(kpi, cause));
  if (others.count) {
    rows.push(
      el(
        "tr",
        {},
        el("th", { scope: "row" }, t("others", integer(others.count))),
        el("td", {}, signed(others.numerator)),
        el("td", {}, signed(others.denominator)),
        el("td"),
      ),
    );
  }
  return el(
    "div",
    { class: "scrolled", tabindex: "0", role: "region", "aria-label": t("scroll") },
    el(
      "table",
      { class: "numbers causes" },
      el("thead", {}, el("tr", {}, ...heads.map((name) => el("th", { scope: "col" }, t(name))))),
      el("tbody", {}, ...rows),
    ),
  );
}

/** @param {string} kpi @param {WhyCause} cause */
function line(kpi, { entity, numerator, denominator, events }) {
  const { asked } = asking.now;
  const opened = {
    ...asked,
    kpi,
    by: [],
    show: /** @type {const} */ ("facts"),
    fact: entity ?? "",
  };
  const named = entity ? questionLink(opened, {}, entity) : t("unnamed");
  const shown = events.slice(0, EVENTS_MAX);
  const said = shown.map(({ event_id: id, sender }) =>
    el("li", {}, el("code", {}, id), ` (${sender})`),
  );
  const rest = events.length - shown.length;
  if (rest > 0) said.push(el("li", {}, t("more", integer(rest))));
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, named),
    el("td", {}, signed(numerator)),
    el("td", {}, signed(denominator)),
    el("td", {}, el("ul", { class: "plain" }, ...said)),
  );
}
