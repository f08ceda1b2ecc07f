// Many at once: the rows of a cause as a file, the file with corrections, and what became of it.

import { askText, postFile, Trouble } from "../ask.js";
import { el } from "../el.js";
import { trialSaid } from "../elements/trial-said.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer } from "../strings.js";
import { inLang, words } from "../words.js";
import { act, filterOf, guardedRead, keepOutcome, nameOf, repair } from "./state.js";

/** @import { Cause, Outcome } from "../types.js" */

const t = words({
  vi: {
    rows: "Tải các dòng (CSV)",
    upload: "Nạp tệp đã sửa",
    corrected: "Đã sửa {0} dòng, còn sai {1}.",
    send: "Gửi lại {0} dòng đã sửa",
    sent: "Đã gửi lại {0} dòng.",
  },
  en: {
    rows: "Get the rows (CSV)",
    upload: "Corrected file",
    corrected: "{0} rows corrected, {1} still wrong.",
    send: "Send {0} corrected rows again",
    sent: "{0} rows were sent again.",
  },
});

/** @typedef {Outcome & Required<Pick<Outcome, "fixed" | "refused">>} Corrected */

/** @param {Outcome} outcome @returns {outcome is Corrected} */
const isCorrected = (outcome) => outcome.fixed !== undefined && outcome.refused !== undefined;

export class CauseRows extends Part {
  static follows = [page.changes("lang"), repair.changes("outcomes")];

  #cause;
  #name;
  #download = el("button", { type: "button" });
  #upload = el("span");
  #file = el("input", { type: "file", class: "unseen", accept: ".csv,.xlsx" });
  #said = el("div", { class: "said", role: "status" });

  /** @param {Cause} cause */
  constructor(cause) {
    super();
    this.#cause = cause;
    this.#name = nameOf(cause);
  }

  build() {
    this.#file.id = `file-${this.#name}`;
    this.#download.addEventListener("click", () => guardedRead(() => this.#get()));
    this.#file.addEventListener("change", () => this.#send());
    const label = el("label", { for: this.#file.id }, this.#upload, " ", this.#file);
    const acts = el("p", { class: "acts" }, this.#download, label);
    return [el("div", { class: "rows" }, acts, this.#said)];
  }

  draw() {
    this.#download.textContent = t("rows");
    this.#upload.textContent = t("upload");
    const outcome = repair.now.outcomes.get(this.#name);
    if (outcome instanceof Trouble) {
      this.#said.replaceChildren(el("p", { class: "bad" }, outcome.say()));
    } else if (outcome && isCorrected(outcome)) this.#said.replaceChildren(...this.#tell(outcome));
  }

  async #get() {
    const { contract, ...filter } = filterOf(this.#cause);
    const question = new URLSearchParams({ ...filter, state: repair.now.wanted });
    const text = await askText(`/v1/quarantine/rows/${contract}?${question}`);
    const href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    el("a", { href, download: `${contract}.csv` }).click();
    URL.revokeObjectURL(href);
  }

  #send() {
    const file = this.#file.files?.[0];
    this.#file.value = "";
    if (!file) return;
    const path = `/v1/quarantine/corrections/${this.#cause.contract}`;
    void keepOutcome(this.#name, () => postFile(path, file));
  }

  /** @param {Corrected} outcome */
  #tell(outcome) {
    const { fixed, refused, trials, receipts } = outcome;
    const sent = Object.keys(receipts ?? {}).length;
    const counts = [fixed.length, refused.length].map((count) => integer(count));
    const wrong = refused.map((row) =>
      el("li", {}, el("code", {}, row.id), " ", inLang(row, "message")),
    );
    /** @param {MouseEvent} event */
    const onclick = ({ currentTarget }) => {
      /** @type {HTMLButtonElement} */ (currentTarget).disabled = true; // it is sent once
      return keepOutcome(this.#name, async () => {
        const { receipts } = await act("replay", { ids: fixed });
        return { ...outcome, trials: null, receipts };
      });
    };
    const button = { type: "button", disabled: !fixed.length, onclick };
    return [
      el("p", { class: refused.length ? "bad" : "good" }, t("corrected", ...counts)),
      ...(wrong.length ? [el("ul", {}, ...wrong)] : []),
      ...(trials ? trialSaid(trials, repair.now.kpis) : []),
      el(
        "p",
        { class: "acts" },
        sent
          ? el("span", { class: "good" }, t("sent", integer(sent)))
          : el("button", button, t("send", integer(fixed.length))),
      ),
    ];
  }
}

customElements.define("cause-rows", CauseRows);
