// How a source and its four qualities are shown, on the board and on the page of sources.

import { el } from "../el.js";
import { page } from "../page.js";
import { figureText, fractionText, timeText } from "../strings.js";
import { words } from "../words.js";
import { mark, metWord } from "./marks.js";

/** @import { Figure, QualityKpi, Source, Sources } from "../types.js" */
/** @import { Level } from "./marks.js" */

const t = words({
  vi: {
    source_valid_share: "Đúng",
    source_complete_share: "Đủ",
    source_clean_share: "Sạch",
    source_fresh_minutes: "Sống",
    source_valid_share_why: "không bị từ chối / đã nhận",
    source_complete_share_why: "đã nhận / phải nhận theo lịch",
    source_clean_share_why: "không trùng, không mâu thuẫn / đã nhận",
    source_fresh_minutes_why: "phút từ sự kiện được nhận cuối cùng",
    good: "Tốt",
    watch: "Cần chú ý",
    low: "Thấp",
    live: "Sống",
    slow: "Chậm",
    silent: "Im lặng",
    unknown: "Chưa rõ",
    levels:
      "Nhận trong {0}; đủ: kỳ {1}. Mức đọc của trang: tốt từ 99 %, cần chú ý từ 95 %, còn lại là thấp; sống: trong 60 phút, chậm: trong 24 giờ, còn lại là im lặng.",
  },
  en: {
    source_valid_share: "Correct",
    source_complete_share: "Complete",
    source_clean_share: "Clean",
    source_fresh_minutes: "Live",
    source_valid_share_why: "not rejected / received",
    source_complete_share_why: "received / expected by schedule",
    source_clean_share_why: "neither duplicate nor conflicting / received",
    source_fresh_minutes_why: "minutes since the last accepted event",
    good: "Good",
    watch: "Watch",
    low: "Low",
    live: "Live",
    slow: "Slow",
    silent: "Silent",
    unknown: "Unknown",
    levels:
      "Accepted in {0}; complete: period {1}. How the page reads them: good from 99%, watch from 95%, low below; live within 60 minutes, slow within 24 hours, else silent.",
  },
});

/** @param {Source} source */
export const sourceTitle = (source) => source[`title_${page.now.lang}`] ?? source.source;

/**
 * Says what the figures are of, and how they are judged.
 * @param {Sources} answer
 */
export const levelsNote = ({ received, period }) => t("levels", received, period);

/**
 * Judges a quality: by the target where there is one, else by the levels that `levelsNote` names.
 * @param {QualityKpi} kpi
 * @param {Figure | null} figure
 * @returns {[Level, string]}
 */
function levelOf(kpi, figure) {
  if (!figure || figure.value === null) return ["none", t("unknown")];
  if (figure.met !== null) return [figure.met ? "good" : "bad", metWord(figure.met)];
  const value = Number(figure.value);
  if (kpi === "source_fresh_minutes") {
    if (value <= 60) return ["good", t("live")];
    return value <= 1440 ? ["watch", t("slow")] : ["bad", t("silent")];
  }
  if (value >= 0.99) return ["good", t("good")];
  return value >= 0.95 ? ["watch", t("watch")] : ["bad", t("low")];
}

/**
 * One quality: its name, value, the integers behind it, and how good that is.
 * @param {QualityKpi} kpi
 * @param {Figure | null} figure
 */
export function qualityRow(kpi, figure) {
  const written = figure ? figureText(figure) : { text: "–", unit: "", full: "" };
  const fresh = figure?.fresh_at ? timeText(figure.fresh_at) : "";
  const exact = figure && kpi !== "source_fresh_minutes" ? fractionText(figure) : fresh;
  return el(
    "div",
    { "data-kpi": kpi },
    el("dt", { title: t(`${kpi}_why`) }, t(kpi)),
    el(
      "dd",
      { class: "value", title: written.full },
      written.text,
      written.unit && el("small", {}, ` ${written.unit}`),
    ),
    el("dd", { class: "exact" }, exact),
    el("dd", { class: "level" }, mark(...levelOf(kpi, figure))),
  );
}
