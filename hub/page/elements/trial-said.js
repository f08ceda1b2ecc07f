// Which figures sending something would change.

import { el } from "../el.js";
import { figureText, integer } from "../strings.js";
import { inLang, words } from "../words.js";

/** @import { Kpi, Trial, TriedFigure } from "../types.js" */

const t = words({
  vi: { none: "Gửi không đổi số liệu nào.", would: "Gửi sẽ đổi {0} số liệu:" },
  en: {
    none: "Sending it changes no figure.",
    would: "Sending it would change {0} figures:",
  },
});

/**
 * Writes what a figure was and would be; with all decimals where fewer would not tell them apart.
 * Units that only a group of KPIs knows to translate are left out: titles say what is counted.
 * @param {string} measure_unit
 * @param {(TriedFigure | null)[]} figures
 */
function movedText(measure_unit, figures) {
  const written = figures.map((figure) => {
    if (!figure) return { short: "–", full: "–" };
    const said = figureText({ ...figure, ...figure.restatement, measure_unit });
    const unit = said.unit === measure_unit ? "" : said.unit;
    const full = said.full.replace(` ${measure_unit}`, "");
    return { short: [said.text, unit].filter(Boolean).join(" "), full };
  });
  const isSame = written[0].short === written[1].short;
  return written.map(({ short, full }) => (isSame ? full : short)).join(" → ");
}

/** @param {Trial[]} trials @param {ReadonlyMap<string, Kpi>} kpis By their ids. */
export function trialSaid(trials, kpis) {
  const changed = trials.flatMap((trial) => trial.figures);
  if (!changed.length) return [el("p", {}, t("none"))];
  const rows = changed.map(({ period, kpi: id, before, after }) => {
    const kpi = kpis.get(id);
    return el(
      "tr",
      {},
      el("td", {}, period),
      el("td", {}, kpi ? inLang(kpi, "title") : id),
      el("td", {}, movedText(kpi?.measure_unit ?? "", [before, after])),
    );
  });
  const place = { class: "wide changes", tabindex: "0", role: "group" };
  const said = t("would", integer(changed.length));
  const table = el("table", { class: "list" }, el("tbody", {}, ...rows));
  return [el("p", {}, said), el("div", { ...place, "aria-label": said }, table)];
}
