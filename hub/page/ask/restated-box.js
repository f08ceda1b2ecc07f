// Of a closed period: what its figure was, what it would be now, and who caused that.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { figureText, fractionText, timeText } from "../strings.js";
import { words } from "../words.js";
import { causesTable } from "./causes.js";
import { asking } from "./state.js";

const t = words({
  vi: {
    title: "Số đã chốt và số bây giờ",
    official: "Chốt {0} bởi {1}: {2} ({3})",
    restated: "Bây giờ sẽ là: {0} ({1})",
  },
  en: {
    title: "The figure as closed, and as it would be now",
    official: "Closed {0} by {1}: {2} ({3})",
    restated: "Now it would be: {0} ({1})",
  },
});

export class RestatedBox extends Part {
  static follows = [page.changes("lang"), asking.changes("restated", "ranking", "asked")];

  #box = el("section", { id: "restated", class: "panel answer" });

  build() {
    return [this.#box];
  }

  draw() {
    const { restated, ranking, asked } = asking.now;
    const whole = ranking?.whole;
    this.hidden = !restated || !whole || asked.show === "facts";
    if (!restated || !whole) return;
    const { official, restated: now, closed_at: at, closed_by: by } = restated;
    const [before, after] = [official, now].map((part) => ({ ...whole, ...part }));
    this.#box.replaceChildren(
      el("h2", {}, t("title")),
      el("p", {}, t("official", timeText(at), by, figureText(before).text, fractionText(before))),
      el("p", {}, t("restated", figureText(after).text, fractionText(after))),
      causesTable(restated.kpi, restated.causes, restated.other_causes),
    );
  }
}

customElements.define("restated-box", RestatedBox);
