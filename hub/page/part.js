// What every element of a page has: it is built once, and drawn again when what it follows changes.

/**
 * A part of a page, in the light DOM. Its own box is none (`display: contents`): what it builds is
 * laid out in its place.
 */
export class Part extends HTMLElement {
  /**
   * What the part follows, as `store.changes(…)` gives it.
   * @type {((listener: () => void) => () => void)[]}
   */
  static follows = [];

  #isBuilt = false;
  /** @type {(() => void)[]} */
  #ends = [];

  connectedCallback() {
    if (!this.#isBuilt) {
      this.#isBuilt = true;
      this.classList.add("part");
      this.append(...this.build());
    }
    const { follows } = /** @type {typeof Part} */ (this.constructor);
    this.#ends = follows.map((follow) => follow(() => this.draw()));
    this.draw();
  }

  disconnectedCallback() {
    for (const end of this.#ends) end();
  }

  /**
   * Makes what stays in place for as long as the part is shown.
   * @returns {(Node | string)[]}
   */
  build() {
    return [];
  }

  /** Shows what the stores say now. */
  draw() {}
}
