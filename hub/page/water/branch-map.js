// The branches, each drawn from its mouth, with what its lines of salt are known to be in words.

import { followWidth } from "../charts/measured-width.js";
import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { decimalText } from "../strings.js";
import { words } from "../words.js";
import { drawRiver } from "./river.js";
import { flaggedText, gramsText, minuteText, stateOf, stateText } from "./salinity.js";
import { choose, water } from "./state.js";

/** @import { Branch, ListedStation, SaltLine } from "./types.js" */

const t = words({
  vi: {
    title: "Các nhánh sông, từ cửa sông lên",
    note: "Ranh mặn là nơi xa nhất mà mặn đã tới trong một ngày triều (24 giờ 50 phút), nằm trong một khoảng giữa hai trạm. Phần gạch chéo là nơi mặn có thể đã tới; trạm thiếu số đo làm khoảng rộng ra, không bao giờ được coi là ngọt.",
    unchecked:
      "Chưa nạp ngưỡng kiểm tra (danh mục thresholds, ranges): hub không gắn cờ số đo nào, chỉ bỏ số mà nguồn tự báo là hỏng.",
    lines: "Ranh mặn",
    between: "Ranh {0} g/L: trong khoảng km {1} đến km {2}",
    open: "Ranh {0} g/L: từ km {1} trở lên, không rõ đến đâu; không trạm nào phía trên chắc chắn là dưới {0} g/L",
    gap: "{0} (km {1}) thiếu số đo trong ngày triều vừa qua: có thể đã lỡ đỉnh mặn, nên không coi là ngọt và khoảng có thể rộng ra",
    whole: "Mọi trạm của nhánh đủ số đo trong ngày triều vừa qua.",
    mouth: "Nhánh {0}, cửa sông ở bên trái, dài {1} km",
    station: "{0} {1} g/L, km {2}, lúc {3}, {4}",
    empty: "{0} {1} km {2}: {3}",
    no_branch: "Chưa có trạm nào có tên nhánh và km từ cửa sông (cột branch, chainage_km).",
  },
  en: {
    title: "The branches, up from the mouth",
    note: "A line is as far as the salt came within a tidal day (24 h 50 min); it lies in an interval between two stations. Where it is hatched the salt may have come; a station with missing values widens the interval, and is never taken for fresh.",
    unchecked:
      "No thresholds are loaded (lists thresholds, ranges): the hub flags nothing, and only leaves out what a source itself says is bad.",
    lines: "Lines of salt",
    between: "Line of {0} g/L: between km {1} and km {2}",
    open: "Line of {0} g/L: from km {1} on, no end known; no station upstream is surely below {0} g/L",
    gap: "{0} (km {1}) misses values of the last tidal day: a peak may have gone unseen, so it is not taken for fresh, and the interval may be wider",
    whole: "All stations of the branch have their values of the last tidal day.",
    mouth: "Branch {0}, its mouth at the left, {1} km long",
    station: "{0} {1} g/L, km {2}, at {3}, {4}",
    empty: "{0} {1} km {2}: {3}",
    no_branch:
      "No station has a branch and its km from the mouth yet (columns branch, chainage_km).",
  },
});

const BEYOND_KM = 5; // drawn above the last station

export class BranchMap extends Part {
  static follows = [page.changes("lang"), water.changes("stations", "branches", "code")];

  #width = 0;
  #title = el("h2", { id: "branches-title" });
  #note = el("p");
  #unchecked = el("p", { class: "caution", id: "unchecked" });
  #list = el("div", { class: "branches" });
  #section = el("section", { id: "branches", "aria-labelledby": "branches-title" });

  build() {
    const heading = el("div", { class: "heading" }, this.#title, this.#note, this.#unchecked);
    this.#section.append(heading, this.#list);
    followWidth(this.#list, (width) => {
      this.#width = width;
      this.draw();
    });
    return [this.#section];
  }

  draw() {
    const { stations, branches } = water.now;
    this.#section.hidden = !stations?.stations.length || !branches;
    this.#title.textContent = t("title");
    this.#note.textContent = t("note");
    this.#unchecked.textContent = t("unchecked");
    this.#unchecked.hidden = stations?.is_checked !== false;
    if (!stations || !branches || !this.#width) return;
    const held = document.activeElement?.getAttribute("data-station");
    const km = BEYOND_KM + Math.max(...branches.branches.flatMap(chainages), 0);
    const shown = branches.branches.map((branch) => this.#branch(branch, km, stations.stations));
    const none = el("p", { class: "panel quiet padded" }, t("no_branch"));
    this.#list.replaceChildren(...(shown.length ? shown : [none]));
    if (held) {
      const again = this.#list.querySelector(`[data-station="${CSS.escape(held)}"]`);
      if (again instanceof SVGElement) again.focus();
    }
  }

  /** @param {Branch} branch @param {number} km @param {ListedStation[]} listed */
  #branch(branch, km, listed) {
    const marks = branch.stations.flatMap(({ station: code, chainage_km: at }) => {
      const station = listed.find((s) => s.station === code);
      return station ? [markOf(station, at)] : [];
    });
    const reaches = branch.lines.map((line) => ({
      name: `${decimalText(String(line.grams_per_litre))} g/L`,
      from: line.from_km,
      until: line.until_km,
    }));
    const label = t("mouth", branch.branch, decimalText(String(km - BEYOND_KM)));
    const width = this.#width - 34; // the panel's own sides
    const drawn = drawRiver({ marks, reaches, km, width, label, onChoose: choose });
    const lines = branch.lines.map((line) =>
      el("li", { "data-line": line.grams_per_litre }, lineText(line)),
    );
    const gaps = branch.stations.filter(({ is_complete: is }) => !is);
    const missing = gaps.map(({ station, chainage_km: at }) =>
      el("li", { class: "watch" }, t("gap", station, decimalText(String(at)))),
    );
    const whole = el("li", { class: "quiet" }, t("whole"));
    return el(
      "article",
      { class: "panel branch", "data-branch": branch.branch },
      el("h3", {}, branch.branch),
      drawn,
      el("ul", {}, ...lines, ...(missing.length ? missing : [whole])),
    );
  }
}

/** @param {Branch} branch */
const chainages = ({ stations }) => stations.map(({ chainage_km: km }) => km);

/** @param {SaltLine} line */
function lineText({ grams_per_litre: grams, from_km: from, until_km: until }) {
  const [limit, a] = [grams, from].map((n) => decimalText(String(n)));
  return until === null ? t("open", limit, a) : t("between", limit, a, decimalText(String(until)));
}

/** @param {ListedStation} station @param {number} km */
function markOf(station, km) {
  const { latest, flagged } = station;
  const state = stateOf(station, water.now.stations?.at ?? "");
  const more = flagged ? `${stateText(state)}: ${flaggedText(flagged)}` : stateText(state);
  const text = gramsText(latest?.value);
  const seen = [station.station, text, decimalText(String(km))]; // as it is seen, then the rest
  return {
    code: station.station,
    km,
    text,
    label: latest ? t("station", ...seen, minuteText(latest.at), more) : t("empty", ...seen, more),
    state,
    isChosen: station.station === water.now.code,
  };
}

customElements.define("branch-map", BranchMap);
