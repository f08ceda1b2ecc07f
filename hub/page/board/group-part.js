// What a group of KPIs may show below the table: an element that asks for what it shows.

import { page } from "../page.js";
import { AskingPart } from "./asking-part.js";

/** @import { Figure } from "../types.js" */

const READ_MS = 15_000;

/**
 * A group's part of the board; the group's module exports its class as `part`.
 *
 * `read` asks for what is shown, `draw` shows the `answer`, which is null until it is there, and
 * `place` names it where it could not be read. It asks again when another period or time is shown,
 * and at most every fifteen seconds while figures of the group change.
 * @template Answer
 * @extends {AskingPart<Answer>}
 */
export class GroupPart extends AskingPart {
  static follows = [page.changes("lang")];

  /** The group's id. */
  group = "";

  constructor() {
    super(READ_MS);
  }

  /** Names in the reader's language what is read. */
  place() {
    return this.group;
  }

  get subject() {
    return { name: `group ${this.group}`, place: () => this.place() };
  }

  /** @param {Figure} figure */
  concerns(figure) {
    return page.now.list?.kpis.find((kpi) => kpi.id === figure.kpi)?.group === this.group;
  }
}
