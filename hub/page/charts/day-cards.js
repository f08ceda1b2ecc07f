// Places side by side, each with the chart of its days; a day that is read in one is read in all.

import { el } from "../el.js";
import { dayText } from "../strings.js";
import { dayChart } from "./day-chart.js";

/** @import { Day, DayChart } from "./day-chart.js" */

/**
 * @typedef {object} Place
 * @property {string} name
 * @property {string} summary
 * @property {string} below What is written below the chart.
 * @property {Day[]} days
 * @typedef {Pick<DayChart, "span" | "greatest" | "limits" | "month" | "empty">} Shared
 */

/**
 * Writes a day, given as milliseconds in UTC.
 * @param {number} at
 */
export const writtenDay = (at) => dayText(new Date(at).toISOString().slice(0, 10));

/**
 * Makes a card for each place.
 * @param {Place[]} places
 * @param {Shared & { unit: string }} shared
 */
export function dayCards(places, shared) {
  const cards = places.map((place) => new DayCard(place, shared));
  for (const card of cards) {
    card.onRead = (at, share) => {
      for (const other of cards) other.read(at, other === card ? share : null);
    };
  }
  return cards.map((card) => card.node);
}

class DayCard {
  /** @type {DayChart["onRead"]} */
  onRead = () => {};

  #tip = el("div", { class: "tip", role: "status", hidden: true });
  /** @type {Map<number, string>} */
  #texts;
  #empty;
  #chart;

  /** @param {Place} place @param {Shared & { unit: string }} shared */
  constructor({ name, summary, below, days }, { unit, ...shared }) {
    this.#texts = new Map(days.map((day) => [day.at, `${day.text} ${unit}`]));
    this.#empty = shared.empty;
    this.#chart = dayChart({
      ...shared,
      days,
      label: `${name}: ${summary}. ${below}`,
      onRead: (at, share) => this.onRead(at, share),
    });
    this.node = el(
      "figure",
      { class: "panel day-card" },
      el("figcaption", {}, el("h3", {}, name), el("p", {}, summary)),
      el("div", { class: "plot" }, this.#chart.node, this.#tip),
      el("p", { class: "over" }, below),
    );
  }

  /**
   * Marks a day; the card that is pointed at says what it is too.
   * @param {number | null} at
   * @param {number | null} share Where in the width the day stands.
   */
  read(at, share) {
    this.#chart.read(at);
    this.#tip.hidden = at === null || share === null;
    if (at === null || share === null) return;
    const text = this.#texts.get(at) ?? this.#empty;
    this.#tip.replaceChildren(el("span", {}, writtenDay(at)), " ", el("b", {}, text));
    this.#tip.style.left = `${Math.min(Math.max(share * 100, 24), 76)}%`;
  }
}
