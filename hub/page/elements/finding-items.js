// Findings, a line each: when, where, what does not look true, of what, and what shows it.

import { el } from "../el.js";
import { inLang, words } from "../words.js";

/** @import { Findings } from "../reports/types.js" */

const t = words({ vi: { more: "… và {0} nữa" }, en: { more: "… and {0} more" } });
const NAMED = 5;

/** @param {Findings | null} findings */
export function findingItems(findings) {
  const rules = new Map(findings?.rules.map((rule) => [rule.rule, rule]));
  return (findings?.findings ?? []).map(({ rule, unit, at, count, entities, evidence }) => {
    const described = rules.get(rule);
    const shown = Object.entries(evidence)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${name}: ${value}`);
    const left = count - Math.min(count, NAMED);
    const named = entities.slice(0, NAMED).join(" ") + (left ? ` ${t("more", left)}` : "");
    const title = described ? inLang(described, "title") : rule;
    const meaning = described ? inLang(described, "meaning") : "";
    const line = [at.slice(0, 10), unit ?? "", title, named, ...shown].filter(Boolean);
    return el("li", { "data-rule": rule, title: meaning }, line.join(" · "));
  });
}
