// The instant at which the page stands: now, or a past one, in steps of a week.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { dayText } from "../strings.js";
import { words } from "../words.js";
import { show, water } from "./state.js";

const DAY_MS = 86_400_000;

const t = words({
  vi: {
    at: "Xem lúc",
    back: "← 7 ngày",
    on: "7 ngày →",
    now: "Hiện tại",
    end: "Cuối {0}",
    peak: "Ngày mặn nhất {0} ({1})",
  },
  en: {
    at: "Shown at",
    back: "← 7 days",
    on: "7 days →",
    now: "Now",
    end: "End of {0}",
    peak: "Saltiest day of {0} ({1})",
  },
});

export class InstantPicker extends Part {
  static follows = [page.changes("lang"), water.changes("at", "suggested")];

  #label = el("label", { for: "at" });
  #input = el("input", { id: "at", type: "datetime-local" });
  #back = el("button", { type: "button", onclick: () => this.#move(-7) });
  #on = el("button", { type: "button", onclick: () => this.#move(7) });
  #now = el("button", { id: "at-now", type: "button", onclick: () => show("") });
  #suggested = el("span", { class: "chips" });

  build() {
    this.#input.addEventListener("change", () => show(this.#input.value));
    const written = el("p", { class: "as-of" }, this.#label, this.#input);
    const moves = el("p", { class: "chips" }, this.#back, this.#on, this.#now, this.#suggested);
    return [el("div", { id: "instant" }, written, moves)];
  }

  draw() {
    const { at, suggested } = water.now;
    this.#label.textContent = t("at");
    this.#back.textContent = t("back");
    this.#on.textContent = t("on");
    this.#now.textContent = t("now");
    this.#now.setAttribute("aria-pressed", String(!at));
    if (this.#input.value !== at) this.#input.value = at;
    this.#suggested.replaceChildren(
      ...suggested.map(({ name, at: to, period }) =>
        el(
          "button",
          {
            type: "button",
            "data-suggested": name,
            "aria-pressed": String(to === at),
            onclick: () => show(to),
          },
          t(name, period, dayText(to.slice(0, 10))),
        ),
      ),
    );
  }

  /** @param {number} days */
  #move(days) {
    const local = water.now.at
      ? Date.parse(`${water.now.at}Z`)
      : Math.floor(Date.now() / 60_000) * 60_000 + 7 * 3_600_000;
    show(new Date(local + days * DAY_MS).toISOString().slice(0, 16));
  }
}

customElements.define("instant-picker", InstantPicker);
