// What the parts of the page of upload share. What was typed outlives a reload of the page, not the
// tab: a file holds what is its sender's alone.

import { ask, postFile, put, Trouble } from "../ask.js";
import { guarded } from "../failures.js";
import { Pace } from "../pace.js";
import { page } from "../page.js";
import { Store } from "../store.js";
import { words } from "../words.js";
import { fromBase64, toBase64 } from "./bytes.js";

/** @import { ContractForm, Kpi } from "../types.js" */
/** @import { Draft, FileMapping, Receipt, TriedFile } from "./types.js" */

const t = words({
  vi: { contracts: "các loại số liệu" },
  en: { contracts: "the kinds of data" },
});

const KEPT = "upload";
const KEPT_FILE = "upload.file";
const KEEP_MS = 200;
const IN_FORCE_MS = 300;
const IN_FORCE_TRIES = 40;
const CORRECTED = "application/vnd.lgsp.corrected-file+json";

/**
 * @typedef {object} ChosenFile
 * @property {string} name
 * @property {string} base64 Its bytes.
 * @property {number} size
 * @typedef {{ was: string, text: string }} TypedCell
 * @typedef {object} SentFile What was sent, with its receipt.
 * @property {string} name
 * @property {string} contract
 * @property {Receipt} receipt
 * @property {[string, TypedCell][]} typed By row and field, what was typed in place of a cell.
 * @property {Record<string, string>} rows By index, how the row is called.
 * @typedef {object} UploadState
 * @property {ContractForm[]} contracts
 * @property {ReadonlyMap<string, Kpi>} kpis
 * @property {string} contract
 * @property {ChosenFile | null} file
 * @property {ReadonlyMap<string, TypedCell>} typed By `cellName`, what was typed in place of a cell.
 * @property {TriedFile | null} tried What the hub said of the file the last time.
 * @property {string} triedAs Of what it said it: contract, file and what was typed.
 * @property {Record<string, string>} rows By index, how a wrong row is called.
 * @property {Trouble | null} trouble Why the file as a whole is not read, or was not sent.
 * @property {Draft | null} draft How the sender's files may be read, to be confirmed.
 * @property {boolean} isBusy
 * @property {boolean} isKept What was chosen and typed outlives a reload.
 * @property {SentFile | null} sent
 */

/** @type {UploadState} */
const first = {
  contracts: [],
  kpis: new Map(),
  contract: "",
  file: null,
  typed: new Map(),
  tried: null,
  triedAs: "",
  rows: {},
  trouble: null,
  draft: null,
  isBusy: false,
  isKept: true,
  sent: null,
};

export const upload = new Store({ ...first, ...kept() });

/** @param {number} index @param {string} field */
export const cellName = (index, field) => `${index}|${field}`;

/** The form of the chosen contract. */
export const formNow = () =>
  upload.now.contracts.find((form) => form.contract === upload.now.contract) ?? null;

/** @returns {Partial<UploadState>} */
function kept() {
  try {
    const { typed, ...more } = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
    const file = JSON.parse(sessionStorage.getItem(KEPT_FILE) ?? "null");
    return { ...more, file, typed: new Map(file ? typed : []) };
  } catch {
    return {};
  }
}

/** Keeps the file, if there is room for it. */
function keepFile() {
  let isKept = true;
  try {
    sessionStorage.setItem(KEPT_FILE, JSON.stringify(upload.now.file));
  } catch {
    sessionStorage.removeItem(KEPT_FILE);
    isKept = false;
  }
  upload.set({ isKept });
}

/** Keeps what was typed, and the receipt. */
function keep() {
  const { contract, typed, rows, sent, draft } = upload.now;
  const kept = { contract, typed: [...typed], rows, sent, draft };
  sessionStorage.setItem(KEPT, JSON.stringify(kept));
}

const pace = new Pace(KEEP_MS);
upload.changes("file")(keepFile);
upload.changes("contract", "typed", "rows", "sent", "draft")(() => pace.soon(keep));
addEventListener("pagehide", keep);

export const readContracts = () =>
  guarded(
    "contracts",
    () => t("contracts"),
    async () => {
      const [{ contracts }, { kpis }] = await Promise.all([ask("/v1/contracts"), ask("/v1/kpis")]);
      const contract = upload.now.contract || contracts[0].contract;
      upload.set({
        contracts,
        contract,
        kpis: new Map(kpis.map((/** @type {Kpi} */ kpi) => [kpi.id, kpi])),
      });
      if (upload.now.file && !upload.now.sent) void check();
    },
  );

/** @param {string} contract */
export function chooseContract(contract) {
  upload.set({ contract, tried: null, trouble: null, draft: null, typed: new Map(), rows: {} });
  if (upload.now.file) void check();
}

/** @param {File} file */
export async function chooseFile(file) {
  const base64 = toBase64(new Uint8Array(await file.arrayBuffer()));
  const chosen = { name: file.name, size: file.size, base64 };
  const none = { tried: null, trouble: null, draft: null, sent: null };
  upload.set({ file: chosen, typed: new Map(), rows: {}, ...none });
  await check();
}

/** Begins anew, with the same kind of data. */
export function startOver() {
  const { contracts, kpis, contract } = upload.now;
  upload.set({ ...first, contracts, kpis, contract });
}

/**
 * Types something in the place of a cell.
 * @param {number} index
 * @param {string} field
 * @param {string} text
 * @param {string} was What stands there now.
 */
export function type(index, field, text, was) {
  const typed = new Map(upload.now.typed);
  const name = cellName(index, field);
  const first = typed.get(name)?.was ?? was;
  if (text === first) typed.delete(name);
  else typed.set(name, { was: first, text });
  upload.set({ typed });
}

/** What is asked for: the file by itself, or with what was typed in the place of its cells. */
function bodyNow() {
  const { file, typed } = upload.now;
  if (!file) throw new Error("no file is chosen");
  if (!typed.size) return new Blob([fromBase64(file.base64)]);
  const cells = [...typed].map(([name, { text }]) => {
    const [index, field] = name.split("|");
    return { index: Number(index), field, text };
  });
  return new Blob([JSON.stringify({ file: file.base64, cells })], { type: CORRECTED });
}

const askedNow = () => {
  const { contract, file, typed } = upload.now;
  return JSON.stringify([contract, file?.name, file?.size, [...typed]]);
};

/** Whether the last answer is about all that is typed by now. */
export const isChecked = () => upload.now.tried !== null && upload.now.triedAs === askedNow();

/** Asks what the hub would make of the file; nothing is kept there. */
export async function check() {
  const asked = askedNow();
  upload.set({ isBusy: true, trouble: null });
  try {
    /** @type {TriedFile} */
    const tried = await postFile(`/v1/files/${upload.now.contract}?dry_run=1&rows=1`, bodyNow());
    if (asked !== askedNow()) return;
    const rows = { ...upload.now.rows };
    for (const { index, sheet, row } of tried.table.rows) {
      rows[index] = sheet ? `${sheet}: ${row}` : String(row);
    }
    upload.set({ tried, triedAs: asked, rows });
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    if (asked === askedNow()) {
      upload.set({ trouble: error, tried: null });
      if (!upload.now.draft) await propose();
    }
  } finally {
    upload.set({ isBusy: false });
  }
}

/** Asks how the sender's files may be read; what the hub cannot read at all is left as it is. */
export async function propose() {
  const { contract, file } = upload.now;
  if (!file) return;
  const body = new Blob([fromBase64(file.base64)]);
  try {
    upload.set({ draft: await postFile(`/v1/mappings/${contract}/propose`, body) });
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
  }
}

/** @param {Partial<FileMapping>} changes */
export function decide(changes) {
  const { draft } = upload.now;
  if (draft) upload.set({ draft: { ...draft, mapping: { ...draft.mapping, ...changes } } });
}

/** Confirms the draft, and reads the file by it once it is in force. */
export async function confirm() {
  const { contract, draft } = upload.now;
  if (!draft) return;
  upload.set({ isBusy: true, trouble: null });
  try {
    const path = `/v1/mappings/${contract}`;
    const { digest } = await put(path, draft.mapping);
    for (let tries = 0; tries < IN_FORCE_TRIES; tries++) {
      const { mappings } = await ask("/v1/mappings");
      const inForce = mappings.find(
        (/** @type {{ digest: string, is_in_force: boolean }} */ one) =>
          one.digest === digest && one.is_in_force,
      );
      if (inForce) break;
      await new Promise((resolve) => setTimeout(resolve, IN_FORCE_MS));
    }
    upload.set({ draft: null });
    await check();
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    upload.set({ trouble: error });
  } finally {
    upload.set({ isBusy: false });
  }
}

/** Sends the file. Sent twice it counts once. */
export async function send() {
  const { contract, file, typed, rows } = upload.now;
  if (!file || upload.now.isBusy) return;
  upload.set({ isBusy: true, trouble: null });
  try {
    /** @type {Receipt} */
    const receipt = await postFile(`/v1/files/${contract}`, bodyNow());
    const sent = { name: file.name, contract, receipt, typed: [...typed], rows };
    upload.set({ sent, file: null, tried: null, typed: new Map(), rows: {} });
    page.set({ spoken: receipt.receipt });
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    upload.set({ trouble: error });
  } finally {
    upload.set({ isBusy: false });
  }
}
