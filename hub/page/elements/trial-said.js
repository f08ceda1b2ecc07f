// Which figures sending something would change.

import { el } from "../el.js";
import { integer } from "../strings.js";
import { inLang, words } from "../words.js";

/** @import { ChangedFigure, Kpi, Trial } from "../types.js" */

const t = words({
  vi: { none: "Gửi không đổi số liệu nào.", would: "Gửi sẽ đổi {0} số liệu:" },
  en: {
    none: "Sending it changes no figure.",
    would: "Sending it would change {0} figures:",
  },
});

/** @param {ChangedFigure["before"]} figure */
const valueSaid = (figure) => figure?.restatement?.value ?? figure?.value ?? "–";

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
      el("td", {}, `${valueSaid(before)} → ${valueSaid(after)}`),
    );
  });
  const place = { class: "wide changes", tabindex: "0", role: "group" };
  const said = t("would", integer(changed.length));
  const table = el("table", { class: "list" }, el("tbody", {}, ...rows));
  return [el("p", {}, said), el("div", { ...place, "aria-label": said }, table)];
}
