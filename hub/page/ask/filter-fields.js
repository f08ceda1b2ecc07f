// The filters of a question: each dimension that is filtered by, and one more to choose.

import { el } from "../el.js";
import { words } from "../words.js";
import { TIMES } from "./address.js";
import { dimText, valueText } from "./naming.js";

/** @import { DefinedKpi } from "../types.js" */

const t = words({
  vi: { more: "Lọc thêm", none: "(không lọc)", any: "(mọi giá trị)" },
  en: { more: "Filter by", none: "(no other)", any: "(any)" },
});

const PREFIX = "where.";

export class FilterFields {
  /** @type {HTMLElement[]} */
  fields;

  /** @param {DefinedKpi} kpi @param {Record<string, string>} where */
  constructor(kpi, where) {
    const dims = kpi.dimensions.filter(({ name }) => !TIMES.includes(name));
    const shown = dims.filter(({ name }) => where[name]);
    const others = dims.filter(({ name }) => !where[name]);
    const more = el("select", {
      name: "more",
      onchange: () => {
        const dim = dims.find(({ name }) => name === more.value);
        if (!dim) return;
        label.before(field(dim, ""));
        more.options[more.selectedIndex].remove();
        more.value = "";
      },
    });
    more.append(
      el("option", { value: "" }, t("none")),
      ...others.map(({ name }) => el("option", { value: name }, dimText(name))),
    );
    const label = el("label", {}, el("span", {}, t("more")), more);
    this.fields = [...shown.map((dim) => field(dim, where[dim.name])), label];
  }

  /** @param {FormData} given */
  static read(given) {
    const filled = [...given].flatMap(([name, value]) => {
      const text = String(value).trim();
      return name.startsWith(PREFIX) && text ? [[name.slice(PREFIX.length), text]] : [];
    });
    return /** @type {Record<string, string>} */ (Object.fromEntries(filled));
  }
}

/** @param {DefinedKpi["dimensions"][number]} dimension @param {string} chosen */
function field({ name, values }, chosen) {
  const known = [...new Set([...(values ?? []), ...(values && chosen ? [chosen] : [])])];
  const options = known.map((value) =>
    el("option", { value, selected: value === chosen }, valueText(name, value)),
  );
  const input = values
    ? el("select", { name: PREFIX + name }, el("option", { value: "" }, t("any")), ...options)
    : el("input", { name: PREFIX + name, size: 12, value: chosen });
  return el("label", {}, el("span", {}, dimText(name)), input);
}
