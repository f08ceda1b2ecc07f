// The page of upload: a clerk's walk from an empty file to a printed receipt.

import { el } from "../el.js";
import { KeyPrompt } from "../elements/key-prompt.js";
import { SyntheticMark } from "../elements/synthetic-mark.js";
import { openPage } from "../shell.js";
import { words } from "../words.js";
import { ContractPicker } from "./contract-picker.js";
import { FileDrop } from "./file-drop.js";
import { FileUnderstood } from "./file-understood.js";
import { MappingDraft } from "./mapping-draft.js";
import { ReceiptSheet } from "./receipt-sheet.js";
import { SendFile } from "./send-file.js";
import { readContracts } from "./state.js";
import { WrongRows } from "./wrong-rows.js";

const t = words({ vi: { title: "Nộp tệp" }, en: { title: "Send a file" } });

openPage({
  title: () => t("title"),
  chips: el("span"),
  strip: [new SyntheticMark(), new KeyPrompt(readContracts, { isAlwaysThere: true })],
  main: [
    new ContractPicker(),
    new FileDrop(),
    new MappingDraft(),
    new FileUnderstood(),
    new WrongRows(),
    new SendFile(),
    new ReceiptSheet(),
  ],
});
void readContracts();
