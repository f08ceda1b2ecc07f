// The parts that groups of KPIs bring along, in the order of the groups.

import { page } from "../page.js";
import { Part } from "../part.js";
import { moduleOf } from "./groups.js";
import { board, isEmpty } from "./state.js";

export class GroupParts extends Part {
  static follows = [page.changes("list"), board.changes("groups", "isLoading")];

  /** @type {Map<string, Node>} */
  #parts = new Map();

  draw() {
    this.hidden = isEmpty();
    for (const { id } of board.now.groups) {
      const GroupElement = moduleOf(id)?.part;
      if (!GroupElement || this.#parts.has(id)) continue;
      const part = new GroupElement();
      part.group = id;
      this.#parts.set(id, part);
      this.append(part);
    }
  }
}

customElements.define("group-parts", GroupParts);
