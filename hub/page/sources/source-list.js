// All sources, each in its card.

import { el } from "../el.js";
import { levelsNote } from "../elements/quality-row.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { SourceCard } from "./source-card.js";
import { sources } from "./state.js";

export class SourceList extends Part {
  static follows = [page.changes("lang"), sources.changes("answer")];

  /** What the cards are of; others take their place when that changes. */
  #of = "";
  #note = el("p", { id: "note" });
  #cards = el("div", { id: "sources", class: "wholes" });

  build() {
    return [el("div", { class: "heading" }, this.#note), this.#cards];
  }

  draw() {
    const { answer } = sources.now;
    if (!answer) return;
    this.#note.textContent = levelsNote(answer);
    const names = answer.sources.map(({ source }) => source);
    const wanted = [answer.period, ...names].join();
    if (wanted === this.#of) return;
    this.#of = wanted;
    this.#cards.replaceChildren(...names.map((name) => new SourceCard(name)));
  }
}

customElements.define("source-list", SourceList);
