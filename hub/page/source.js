// How a source and its four qualities are shown, on the live page and on the sources page.

import { el } from "./dom.js";
import { figureText, fractionText, timeText, words } from "./strings.js";

const MARKS = { good: "✓", watch: "!", bad: "✗", none: "–" };

export const sourceTitle = (source, lang) => source[`title_${lang}`] ?? source.source;

export const mark = (level, text) =>
  el("span", { class: `mark ${level}` }, el("i", { "aria-hidden": "true" }, MARKS[level]), text);

/** Good, watch or bad, by the target where there is one, else by the levels named above the cards. */
function levelOf(kpi, figure) {
  if (!figure || figure.value === null) return ["none", "level_unknown"];
  if (figure.met === true) return ["good", "met"];
  if (figure.met === false) return ["bad", "not_met"];
  const value = Number(figure.value);
  if (kpi === "source_fresh_minutes") {
    if (value <= 60) return ["good", "level_live"];
    return value <= 1440 ? ["watch", "level_slow"] : ["bad", "level_silent"];
  }
  if (value >= 0.99) return ["good", "level_good"];
  return value >= 0.95 ? ["watch", "level_watch"] : ["bad", "level_low"];
}

/** One quality: its name, value, the integers behind it, and how good that is. */
export function qualityRow(kpi, figure, lang) {
  const t = words(lang);
  const [level, text] = levelOf(kpi, figure);
  const shown = figure ? figureText(figure, lang) : { text: "–", unit: "", full: "" };
  const isShare = kpi !== "source_fresh_minutes";
  const exact = figure && isShare ? fractionText(figure, lang) : figure?.fresh_at ? timeText(figure.fresh_at) : "";
  return el("div", { "data-kpi": kpi },
    el("dt", { title: t(`${kpi}_why`) }, t(kpi)),
    el("dd", { class: "value", title: shown.full }, shown.text, shown.unit ? el("small", {}, ` ${shown.unit}`) : ""),
    el("dd", { class: "exact" }, exact),
    el("dd", { class: "level" }, mark(level, t(text))));
}
