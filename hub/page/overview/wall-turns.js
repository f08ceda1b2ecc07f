// The wall: one part of the overview at a time, turned by itself; a key or a touch holds it.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { words } from "../words.js";
import { overview } from "./state.js";
import { isWall, turnSeconds } from "./wall.js";

const t = words({
  vi: { of: "{0}/{1}", held: "Đang dừng. Bấm phím hoặc chạm để chạy tiếp." },
  en: { of: "{0}/{1}", held: "Held. Press a key or touch to go on." },
});

// Who has gone away leaves no wall that stands still.
const HELD_MS_MAX = 120_000;
const LINES = 6;
const TILES = 4;

const CLOCK = new Intl.DateTimeFormat("en-GB", {
  timeZone: "Asia/Ho_Chi_Minh",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const DAY = { timeZone: "Asia/Ho_Chi_Minh", dateStyle: /** @type {const} */ ("full") };

/**
 * A section with the lines of it that are shown at once.
 * @typedef {{ section: Element, lines: Element[] }} Slide
 */

/** Takes the page apart into what is shown at once. @returns {Slide[]} */
function slidesNow() {
  const isNarrow = matchMedia("(max-width: 900px)").matches;
  return [...document.querySelectorAll(".slides:not([hidden])")].flatMap((section) => {
    const lines = [...section.querySelectorAll("#otiles > li, .olist > li")];
    const isTiles = section.querySelector("#otiles") !== null;
    const many = isNarrow ? 2 : LINES;
    const size = isTiles ? (isNarrow ? 1 : TILES) : many;
    const shown = isTiles ? lines : lines.slice(0, size);
    return Array.from({ length: Math.ceil(shown.length / size) }, (_, i) => ({
      section,
      lines: shown.slice(i * size, (i + 1) * size),
    }));
  });
}

export class WallTurns extends Part {
  static follows = [page.changes("lang"), overview.changes("answer")];

  #time = el("time", { id: "clock" });
  #day = el("span");
  #place = el("span", { id: "slide" });
  #held = el("span", { id: "held", hidden: true });
  #bar = el("p", { id: "wall" }, this.#place, this.#held, this.#day, this.#time);
  #at = 0;
  #turn = 0;
  #resume = 0;

  build() {
    if (!isWall) return [];
    document.documentElement.classList.add("wall");
    setInterval(() => this.#tick(), 1_000);
    addEventListener("keydown", (event) => this.#touched(event.key));
    addEventListener("pointerdown", () => this.#touched(""));
    addEventListener("resize", () => this.draw());
    this.#turnSoon();
    return [this.#bar];
  }

  draw() {
    if (!isWall) return;
    const slides = slidesNow();
    this.#at = slides.length ? this.#at % slides.length : 0;
    const now = slides[this.#at];
    for (const section of document.querySelectorAll(".slides")) {
      section.classList.toggle("off", section !== now?.section);
      for (const line of section.querySelectorAll("li")) {
        if (line.closest("#otiles, .olist"))
          line.classList.toggle("off", !now?.lines.includes(line));
      }
    }
    this.#place.textContent = slides.length ? t("of", this.#at + 1, slides.length) : "";
    this.#held.textContent = t("held");
    this.#tick();
  }

  #tick() {
    const now = new Date();
    this.#time.textContent = CLOCK.format(now);
    this.#day.textContent = new Intl.DateTimeFormat(page.now.lang, DAY).format(now);
  }

  #turnSoon() {
    clearInterval(this.#turn);
    this.#turn = setInterval(() => this.#go(1), turnSeconds * 1_000);
  }

  /** @param {number} by */
  #go(by) {
    const count = slidesNow().length;
    this.#at = count ? (this.#at + by + count) % count : 0;
    this.draw();
  }

  /** Holds the wall, or lets it go on; arrows turn it by hand. @param {string} key */
  #touched(key) {
    if (page.now.isKeyAsked) return; // it is being typed
    const by = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (by) this.#go(by);
    const isHeld = by !== undefined || this.#held.hidden;
    this.#held.hidden = !isHeld;
    clearInterval(this.#turn);
    clearTimeout(this.#resume);
    if (isHeld) this.#resume = setTimeout(() => this.#touched(""), HELD_MS_MAX);
    else this.#turnSoon();
  }
}

customElements.define("wall-turns", WallTurns);
