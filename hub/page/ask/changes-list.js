// What changed between two instants, and why: by the clock, or by what came.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { figureText, fractionText, integer, timeText } from "../strings.js";
import { inLang, words } from "../words.js";
import { causesTable } from "./causes.js";
import { signed } from "./naming.js";
import { asking, go } from "./state.js";

/** @import { Changed } from "./types.js" */

const t = words({
  vi: {
    title: "Số liệu nào đã đổi, và vì sao",
    since: "Từ lúc (giờ Việt Nam)",
    until: "Đến lúc, để trống là bây giờ",
    period: "Của kỳ",
    ask: "Xem thay đổi",
    loading: "Đang so hai thời điểm…",
    none: "Không số liệu nào của kỳ {0} đổi giữa {1} và {2}.",
    some: "{0} số liệu của kỳ {1} đổi giữa {2} và {3}.",
    was: "{0} → {1}",
    nothing: "không có",
    by_clock: "do thời gian trôi qua: {0} ở tử số, {1} ở mẫu số",
    by_events: "do dữ liệu đến: {0} ở tử số, {1} ở mẫu số",
    closed: "kỳ đã chốt: số chính thức không đổi, đây là số tính lại",
    why: "{0} đối tượng đã làm đổi số này",
  },
  en: {
    title: "Which figures changed, and why",
    since: "From (Viet Nam time)",
    until: "Until, empty for now",
    period: "Of the period",
    ask: "Show what changed",
    loading: "Comparing two instants…",
    none: "No figure of {0} changed between {1} and {2}.",
    some: "{0} figures of {1} changed between {2} and {3}.",
    was: "{0} → {1}",
    nothing: "none",
    by_clock: "by the clock: {0} in the numerator, {1} in the denominator",
    by_events: "by what came: {0} in the numerator, {1} in the denominator",
    closed: "the period is closed: its official figure stands, this is computed anew",
    why: "{0} things made it another",
  },
});

export class ChangesList extends Part {
  static follows = [page.changes("lang"), asking.changes("changes", "asked", "isLoading")];

  #form = el("form", { id: "changes-asked", class: "panel question" });
  #count = el("p", { id: "changes-count", role: "status" });
  #list = el("div", { id: "changes" });

  build() {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const given = new FormData(this.#form);
      const text = (/** @type {string} */ name) => String(given.get(name) ?? "").trim();
      void go({ since: text("since"), until: text("until"), period: text("period") });
    });
    return [el("section", { class: "heading" }, this.#form, this.#count), this.#list];
  }

  draw() {
    const { asked, changes, isLoading } = asking.now;
    this.hidden = asked.show !== "changes";
    if (this.hidden) return;
    const field = (/** @type {"since" | "until" | "period"} */ name, /** @type {object} */ more) =>
      el("label", {}, el("span", {}, t(name)), el("input", { name, ...more }));
    this.#form.setAttribute("aria-label", t("title"));
    this.#form.replaceChildren(
      el("h2", {}, t("title")),
      field("since", { type: "datetime-local", step: 1, value: asked.since || yesterdayAtEight() }),
      field("until", { type: "datetime-local", step: 1, value: asked.until }),
      field("period", { size: 10, value: asked.period }),
      el("button", { type: "submit", class: "main" }, t("ask")),
    );
    this.#list.replaceChildren(...(changes?.changed ?? []).map(changed));
    this.#count.textContent = isLoading && asked.since ? t("loading") : "";
    if (!changes) return;
    const { period, since, until, changed: some } = changes;
    const span = [period, timeText(since), timeText(until)];
    this.#count.textContent = some.length
      ? t("some", integer(some.length), ...span)
      : t("none", ...span);
  }
}

/** Yesterday at 08:00 in Viet Nam, as a field has it. */
function yesterdayAtEight() {
  const there = new Date(Date.now() + 7 * 3_600_000 - 86_400_000);
  return `${there.toISOString().slice(0, 10)}T08:00`;
}

/** A value, with what it divides where it does. @param {NonNullable<Changed["before"]>} figure */
function writtenOf(figure) {
  const { text, unit } = figureText(figure);
  const isDivided = BigInt(figure.denominator) !== 1n || BigInt(figure.scale ?? 1) !== 1n;
  return [text, unit, isDivided ? `(${fractionText(figure)})` : ""].filter(Boolean).join(" ");
}

/** @param {Changed} one */
function changed(one) {
  const said = [one.before, one.after].flatMap((figure) =>
    figure ? [writtenOf(figure)] : [t("nothing")],
  );
  const parts = /** @type {const} */ (["by_clock", "by_events"]).flatMap((name) => {
    const { numerator, denominator } = one[name];
    if (!BigInt(numerator) && !BigInt(denominator)) return [];
    return [el("li", {}, t(name, signed(numerator), signed(denominator)))];
  });
  if (one.is_closed) parts.push(el("li", {}, t("closed")));
  const count = one.causes.length + one.other_causes.count;
  const why = el("details", {}, el("summary", {}, t("why", integer(count))));
  why.append(causesTable(one.kpi, one.causes, one.other_causes));
  return el(
    "article",
    { class: "panel answer", "data-kpi": one.kpi },
    el("h3", {}, inLang(one, "title")),
    el("p", {}, el("b", {}, t("was", ...said))),
    el("ul", { class: "plain" }, ...parts),
    count ? why : null,
  );
}

customElements.define("changes-list", ChangesList);
