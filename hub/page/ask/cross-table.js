// An answer by two dimensions: one goes down, the other across.

import { el, none } from "../el.js";
import { Part } from "../part.js";
import { figureText, fractionText } from "../strings.js";
import { deeper, dimensionsOf, TIMES } from "./address.js";
import { questionLink } from "./links.js";
import { dimText, inOrder, valueText } from "./naming.js";
import { asking, kpiAsked } from "./state.js";

/** @import { Ranking, Row } from "./types.js" */

export class CrossTable extends Part {
  #ranking;

  /** @param {Ranking} ranking */
  constructor(ranking) {
    super();
    this.#ranking = ranking;
  }

  build() {
    const { rows, by } = this.#ranking;
    const [down, across] = by.map(({ id }) => id);
    /** @type {Map<string, { text: string, code: string, cells: Map<string, Row> }>} */
    const lines = new Map();
    /** @type {Map<string, string>} */
    const heads = new Map();
    for (const row of rows) {
      const [code, head] = [row.dims?.[down] ?? "", row.dims?.[across] ?? ""];
      const text = valueText(down, code, row.names[down]);
      const line = lines.get(code) ?? { text, code, cells: new Map() };
      line.cells.set(head, row);
      lines.set(code, line);
      heads.set(head, valueText(across, head, row.names[across]));
    }
    const isTime = TIMES.includes(across);
    const columns = [...heads].sort(([a, aText], [b, bText]) =>
      isTime ? a.localeCompare(b) : inOrder.compare(aText, bText),
    );
    const sorted = [...lines.values()].sort((a, b) => inOrder.compare(a.text, b.text));
    const dims = dimensionsOf(kpiAsked());
    const body = sorted.map(({ text, code, cells }) => {
      const numbers = columns.map(([head]) => {
        const row = cells.get(head);
        if (!row) return el("td", {}, none());
        const { text: written, full } = figureText(row);
        const title = `${full} (${fractionText(row)})`;
        const deep = deeper(asking.now.asked, { [down]: code, [across]: head }, dims);
        return el("td", { title }, code && head ? questionLink(deep, {}, written) : written);
      });
      const small = code && text !== code ? el("small", {}, ` ${code}`) : null;
      return el("tr", { "data-code": code }, el("th", { scope: "row" }, text, small), ...numbers);
    });
    const titles = columns.map(([, text]) => el("th", { scope: "col" }, text));
    return [
      el(
        "table",
        { id: "answer", class: "numbers cross" },
        el("thead", {}, el("tr", {}, el("th", { scope: "col" }, dimText(down)), ...titles)),
        el("tbody", {}, ...body),
      ),
    ];
  }
}

customElements.define("cross-table", CrossTable);
