// Which kind of data is sent, and the empty file of it to be filled in.

import { askFile } from "../ask.js";
import { el } from "../el.js";
import { guarded } from "../failures.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { inLang, words } from "../words.js";
import { chooseContract, upload } from "./state.js";

const t = words({
  vi: {
    title: "1. Chọn loại số liệu",
    template: "Chưa có tệp? Tải tệp mẫu, điền rồi nộp:",
    xlsx: "Tệp mẫu Excel",
    csv: "Tệp mẫu CSV",
    reading: "tệp mẫu",
  },
  en: {
    title: "1. Choose the kind of data",
    template: "No file yet? Get an empty one, fill it in and send it:",
    xlsx: "Excel file",
    csv: "CSV file",
    reading: "the empty file",
  },
});

const KINDS = /** @type {const} */ (["xlsx", "csv"]);

export class ContractPicker extends Part {
  static follows = [page.changes("lang"), upload.changes("contracts", "contract", "sent")];

  #title = el("h2", { id: "step-contract" });
  #box = el("div", { class: "choices", role: "radiogroup", "aria-labelledby": "step-contract" });
  #note = el("span");
  #buttons = KINDS.map((kind) => {
    const onclick = () =>
      guarded(
        "template",
        () => t("reading"),
        () => this.#get(kind),
      );
    return el("button", { type: "button", "data-template": kind, onclick });
  });
  #panel = el("section", { class: "panel step", id: "contracts" });

  build() {
    const templates = el("p", { class: "acts" }, this.#note, ...this.#buttons);
    this.#panel.append(this.#title, this.#box, templates);
    return [this.#panel];
  }

  draw() {
    const { contracts, contract: chosen, sent } = upload.now;
    this.#panel.hidden = sent !== null;
    this.#title.textContent = t("title");
    this.#note.textContent = t("template");
    for (const [i, kind] of KINDS.entries()) this.#buttons[i].textContent = t(kind);
    const held = document.activeElement?.getAttribute("value");
    this.#box.replaceChildren(
      ...contracts.map((form) => {
        const { contract } = form;
        const radio = { type: "radio", name: "contract", value: contract };
        const onchange = () => chooseContract(contract);
        const input = el("input", { ...radio, checked: contract === chosen, onchange });
        return el("label", {}, input, " ", inLang(form, "title"));
      }),
    );
    for (const input of this.#box.querySelectorAll("input")) {
      if (input.value === held) input.focus();
    }
  }

  /** @param {"xlsx" | "csv"} kind */
  async #get(kind) {
    const name = `${upload.now.contract}.${kind}`;
    const href = URL.createObjectURL(await askFile(`/v1/templates/${name}`));
    el("a", { href, download: `mau-${name}` }).click();
    URL.revokeObjectURL(href);
  }
}

customElements.define("contract-picker", ContractPicker);
