// Where a file is dropped or chosen, and why it cannot be read as a whole.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer } from "../strings.js";
import { words } from "../words.js";
import { chooseFile, upload } from "./state.js";

const t = words({
  vi: {
    title: "2. Chọn tệp",
    drop: "Kéo tệp Excel hoặc CSV vào đây, hoặc",
    choose: "Chọn tệp",
    chosen: "Tệp đã chọn: {0} ({1} KB)",
    another: "Chọn tệp khác",
    busy: "Đang kiểm tra…",
    large: "Tệp lớn: nếu tải lại trang, phải chọn lại tệp và sửa lại.",
  },
  en: {
    title: "2. Choose the file",
    drop: "Drop an Excel or CSV file here, or",
    choose: "Choose a file",
    chosen: "Chosen: {0} ({1} KB)",
    another: "Choose another file",
    busy: "Checking…",
    large: "The file is large: after a reload it must be chosen and corrected again.",
  },
});

export class FileDrop extends Part {
  static follows = [
    page.changes("lang"),
    upload.changes("file", "isBusy", "trouble", "sent", "isKept"),
  ];

  #title = el("h2");
  #hint = el("span");
  #input = el("input", { type: "file", id: "file", class: "unseen", accept: ".xlsx,.csv" });
  #label = el("span");
  #status = el("p", { role: "status", id: "chosen" });
  #trouble = el("p", { role: "alert", class: "bad", id: "file-trouble" });
  #zone = el("div", { class: "drop acts" });
  #panel = el("section", { class: "panel step", id: "drop" });

  build() {
    const label = el("label", { for: "file" }, this.#label, " ", this.#input);
    this.#zone.append(this.#hint, " ", label);
    this.#panel.append(this.#title, this.#zone, this.#status, this.#trouble);
    this.#input.addEventListener("change", () => {
      this.#take(this.#input.files?.[0]);
      this.#input.value = "";
    });
    for (const name of ["dragenter", "dragover"]) {
      this.#panel.addEventListener(name, (event) => {
        event.preventDefault();
        this.#zone.classList.add("over");
      });
    }
    this.#panel.addEventListener("dragleave", () => this.#zone.classList.remove("over"));
    this.#panel.addEventListener("drop", (event) => {
      event.preventDefault();
      this.#zone.classList.remove("over");
      this.#take(event.dataTransfer?.files[0]);
    });
    return [this.#panel];
  }

  draw() {
    const { file, isBusy, trouble, sent, isKept } = upload.now;
    this.#panel.hidden = sent !== null;
    this.#title.textContent = t("title");
    this.#hint.textContent = t("drop");
    this.#label.textContent = t(file ? "another" : "choose");
    const size = integer(Math.max(1, Math.round((file?.size ?? 0) / 1024)));
    const chosen = file ? t("chosen", file.name, size) : "";
    const notes = [chosen, isBusy ? t("busy") : "", isKept ? "" : t("large")];
    this.#status.textContent = notes.filter(Boolean).join(" · ");
    this.#trouble.textContent = trouble?.say() ?? "";
    this.#trouble.hidden = !trouble;
  }

  /** @param {File} [file] */
  #take(file) {
    if (file) void chooseFile(file);
  }
}

customElements.define("file-drop", FileDrop);
