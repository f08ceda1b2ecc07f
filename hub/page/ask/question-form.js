// The question: which KPI, of which period, split and filtered by what, held against what.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { inLang, words } from "../words.js";
import { dimensionsOf, TIMES } from "./address.js";
import { FilterFields } from "./filter-fields.js";
import { dimText, inOrder, roleText } from "./naming.js";
import { PeriodFields } from "./period-fields.js";
import { asking, go } from "./state.js";

/** @import { DefinedKpi } from "../types.js" */

const t = words({
  vi: {
    question: "Câu hỏi",
    kpi: "Chỉ số",
    by: "Chia theo",
    next: "rồi theo",
    nothing: "(không chia)",
    role: "Đơn vị là",
    usual: "(như chỉ số)",
    view: "Đơn vị của",
    as_was: "lúc đó",
    as_is: "hiện nay",
    rebased: "hiện nay, quy đổi",
    compare: "So với",
    alone: "(không so)",
    previous: "kỳ trước",
    last_year: "cùng kỳ năm trước",
    other_unit: "đơn vị khác",
    other_period: "kỳ khác",
    version: "phiên bản {0}",
    other: "Mã đơn vị hoặc kỳ",
    top: "Số dòng đầu",
    ask: "Xem",
  },
  en: {
    question: "Question",
    kpi: "KPI",
    by: "Split by",
    next: "then by",
    nothing: "(not split)",
    role: "The unit is",
    usual: "(as the KPI says)",
    view: "Units of",
    as_was: "then",
    as_is: "today",
    rebased: "today, re-based",
    compare: "Compare with",
    alone: "(nothing)",
    previous: "the period before",
    last_year: "the same of last year",
    other_unit: "another unit",
    other_period: "another period",
    version: "version {0}",
    other: "Unit code or period",
    top: "First rows",
    ask: "Ask",
  },
});

const COMPARED = /** @type {const} */ (["previous", "last_year", "view:as_is", "unit", "period"]);

export class QuestionForm extends Part {
  static follows = [page.changes("lang"), asking.changes("kpis", "asked")];

  #form = el("form", { id: "question", class: "panel question" });

  build() {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    return [this.#form];
  }

  draw() {
    const { asked, kpis } = asking.now;
    const kpi = kpis.find(({ id }) => id === asked.kpi);
    this.hidden = asked.show === "changes";
    this.#form.setAttribute("aria-label", t("question"));
    if (!kpi) return;
    const dims = dimensionsOf(kpi);
    const roles = kpi.dimensions.flatMap((dimension) => dimension.roles);
    const [kind, other = ""] = split(asked.compare);
    this.#form.replaceChildren(
      labelled("kpi", this.#kpis(kpis, asked.kpi), "long"),
      ...new PeriodFields(asked).fields,
      labelled("by", select("by", [["", t("nothing")], ...named(dims)], asked.by[0] ?? "")),
      labelled("next", select("next", [["", t("nothing")], ...named(dims)], asked.by[1] ?? "")),
      ...new FilterFields(kpi, asked.where).fields,
      ...(roles.length
        ? [
            labelled("role", select("role", [["", t("usual")], ...roleNames(roles)], asked.role)),
            labelled("view", select("view", views(), asked.view)),
          ]
        : []),
      labelled("compare", select("compare", compared(roles.length > 0, kpi.definitions), kind)),
      labelled("other", el("input", { name: "other", size: 9, value: other })),
      labelled(
        "top",
        el("input", { name: "top", type: "number", min: 1, max: 1000, value: asked.top }),
      ),
      el("button", { type: "submit", class: "main" }, t("ask")),
    );
  }

  /** @param {DefinedKpi[]} kpis @param {string} chosen */
  #kpis(kpis, chosen) {
    /** @type {Map<string, DefinedKpi[]>} */
    const groups = new Map();
    for (const kpi of kpis) {
      const group = inLang(kpi.used_by.group, "title");
      groups.set(group, [...(groups.get(group) ?? []), kpi]);
    }
    const options = [...groups].map(([label, some]) =>
      el(
        "optgroup",
        { label },
        ...some
          .sort((a, b) => inOrder.compare(inLang(a, "title"), inLang(b, "title")))
          .map((kpi) =>
            el("option", { value: kpi.id, selected: kpi.id === chosen }, inLang(kpi, "title")),
          ),
      ),
    );
    // Another KPI has other dimensions: what does not fit it is left out.
    const onchange = () => {
      const id = kpiSelect.value;
      const dims = dimensionsOf(kpis.find((kpi) => kpi.id === id));
      const { asked } = asking.now;
      const where = Object.fromEntries(
        Object.entries(asked.where).filter(([name]) => dims.includes(name)),
      );
      const by = asked.by.filter((name) => dims.includes(name));
      void go({ kpi: id, by, where, sort: "", role: "", view: "", compare: "", fact: "" });
    };
    const kpiSelect = el("select", { name: "kpi", onchange }, ...options);
    return kpiSelect;
  }

  #submit() {
    const given = new FormData(this.#form);
    const text = (/** @type {string} */ name) => String(given.get(name) ?? "").trim();
    const by = [...new Set([text("by"), text("next")])].filter(Boolean);
    const other = text("other");
    const kind = text("compare");
    const isWanting = kind === "unit" || kind === "period";
    void go({
      ...PeriodFields.read(text),
      by,
      where: FilterFields.read(given),
      role: text("role"),
      view: text("view"),
      compare: isWanting ? other && `${kind}:${other}` : kind,
      top: text("top"),
      sort: "",
      fact: "",
      show: asking.now.asked.show === "chart" ? "chart" : "table",
    });
  }
}

/** @param {string} compare */
function split(compare) {
  const [kind, ...rest] = compare.split(":");
  return kind === "unit" || kind === "period" ? [kind, rest.join(":")] : [compare];
}

/** @param {string[]} dims @returns {[string, string][]} */
const named = (dims) => [
  ...dims.filter((dim) => !TIMES.includes(dim)).map((dim) => pair(dim)),
  ...TIMES.filter((dim) => dims.includes(dim)).map((dim) => pair(dim)),
];

/** @param {string} dim @returns {[string, string]} */
const pair = (dim) => [dim, dimText(dim)];

/** @param {string[]} roles @returns {[string, string][]} */
const roleNames = (roles) => roles.map((role) => [role, roleText(role)]);

/** @returns {[string, string][]} */
const views = () => [
  ["", t("as_was")],
  ["as_is", t("as_is")],
  ["rebased", t("rebased")],
];

/**
 * @param {boolean} hasUnits @param {DefinedKpi["definitions"]} definitions
 * @returns {[string, string][]}
 */
function compared(hasUnits, definitions) {
  const texts = {
    previous: t("previous"),
    last_year: t("last_year"),
    "view:as_is": `${t("view")} ${t("as_is")}`,
    unit: t("other_unit"),
    period: t("other_period"),
  };
  const offered = COMPARED.filter((one) => hasUnits || (one !== "view:as_is" && one !== "unit"));
  return [
    ["", t("alone")],
    ...offered.map((one) => /** @type {[string, string]} */ ([one, texts[one]])),
    ...(definitions.length > 1
      ? definitions.map(
          ({ version: v }) => /** @type {[string, string]} */ ([`version:${v}`, t("version", v)]),
        )
      : []),
  ];
}

/** @param {string} name @param {[string, string][]} options @param {string} chosen */
const select = (name, options, chosen) =>
  el(
    "select",
    { name },
    ...options.map(([value, text]) => el("option", { value, selected: value === chosen }, text)),
  );

/** @param {Parameters<typeof t>[0]} name @param {HTMLElement} input @param {string} [style] */
const labelled = (name, input, style) =>
  el("label", { class: style }, el("span", {}, t(name)), input);

customElements.define("question-form", QuestionForm);
