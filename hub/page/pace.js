// How often something is done at most.

/** Runs work at most once in so many milliseconds, the last request included. */
export class Pace {
  #ms;
  #timer = 0;
  #last = -Infinity;

  /** @param {number} ms */
  constructor(ms) {
    this.#ms = ms;
  }

  /** @param {() => void} work */
  soon(work) {
    if (this.#timer) return;
    const wait = Math.max(0, this.#last + this.#ms - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#last = performance.now();
      work();
    }, wait);
  }

  /** Forgets what was asked for: the next work is done at once. */
  reset() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#last = -Infinity;
  }
}
