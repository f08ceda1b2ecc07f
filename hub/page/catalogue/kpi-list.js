// All KPIs, each as its file defines it, and a search over what is shown of them.

import { el, none } from "../el.js";
import { page, remember } from "../page.js";
import { Part } from "../part.js";
import { inLang, words } from "../words.js";
import { catalogue } from "./state.js";

/** @import { DefinedKpi } from "../types.js" */

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
    worklist: "danh sách {0}",
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
    worklist: "list {0}",
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
    ["used", [usedText(kpi)]],
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
    ),
  );
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

/** @param {DefinedKpi} kpi */
function usedText({ used_by: { group, is_on_board: isOnBoard, worklists } }) {
  const own = t(isOnBoard ? "board" : "group", inLang(group, "title"));
  return [own, ...worklists.map((name) => t("worklist", name))].join("; ");
}

/** @param {DefinedKpi["versions"][number]} version */
function versionText({ version, is_in_force: isInForce, periods }) {
  const closed = periods.length ? t("closed", periods.join(", ")) : "";
  return [version, isInForce ? t("in_force") : "", closed].filter(Boolean).join(" · ");
}

customElements.define("kpi-list", KpiList);
