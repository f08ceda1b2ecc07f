// What the page says where it has nothing to draw: it reads, or there are no stations or values.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { words } from "../words.js";
import { show, water } from "./state.js";

const t = words({
  vi: {
    loading: "Đang đọc trạm và nhánh sông…",
    no_stations: "Chưa có trạm nào trong danh mục vào lúc này",
    how: "Nạp danh mục trạm của tỉnh: điền tệp stations trong “hub reference template --output danh-muc/” (mã, tên, nhánh sông branch, km từ cửa sông chainage_km, ngưỡng limit_drinking, limit_orchard, limit_rice, hiệu lực), rồi “hub reference load danh-muc/”. Số đo gửi tới POST /v1/events/reading.",
    no_values: "Không trạm nào có số đo được tính trong ba ngày trước lúc này",
    no_values_how: "Số đo có thể đến chậm, hoặc số liệu của hub là của một thời gian khác.",
    end: "Xem cuối {0}",
    peak: "Xem ngày mặn nhất {0}",
  },
  en: {
    loading: "Reading stations and branches…",
    no_stations: "The list has no station at this instant",
    how: "Load the province's list of stations: fill in the file stations of “hub reference template --output lists/” (code, name, branch, chainage_km from the mouth, limit_drinking, limit_orchard, limit_rice, validity), then “hub reference load lists/”. Readings are sent to POST /v1/events/reading.",
    no_values: "No station has a value that counts in the three days before this instant",
    no_values_how: "Values may be late, or the hub's figures are of another time.",
    end: "Show the end of {0}",
    peak: "Show the saltiest day of {0}",
  },
});

export class NoStations extends Part {
  static follows = [page.changes("lang", "failures"), water.changes("stations", "suggested")];

  #title = el("h2");
  #how = el("p");
  #acts = el("p", { class: "acts" });
  #section = el(
    "section",
    { id: "nothing", class: "panel empty" },
    this.#title,
    this.#how,
    this.#acts,
  );

  build() {
    return [this.#section];
  }

  draw() {
    const { stations, suggested } = water.now;
    const has = stations?.stations.some(({ latest, flagged }) => latest || flagged);
    const isFailed = !stations && page.now.failures.has("water"); // its notice says what is wrong
    this.#section.hidden = has === true || isFailed;
    this.#section.setAttribute("aria-busy", String(!stations));
    const name = stations ? (stations.stations.length ? "no_values" : "no_stations") : "loading";
    this.#title.textContent = t(name);
    const how = { loading: "", no_stations: t("how"), no_values: t("no_values_how") };
    this.#how.textContent = how[name];
    const links = name === "no_values" ? suggested : [];
    this.#acts.replaceChildren(
      ...links.map(({ name: to, at, period }) =>
        el("button", { type: "button", onclick: () => show(at) }, t(to, period)),
      ),
    );
  }
}

customElements.define("no-stations", NoStations);
