// Sends the file, once it was checked as it is, and says what that changes.

import { el } from "../el.js";
import { trialSaid } from "../elements/trial-said.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer } from "../strings.js";
import { words } from "../words.js";
import { isChecked, send, upload } from "./state.js";

const t = words({
  vi: {
    title: "5. Nộp",
    send: "Nộp {0} dòng",
    wrong:
      "Còn {0} dòng sai: nếu nộp bây giờ, các dòng này được giữ lại để sửa ở trang Sửa bản ghi bị từ chối.",
    unchecked: "Có chỗ sửa chưa kiểm tra: hãy bấm Kiểm tra lại.",
    none: "Chưa có dòng nào đúng để nộp.",
  },
  en: {
    title: "5. Send",
    send: "Send {0} rows",
    wrong:
      "{0} rows are still wrong: sent now, they are kept to be repaired on the page of rejected items.",
    unchecked: "Some corrections are not checked yet: press Check again.",
    none: "No row is right yet.",
  },
});

export class SendFile extends Part {
  static follows = [
    page.changes("lang"),
    upload.changes("tried", "typed", "isBusy", "sent", "kpis"),
  ];

  #title = el("h2");
  #note = el("p");
  #button = el("button", { type: "button", id: "send", class: "main", onclick: () => send() });
  #changes = el("div");
  #panel = el("section", { class: "panel step", id: "sending" });

  build() {
    this.#panel.append(this.#title, this.#note, el("p", { class: "acts" }, this.#button));
    this.#panel.append(this.#changes);
    return [this.#panel];
  }

  draw() {
    const { tried, sent, isBusy, kpis } = upload.now;
    this.#panel.hidden = !tried || sent !== null;
    if (!tried) return;
    const wrong = new Set(tried.rejected.map((one) => one.index)).size;
    const isReady = isChecked() && tried.accepted > 0;
    this.#title.textContent = t("title");
    this.#button.textContent = t("send", integer(tried.accepted));
    this.#button.disabled = isBusy || !isReady;
    this.#note.textContent = !isChecked()
      ? t("unchecked")
      : tried.accepted === 0
        ? t("none")
        : wrong
          ? t("wrong", integer(wrong))
          : "";
    this.#note.hidden = !this.#note.textContent;
    this.#note.className = "watch";
    this.#changes.replaceChildren(...(isReady ? trialSaid([tried.would_change], kpis) : []));
  }
}

customElements.define("send-file", SendFile);
