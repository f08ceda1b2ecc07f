// All KPIs, each as its file defines it, and a search over what is shown of them.

import { el, none } from "../el.js";
import { pagePath, pageTitle } from "../elements/page-links.js";
import { page, remember } from "../page.js";
import { Part } from "../part.js";
import { dayText } from "../strings.js";
import { inLang, words } from "../words.js";
import { catalogue } from "./state.js";

/** @import { DefinedKpi, Definition } from "../types.js" */

const t = words({
  vi: {
    search: "Tìm chỉ số",
    count: "{0} trên {1} chỉ số",
    nothing: "Không có chỉ số nào như vậy.",
    formula: "Công thức",
    owner: "Cơ quan chủ trì",
    legal: "Căn cứ pháp lý của dữ liệu",
    dims: "Chia theo",
    lists: "Danh mục cần có",
    used: "Dùng ở",
    board: "bảng chỉ tiêu, nhóm {0}",
    group: "nhóm {0}",
    page: "trang {0}",
    worklist: "danh sách {0}",
    report: "biểu {0}",
    alert: "cảnh báo {0}",
    index: "bộ chỉ số {0}",
    target: "danh mục {0}",
    open_data: "dữ liệu mở",
    by_in_force: "theo phiên bản có hiệu lực của kỳ",
    by_one: "theo phiên bản {0}",
    beside: "Cùng sự kiện, cách đếm riêng",
    definition: "Phiên bản {0}",
    in_force_span: "hiệu lực {0} – {1}",
    not_in_force: "chưa có hiệu lực",
    preview: "Đơn vị nào tăng, giảm theo phiên bản này",
    version: "Phiên bản",
    in_force: "đang dùng",
    closed: "kỳ đã chốt: {0}",
    example: "Ví dụ tính tay",
    where: "kỳ {0}{1}: {2} / {3}",
    figure: "Xem số liệu",
  },
  en: {
    search: "Find a KPI",
    count: "{0} of {1} KPIs",
    nothing: "There is no such KPI.",
    formula: "Formula",
    owner: "Owner",
    legal: "Legal basis of the data",
    dims: "Split by",
    lists: "Lists needed",
    used: "Used by",
    board: "the board, group {0}",
    group: "group {0}",
    page: "page {0}",
    worklist: "list {0}",
    report: "report {0}",
    alert: "alert {0}",
    index: "indices {0}",
    target: "list {0}",
    open_data: "open data",
    by_in_force: "by the version in force of the period",
    by_one: "by version {0}",
    beside: "Same events, counted its own way",
    definition: "Version {0}",
    in_force_span: "in force {0} – {1}",
    not_in_force: "not in force yet",
    preview: "Which units gain and lose by it",
    version: "Version",
    in_force: "in force",
    closed: "closed periods: {0}",
    example: "Worked by hand",
    where: "period {0}{1}: {2} / {3}",
    figure: "See its figure",
  },
});

/** Without tone marks, as people type in a hurry. @param {string} text */
const plain = (text) =>
  text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("đ", "d");

export class KpiList extends Part {
  static follows = [page.changes("lang"), catalogue.changes("kpis")];

  #label = el("span");
  #search = el("input", { type: "search", name: "q", oninput: () => this.#find() });
  #count = el("p", { id: "count", role: "status" });
  #cards = el("div", { id: "kpis", class: "wholes" });

  build() {
    this.#search.value = new URLSearchParams(location.search).get("q") ?? "";
    const asked = el("label", {}, this.#label, " ", this.#search);
    return [el("div", { class: "heading" }, asked, this.#count), this.#cards];
  }

  draw() {
    this.#label.textContent = t("search");
    this.#cards.replaceChildren(...(catalogue.now.kpis ?? []).map(card));
    this.#find();
  }

  #find() {
    if (!catalogue.now.kpis) return;
    const wanted = plain(this.#search.value).split(/\s+/);
    const cards = /** @type {HTMLElement[]} */ ([...this.#cards.children]);
    for (const one of cards) {
      const text = plain(one.textContent ?? "");
      one.hidden = !wanted.every((word) => text.includes(word));
    }
    const shown = cards.filter((one) => !one.hidden).length;
    this.#count.textContent = shown ? t("count", shown, cards.length) : t("nothing");
    remember({ q: this.#search.value.trim() });
  }
}

/** @param {DefinedKpi} kpi */
function card(kpi) {
  const id = `kpi-${kpi.id}`;
  /** @type {[Parameters<typeof t>[0], (Node | string)[]][]} */
  const rows = [
    ["formula", [el("code", {}, kpi.formula)]],
    ["owner", [kpi.owner]],
    ["legal", [kpi.legal_basis ?? none()]],
    ["dims", [kpi.dimensions.map(dimensionText).join(", ")]],
    ["lists", [kpi.lists.join(", ") || none()]],
    ["used", usedBy(kpi)],
    ["beside", besideOf(kpi)],
    ["version", kpi.versions.map((one) => el("div", {}, versionText(one)))],
  ];
  return el(
    "article",
    { class: "panel whole", id, "data-kpi": kpi.id, "aria-labelledby": `${id}-title` },
    el("h2", { id: `${id}-title` }, inLang(kpi, "title"), " ", el("code", {}, kpi.id)),
    el(
      "div",
      {},
      el("p", {}, inLang(kpi, "question")),
      el("p", {}, el("a", { href: `/ask?kpi=${kpi.id}` }, t("figure"))),
      ...kpi.examples.map(exampleOf),
    ),
    el(
      "dl",
      { class: "facts" },
      ...rows.flatMap(([name, said]) => [el("dt", {}, t(name)), el("dd", {}, ...said)]),
      ...(kpi.definitions.length > 1 ? kpi.definitions.flatMap((one) => defined(kpi, one)) : []),
    ),
  );
}

/**
 * One of several versions: why it was made, when it is in force, and who gains and loses by it.
 * @param {DefinedKpi} kpi @param {Definition} one
 */
function defined(kpi, one) {
  const days = one.in_force.map(({ from, to }) =>
    t("in_force_span", from ? dayText(from) : "…", to ? dayText(to) : "…"),
  );
  const why = [inLang(one, "why"), one.legal_basis].filter(Boolean).join(" · ");
  const href = `/ask?kpi=${kpi.id}&by=unit&compare=version:${one.version}`;
  const hasUnits = kpi.dimensions.some(({ name }) => name === "unit");
  return [
    el("dt", {}, t("definition", one.version)),
    el(
      "dd",
      { "data-version": one.version },
      el("div", {}, days.join("; ") || t("not_in_force")),
      why ? el("div", {}, why) : null,
      el("code", {}, one.formula),
      ...one.examples.map(exampleOf),
      hasUnits ? el("p", {}, el("a", { href }, t("preview"))) : null,
    ),
  ];
}

/** @param {DefinedKpi["examples"][number]} example */
function exampleOf({ why, period, where, numerator, denominator }) {
  const narrowed = Object.entries(where).map(([name, value]) => `, ${name} = ${value}`);
  const said = t("where", period, narrowed.join(""), numerator, denominator);
  return el(
    "details",
    {},
    el("summary", {}, `${t("example")}: ${said}`),
    el("p", { lang: "en" }, why),
  );
}

/** @param {DefinedKpi["dimensions"][number]} dimension */
function dimensionText({ name, roles, values }) {
  const more = [...roles, ...(values ?? [])];
  return more.length ? `${name} (${more.join(", ")})` : name;
}

/** @param {{ kind: string, id: string }} use @returns {Node | string} */
function useOf({ kind, id }) {
  const text = t.find(kind, kind).replace("{0}", kind === "page" ? pageTitle(id) : id);
  if (kind === "open_data") return el("a", { href: `/open-data#dataset-${id}` }, text);
  if (kind === "page") return el("a", { href: pagePath(id) }, text);
  return text;
}

/** What uses a KPI, a line for each version that it is counted by. @param {DefinedKpi} kpi */
function usedBy({ used_by: { group, is_on_board: isOnBoard, uses } }) {
  const own = t(isOnBoard ? "board" : "group", inLang(group, "title"));
  const versions = [...new Set(uses.map(({ version }) => version))];
  const lines = versions.map((version) => {
    const by = version === "in_force" ? t("by_in_force") : t("by_one", version);
    const links = uses.filter((use) => use.version === version).map(useOf);
    return el("div", {}, ...listed(links), el("small", { class: "quiet" }, ` (${by})`));
  });
  return [el("div", {}, own), ...lines];
}

/** @param {DefinedKpi} kpi */
function besideOf({ used_by: { beside } }) {
  return beside.length ? listed(beside.map(useOf)) : [none()];
}

/** @param {(Node | string)[]} parts */
const listed = (parts) => parts.flatMap((part, i) => (i ? ["; ", part] : [part]));

/** @param {DefinedKpi["versions"][number]} version */
function versionText({ version, is_in_force: isInForce, periods }) {
  const closed = periods.length ? t("closed", periods.join(", ")) : "";
  return [version, isInForce ? t("in_force") : "", closed].filter(Boolean).join(" · ");
}

customElements.define("kpi-list", KpiList);
