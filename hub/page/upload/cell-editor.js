// A cell of a wrong row: what stands there, to be corrected, and what is wrong with it.

import { el } from "../el.js";
import { chooser } from "../elements/chooser.js";
import { inLang, words } from "../words.js";
import { cellName, type, upload } from "./state.js";

/** @import { FormColumn } from "../types.js" */
/** @import { Fault, WrongRow } from "./types.js" */

const t = words({
  vi: { label: "{0}, dòng {1}", example: "ví dụ {0}" },
  en: { label: "{0}, row {1}", example: "such as {0}" },
});

const PLACE = /^(?:(?:trang|sheet) “[^”]*”, )?(?:dòng|row) \d+(?:, (?:cột|column) |: )/;

/**
 * Says what is wrong without the place, which is where it stands: `dòng 3, cột Kênh: …`.
 * @param {string} message
 * @param {string[]} titles What the column may be called.
 */
function withoutPlace(message, titles) {
  const rest = message.replace(PLACE, "");
  const title = titles.find((one) => rest !== message && rest.startsWith(`${one}: `));
  return title === undefined ? rest : rest.slice(title.length + 2);
}

/**
 * @param {WrongRow} row
 * @param {string} name How the row is called.
 * @param {FormColumn} column
 * @param {Fault[]} faults
 */
export function cellEditor(row, name, column, faults) {
  const { field, header, example, choices } = column;
  const was = row.texts[field] ?? "";
  const text = upload.now.typed.get(cellName(row.index, field))?.text ?? was;
  const id = `cell-${row.index}-${field}`;
  const label = t("label", header, name);
  const said = { "aria-label": label, "aria-describedby": faults.length ? `${id}-why` : null };
  const attributes = { id, name: id, ...said, "aria-invalid": faults.length ? "true" : null };
  const input = choices.length
    ? chooser(attributes, choices, text)
    : el("input", {
        ...attributes,
        value: text,
        autocomplete: "off",
        placeholder: example && t("example", example),
      });
  input.addEventListener("input", () => type(row.index, field, input.value, was));
  const own = upload.now.tried?.table.columns.filter((one) => one.field === field) ?? [];
  const titles = [...own.map((one) => one.header), column.title_vi, column.title_en, header, field];
  const why = faults.map((fault) => withoutPlace(inLang(fault, "message"), titles));
  return [
    input,
    faults.length ? el("small", { id: `${id}-why`, class: "bad" }, why.join("; ")) : null,
  ];
}
