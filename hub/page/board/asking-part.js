// A part of the board that asks the hub for more than the board's own figures.

import { guarded } from "../failures.js";
import { Pace } from "../pace.js";
import { Part } from "../part.js";
import { board, screenOf } from "./state.js";

/** @import { Figure } from "../types.js" */

/**
 * Asks again whenever the screen was read, and while figures change that concern it; not more often
 * than once in `ms`. What it was answered last is `answer`, and `draw` shows it.
 * @template Answer
 */
export class AskingPart extends Part {
  /** @type {Answer | null} */
  answer = null;

  #pace;
  #screen = "";
  #readings = 0;
  /** @type {ReadonlySet<Figure>} */
  #figures = new Set();
  #end = () => {};

  /** @param {number} ms */
  constructor(ms) {
    super();
    this.#pace = new Pace(ms);
  }

  connectedCallback() {
    super.connectedCallback();
    this.#end = board.changes("figures", "readings")(() => this.#look());
    this.#look();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#end();
  }

  /** What it asks for: its own name, and how it is called in the reader's language. */
  get subject() {
    return { name: this.localName, place: () => this.localName };
  }

  /**
   * Asks.
   * @returns {Promise<Answer>}
   */
  read() {
    throw new Error(`${this.localName} asks for nothing`);
  }

  /**
   * Whether it asks again when this figure changes.
   * @param {Figure} _
   */
  concerns(_) {
    return true;
  }

  /** Another screen is shown, and not read yet. */
  leave() {
    this.answer = null;
    this.draw();
  }

  /** Asks again, before long. */
  readSoon() {
    const { name, place } = this.subject;
    this.#pace.soon(() => guarded(name, place, () => this.#read()));
  }

  async #read() {
    const screen = screenOf();
    const answer = await this.read();
    if (screen !== screenOf()) return;
    this.answer = answer;
    this.draw();
  }

  #look() {
    if (this.#screen !== screenOf()) {
      this.#screen = screenOf();
      this.#pace.reset();
      this.leave();
    }
    const { figures, readings } = board.now;
    const own = new Set([...figures.values()].filter((figure) => this.concerns(figure)));
    const isNew = readings !== this.#readings || [...own].some((f) => !this.#figures.has(f));
    this.#figures = own;
    this.#readings = readings;
    if (isNew && readings) this.readSoon();
  }
}
