// A few named values that parts of a page share, and whoever follows them.

/**
 * @template State
 * @typedef {{ names: (keyof State)[], listener: () => void }} Follower
 */

/**
 * Keeps the values of `State`; whoever follows some of them is called after each change to one.
 *
 * Values are replaced and never changed in place, so that what changed is told by identity.
 * @template {object} State
 */
export class Store {
  /** @type {Readonly<State>} */
  #now;
  /** @type {Set<Follower<State>>} */
  #followers = new Set();

  /** @param {State} first */
  constructor(first) {
    this.#now = first;
  }

  get now() {
    return this.#now;
  }

  /** @param {Partial<State>} changes */
  set(changes) {
    const before = this.#now;
    const after = { ...before, ...changes };
    this.#now = after;
    for (const { names, listener } of [...this.#followers]) {
      if (names.every((name) => before[name] === after[name])) continue;
      try {
        listener();
      } catch (error) {
        reportError(error); // goes to the console; a fault in one part does not stop the others
      }
    }
  }

  /**
   * Names values to follow: what is given back takes a listener, and gives back what ends it.
   * @param {(keyof State)[]} names
   * @returns {(listener: () => void) => () => void}
   */
  changes(...names) {
    return (listener) => {
      const follower = { names, listener };
      this.#followers.add(follower);
      return () => this.#followers.delete(follower);
    };
  }
}
