// What the answer is of: the way down to it, the whole figure, what it is held against.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import {
  completeText,
  dayText,
  figureText,
  fractionText,
  targetText,
  timeText,
} from "../strings.js";
import { inLang, words } from "../words.js";
import { dimensionsOf, trail } from "./address.js";
import { questionLink } from "./links.js";
import { dimText, gapText, valueText } from "./naming.js";
import { asking, kpiAsked } from "./state.js";

/** @import { Beside, Ranking } from "./types.js" */
/** @import { Figure } from "../types.js" */

const t = words({
  vi: {
    trail: "Đường đi",
    whole: "Toàn tỉnh",
    loading: "Đang tính…",
    nothing: "Không có số liệu cho câu hỏi này.",
    running: "kỳ chưa kết thúc, tính đến {0}",
    provisional: "tạm tính",
    official: "chính thức",
    restated: "điều chỉnh",
    target: "chỉ tiêu {0}",
    met: "đạt",
    missed: "không đạt",
    gap: "còn thiếu {0}",
    beyond: "vượt {0}",
    average: "chưa có chỉ tiêu: so với mức chung",
    complete: "đầy đủ {0}",
    beside: "So với {0}: {1}",
    none: "không có số liệu",
    counted: "Các hồ sơ, đối tượng trong số này",
    view: "đơn vị ({0})",
    as_was: "lúc đó",
    as_is: "hiện nay",
    rebased: "hiện nay, quy đổi",
    version: "phiên bản {0}",
    version_until: "từ {0} có phiên bản khác, kỳ này vẫn tính theo phiên bản {1}",
  },
  en: {
    trail: "The way here",
    whole: "The province",
    loading: "Computing…",
    nothing: "There is no figure for this question.",
    running: "the period has not ended, up to {0}",
    provisional: "provisional",
    official: "official",
    restated: "restated",
    target: "target {0}",
    met: "met",
    missed: "not met",
    gap: "{0} short of it",
    beyond: "{0} beyond it",
    average: "no target: held against the average",
    complete: "{0} complete",
    beside: "Against {0}: {1}",
    none: "no figure",
    counted: "What it counts, one by one",
    view: "units ({0})",
    as_was: "of then",
    as_is: "of today",
    rebased: "of today, re-based",
    version: "version {0}",
    version_until: "another version is in force from {0}; this period is counted by version {1}",
  },
});

export class AnswerHead extends Part {
  static follows = [page.changes("lang"), asking.changes("ranking", "isLoading", "asked", "kpis")];

  #trail = el("nav", { id: "trail", class: "trail" });
  #title = el("h2", { id: "answer-title" });
  #said = el("div", { id: "whole", class: "said", role: "status" });

  build() {
    return [el("section", { class: "heading" }, this.#trail, this.#title, this.#said)];
  }

  draw() {
    const { ranking, isLoading, asked } = asking.now;
    const kpi = kpiAsked();
    this.hidden = asked.show === "changes";
    if (!kpi) {
      this.#said.textContent = isLoading ? t("loading") : "";
      return;
    }
    this.#trail.setAttribute("aria-label", t("trail"));
    const steps = trail(asked, dimensionsOf(kpi));
    const links = steps.map(({ name, asked: step }, i) => {
      const listed = ranking?.where.find(({ id }) => id === name)?.name;
      const value = valueText(name, asked.where[name], listed);
      const text = name ? `${dimText(name)}: ${value}` : t("whole");
      const current = i === steps.length - 1 ? { "aria-current": "page" } : {};
      return el("li", {}, questionLink(step, current, text));
    });
    this.#trail.replaceChildren(el("ol", {}, ...links));
    const period = ranking?.period ?? (asked.period || `${asked.from}..${asked.to}`);
    this.#title.textContent = `${inLang(kpi, "title")} · ${period.replace("..", " – ")}`;
    if (!ranking) {
      this.#said.replaceChildren(isLoading ? t("loading") : "");
      return;
    }
    const { whole } = ranking;
    if (!whole) {
      this.#said.replaceChildren(t("nothing"));
      return;
    }
    const toFacts = { ...asked, by: [], show: /** @type {const} */ ("facts"), sort: "", top: "" };
    this.#said.replaceChildren(
      ...wholeText(ranking, whole),
      ...(ranking.beside ? [besideText(ranking.beside)] : []),
      ...(kpi.contract === "dossier" && asked.show !== "facts"
        ? [el("p", {}, questionLink(toFacts, { id: "to-facts" }, t("counted")))]
        : []),
    );
  }
}

/** @param {Ranking} ranking @param {Figure} whole */
function wholeText(ranking, whole) {
  const { text, unit } = figureText(whole);
  const isDivided = BigInt(whole.denominator) !== 1n || BigInt(whole.scale ?? 1) !== 1n;
  const more = [...(isDivided ? [fractionText(whole)] : []), t(whole.status)];
  if (ranking.is_running) more.push(t("running", timeText(ranking.at)));
  if (whole.completeness !== null) more.push(t("complete", completeText(whole.completeness)));
  const { version, version_until: until } = whole;
  if (version) {
    more.push(until ? t("version_until", dayText(until), version) : t("version", version));
  }
  return [
    el("p", { class: "big" }, text, " ", el("small", {}, unit)),
    el("p", {}, goalText(ranking, whole)),
    el("p", { class: "quiet" }, more.join(" · ")),
  ];
}

/** @param {Ranking} ranking @param {Figure} whole */
function goalText({ goal, measure_unit: unit }, whole) {
  if (!goal) return "";
  if (!goal.target) return t("average");
  const target = t("target", targetText(goal.target, unit));
  const short = (Number(goal.value) - Number(whole.value)) * (goal.is_ceiling ? -1 : 1);
  const said = short > 0 ? "gap" : "beyond";
  const gap = gapText(String(Math.abs(short)), unit);
  return [target, t(short > 0 ? "missed" : "met"), t(said, gap)].join(" · ");
}

/** @param {Beside} beside */
function besideText({ period, unit, view, at, as_of: asOf, version, whole }) {
  const named = [period, unit, view && view !== "as_was" ? t("view", t.find(view, view)) : ""];
  if (version) named.push(t("version", version));
  const until = whole && asOf ? timeText(at) : "";
  const { text, unit: written } = whole ? figureText(whole) : { text: t("none"), unit: "" };
  const what = [...named, until].filter(Boolean).join(", ");
  return el("p", { id: "beside" }, t("beside", what, `${text} ${written}`.trim()));
}

customElements.define("answer-head", AnswerHead);
