// What is asked for: which report, of which period and unit, by which due dates; and its files.

import { el } from "../el.js";
import { saveFile } from "../elements/saved-file.js";
import { guarded } from "../failures.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { words } from "../words.js";
import { INDEX, NAMES, query, read, reports } from "./state.js";

const t = words({
  vi: {
    report: "Biểu",
    period: "Kỳ, ví dụ 2023-05, 2023-Q2",
    unit: "Mã đơn vị, để trống là toàn tỉnh",
    due: "Hạn trả",
    sent: "như nguồn gửi",
    computed: "tính lại theo lịch làm việc",
    show: "Xem",
    file: "Tải {0}",
  },
  en: {
    report: "Report",
    period: "Period, such as 2023-05, 2023-Q2",
    unit: "Unit code, none for the whole province",
    due: "Due dates",
    sent: "as sent",
    computed: "computed by working time",
    show: "Show",
    file: "Save {0}",
  },
});

const FORMATS = ["xlsx", "pdf"];

export class ReportAsked extends Part {
  static follows = [page.changes("lang"), reports.changes("name")];

  #report = el(
    "select",
    { name: "report" },
    ...NAMES.map((name) => el("option", { value: name }, name)),
  );
  #period = el("input", { name: "period", size: 10 });
  #unit = el("input", { name: "unit", size: 14 });
  #sent = el("option", { value: "sent" });
  #computed = el("option", { value: "computed" });
  #due = el("select", { name: "due" }, this.#sent, this.#computed);
  #show = el("button", { type: "submit" });
  #labels = [this.#report, this.#period, this.#unit, this.#due].map((input) => {
    const text = el("span");
    return { text, label: el("label", {}, text, " ", input) };
  });
  #files = FORMATS.map((format) => {
    const onclick = () => guarded("file", null, () => this.#save(format));
    return el("button", { type: "button", "data-format": format, onclick });
  });

  build() {
    // Set once: an answer that comes meanwhile takes back nothing that the reader writes.
    const { name, unit, due } = reports.now;
    this.#report.value = name;
    this.#period.value = query().period;
    this.#unit.value = unit;
    this.#due.value = due;
    const onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      page.set({ period: this.#period.value.trim(), isChosen: true });
      const due = this.#due.value;
      reports.set({ name: this.#report.value, unit: this.#unit.value.trim(), due });
      void read();
    };
    const labels = this.#labels.map(({ label }) => label);
    return [el("form", { id: "asked", onsubmit }, ...labels, this.#show, ...this.#files)];
  }

  draw() {
    const names = /** @type {const} */ (["report", "period", "unit", "due"]);
    for (const [i, name] of names.entries()) this.#labels[i].text.textContent = t(name);
    this.#sent.textContent = t("sent");
    this.#computed.textContent = t("computed");
    this.#show.textContent = t("show");
    this.#due.disabled = reports.now.name === INDEX;
    for (const [i, format] of FORMATS.entries()) {
      this.#files[i].textContent = t("file", format.toUpperCase());
      this.#files[i].hidden = reports.now.name === INDEX;
    }
  }

  /** @param {string} format */
  async #save(format) {
    const { name } = reports.now;
    const wanted = new URLSearchParams({ ...query(), format });
    await saveFile(`/v1/reports/${name}?${wanted}`, `${name}-${query().period}.${format}`);
  }
}

customElements.define("report-asked", ReportAsked);
