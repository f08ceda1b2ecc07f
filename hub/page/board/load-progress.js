// How far the hub is with loading the year's events.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer } from "../strings.js";
import { words } from "../words.js";
import { board } from "./state.js";

const t = words({
  vi: {
    loading: "Đang nạp dữ liệu của năm",
    loaded: "{0} / {1} sự kiện",
    rate: "{0} sự kiện/giây",
  },
  en: {
    loading: "Loading the year's events",
    loaded: "{0} / {1} events",
    rate: "{0} events/s",
  },
});

export class LoadProgress extends Part {
  static follows = [page.changes("lang"), board.changes("progress", "isLoading")];

  #label = el("label", { for: "progress-bar" });
  #bar = el("progress", { id: "progress-bar", max: 1, value: 0 });
  #loaded = el("span", { id: "progress-loaded" });
  #rate = el("span", { id: "progress-rate" });
  #section = el(
    "section",
    { id: "progress", class: "panel progress" },
    this.#label,
    this.#bar,
    el("p", {}, this.#loaded, this.#rate),
  );

  build() {
    return [this.#section];
  }

  draw() {
    const { progress, isLoading } = board.now;
    this.#section.hidden = !isLoading;
    this.#label.textContent = t("loading");
    if (!progress) return;
    const { loaded, total, events_per_second: rate } = progress;
    this.#bar.max = total || 1;
    this.#bar.value = loaded;
    this.#loaded.textContent = t("loaded", integer(loaded), integer(total));
    this.#rate.textContent = rate ? t("rate", integer(Math.round(rate))) : "";
  }
}

customElements.define("load-progress", LoadProgress);
