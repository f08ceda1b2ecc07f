// The receipt of what was sent, on one sheet of paper.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer, timeText } from "../strings.js";
import { inLang, words } from "../words.js";
import { saidBy } from "./bytes.js";
import { startOver, upload } from "./state.js";

/** @import { SentFile } from "./state.js" */

const t = words({
  vi: {
    title: "Biên nhận nộp số liệu",
    receipt: "Số biên nhận",
    sender: "Bên gửi",
    contract: "Loại số liệu",
    file: "Tên tệp",
    sha256: "Dấu vân tay của tệp (SHA-256)",
    typed_sha256: "Dấu vân tay các chỗ sửa (SHA-256)",
    accepted_at: "Thời điểm nhận",
    accepted: "Số dòng nhận mới",
    duplicates: "Số dòng đã có, không tính lại",
    rejected: "Số dòng bị từ chối",
    signature: "Chữ ký (rút gọn)",
    corrections: "Các chỗ đã sửa trên trang khi nộp",
    row: "Dòng",
    column: "Cột",
    was: "Trong tệp",
    now: "Sửa thành",
    more: "và {0} chỗ khác",
    how: "Cách kiểm: tính SHA-256 của tệp rồi so với dấu vân tay trên; chữ ký đầy đủ (JWS, Ed25519) ở tệp biên nhận tải về, kiểm bằng khóa công khai tại {0}. Các dòng nay ra sao: {1}, xem bằng khóa của đơn vị.",
    left: "Các dòng bị từ chối chờ sửa ở trang",
    repair: "Sửa bản ghi bị từ chối",
    print: "In biên nhận",
    save: "Tải biên nhận (JSON)",
    another: "Nộp tệp khác",
    signed_by: "Người nộp (ký, ghi rõ họ tên)",
  },
  en: {
    title: "Receipt of data sent",
    receipt: "Receipt",
    sender: "Sender",
    contract: "Kind of data",
    file: "File",
    sha256: "Digest of the file (SHA-256)",
    typed_sha256: "Digest of the corrections (SHA-256)",
    accepted_at: "Taken at",
    accepted: "Rows taken",
    duplicates: "Rows that were there, not counted again",
    rejected: "Rows rejected",
    signature: "Signature (shortened)",
    corrections: "Corrected on the page before it was sent",
    row: "Row",
    column: "Column",
    was: "In the file",
    now: "Corrected to",
    more: "and {0} more",
    how: "To verify: compute the SHA-256 of the file and compare; the whole signature (JWS, Ed25519) is in the receipt that can be saved, and is verified with the public key at {0}. What became of the rows: {1}, with the sender's key.",
    left: "Rejected rows wait to be repaired on the page",
    repair: "Repair rejected items",
    print: "Print the receipt",
    save: "Save the receipt (JSON)",
    another: "Send another file",
    signed_by: "Sent by (name and signature)",
  },
});

const CORRECTIONS_MAX = 20; // what fits on one sheet
const SIGNATURE_SHOWN = 16;

export class ReceiptSheet extends Part {
  static follows = [page.changes("lang"), upload.changes("sent", "contracts")];

  #sheet = el("section", { class: "panel receipt", id: "receipt", tabindex: "-1" });

  build() {
    return [this.#sheet];
  }

  draw() {
    const { sent } = upload.now;
    const isNew = this.#sheet.hidden && sent !== null;
    this.#sheet.hidden = sent === null;
    this.#sheet.replaceChildren(...(sent ? this.#contents(sent) : []));
    if (isNew) this.#sheet.focus();
  }

  /** @param {SentFile} sent */
  #contents(sent) {
    const { receipt, name } = sent;
    const said = saidBy(receipt.signed);
    const form = upload.now.contracts.find((one) => one.contract === sent.contract);
    const signature = receipt.signed.split(".")[2];
    const short = `${signature.slice(0, SIGNATURE_SHOWN)}…${signature.slice(-SIGNATURE_SHOWN)}`;
    /** @type {[Parameters<typeof t>[0], string][]} */
    const facts = [
      ["receipt", receipt.receipt],
      ["sender", String(said.sender)],
      ["contract", form ? inLang(form, "title") : sent.contract],
      ["file", name],
      ["accepted_at", timeText(String(said.accepted_at))],
      ["accepted", integer(receipt.accepted)],
      ["duplicates", integer(receipt.duplicates)],
      ["rejected", integer(Number(said.rejected))],
      ["sha256", String(said.sha256)],
      ...(said.typed_sha256
        ? [/** @type {["typed_sha256", string]} */ (["typed_sha256", String(said.typed_sha256)])]
        : []),
      ["signature", short],
    ];
    const rows = facts.map(([key, text]) =>
      el("div", { "data-fact": key }, el("dt", {}, t(key)), el("dd", {}, text)),
    );
    const how = t("how", "/.well-known/jwks.json", `/v1/receipts/${receipt.receipt}`);
    return [
      el("h2", {}, t("title")),
      el("dl", {}, ...rows),
      ...this.#corrections(sent),
      el("p", { class: "quiet" }, how),
      Number(said.rejected)
        ? el("p", { class: "watch" }, `${t("left")} `, el("a", { href: "/repair" }, t("repair")))
        : null,
      el("p", { class: "signed-by" }, t("signed_by")),
      this.#buttons(sent),
    ].filter((node) => node !== null);
  }

  /** @param {SentFile} sent */
  #corrections({ typed, rows, contract }) {
    if (!typed.length) return [];
    const columns = upload.now.contracts.find((form) => form.contract === contract)?.columns;
    const shown = typed.slice(0, CORRECTIONS_MAX).map(([name, { was, text }]) => {
      const [index, field] = name.split("|");
      const header = columns?.find((column) => column.field === field)?.header ?? field;
      const texts = [rows[index] ?? index, header, was || "–", text || "–"];
      return el("tr", {}, ...texts.map((one) => el("td", {}, one)));
    });
    const titles = /** @type {const} */ (["row", "column", "was", "now"]);
    const head = el("tr", {}, ...titles.map((title) => el("th", { scope: "col" }, t(title))));
    const rest = typed.length - shown.length;
    return [
      el("h3", {}, t("corrections")),
      el("table", { class: "list" }, el("thead", {}, head), el("tbody", {}, ...shown)),
      ...(rest > 0 ? [el("p", { class: "quiet" }, t("more", integer(rest)))] : []),
    ];
  }

  /** @param {SentFile} sent */
  #buttons(sent) {
    const button = (/** @type {string} */ text, /** @type {() => void} */ onclick) =>
      el("button", { type: "button", onclick }, text);
    return el(
      "p",
      { class: "acts" },
      button(t("print"), () => window.print()),
      button(t("save"), () => save(sent)),
      button(t("another"), startOver),
    );
  }
}

/** @param {SentFile} sent */
function save({ receipt, name, typed }) {
  const text = JSON.stringify({ ...receipt, file: name, typed }, null, 2);
  const href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  el("a", { href, download: `${receipt.receipt}.json` }).click();
  URL.revokeObjectURL(href);
}

customElements.define("receipt-sheet", ReceiptSheet);
