// What a clerk may choose for a column of her file, and for a word in it.

import { el } from "../el.js";
import { page } from "../page.js";
import { words } from "../words.js";
import { decide, formNow } from "./state.js";

/** @import { Draft, MappedColumn } from "./types.js" */

const t = words({
  vi: {
    choose: "(chưa chọn)",
    none: "Không dùng cột này",
    as: "Cột {0} dùng làm",
    unit: "Đơn vị tính của cột {0}",
    mark: "Dấu trước phần lẻ của cột {0}",
    order: "Thứ tự ngày của cột {0}",
    any: "như tệp cho thấy",
    comma: "dấu phẩy: 1.543,88",
    point: "dấu chấm: 1,543.88",
    day: "ngày trước tháng",
    month: "tháng trước ngày",
    word: "{0}: “{1}” là",
    value: "{0}:",
  },
  en: {
    choose: "(not chosen)",
    none: "This column is not used",
    as: "Column {0} is used as",
    unit: "Unit of column {0}",
    mark: "Decimal mark of column {0}",
    order: "Order of days of column {0}",
    any: "as the file shows",
    comma: "comma: 1.543,88",
    point: "point: 1,543.88",
    day: "the day first",
    month: "the month first",
    word: "{0}: “{1}” means",
    value: "{0}:",
  },
});

const NONE = "~none"; // no field is called so
const UNITS = ["đồng", "nghìn đồng", "triệu đồng", "tỷ đồng", "nghìn tỷ đồng"];

/**
 * @param {string} id @param {string} label @param {[string, string][]} options
 * @param {string} chosen @param {(value: string) => void} choose
 */
function select(id, label, options, chosen, choose) {
  const nodes = options.map(([value, text]) =>
    el("option", { value, selected: value === chosen }, text),
  );
  const node = el("select", { id, "aria-label": label }, ...nodes);
  node.addEventListener("change", () => choose(node.value));
  return node;
}

/** @param {string} value @param {string} text @returns {[string, string]} */
const pair = (value, text) => [value, text];

/** @param {string} field @param {string} title */
const fieldName = (field, title) =>
  (page.now.lang === "vi" && formNow()?.columns.find((one) => one.field === field)?.header) ||
  title;

/**
 * Uses a column for a field, or for nothing. What was to hold for all rows of that field does not
 * any more; words of the column that its codes are not called by are to be decided.
 * @param {Draft} draft @param {string} header @param {string} field
 */
function use({ mapping, fields, samples }, header, field) {
  const { columns, passed_over: passed, always, words: meant } = mapping;
  const others = columns.filter((one) => one.header !== header);
  if (field === NONE) {
    const rest = passed.filter((one) => one !== header);
    return decide({ columns: others, passed_over: [...rest, header] });
  }
  const before = columns.find((one) => one.header === header);
  const bare = { header, unit: "", mark: "", order: "" };
  const added = { ...(before ?? bare), field };
  const { [field]: _, ...stillAlways } = always;
  const known = (fields.find((one) => one.field === field)?.words ?? []).flatMap((one) =>
    [one.value, one.vi].map((text) => text.toLowerCase()),
  );
  const cells = samples.find((one) => one.header === header)?.values ?? [];
  const open = known.length
    ? cells.filter((text) => text && !known.includes(text.toLowerCase()))
    : [];
  const own = { ...Object.fromEntries(open.map((text) => [text, ""])), ...meant[field] };
  return decide({
    columns: before ? columns.map((one) => (one === before ? added : one)) : [...others, added],
    passed_over: passed.filter((one) => one !== header),
    always: stillAlways,
    words: Object.keys(own).length ? { ...meant, [field]: own } : meant,
  });
}

/** @param {Draft} draft @param {string} header */
export function columnChoices(draft, header) {
  const { mapping, fields } = draft;
  const { columns } = mapping;
  const column = columns.find((one) => one.header === header);
  const at = `map-${header}`;
  /** @param {Partial<MappedColumn>} changes */
  const change = (changes) =>
    decide({
      columns: columns.map((one) => (one.header === header ? { ...one, ...changes } : one)),
    });
  /** @type {[string, string][]} */
  const options = [
    ["", t("choose")],
    [NONE, t("none")],
    ...fields.map((one) => pair(one.field, fieldName(one.field, one[page.now.lang]))),
  ];
  const chosen = column ? column.field : NONE;
  const nodes = [
    select(at, t("as", header), options, chosen, (field) => use(draft, header, field)),
  ];
  const kind = formNow()?.columns.find((one) => one.field === column?.field)?.kind;
  if (!column || !kind) return nodes;
  /** @param {"unit" | "mark" | "order"} part @param {[string, string][]} some */
  const more = (part, some) => {
    const all = /** @type {[string, string][]} */ ([["", t("any")], ...some]);
    nodes.push(
      select(`${at}-${part}`, t(part, header), all, column[part], (value) =>
        change({ [part]: value }),
      ),
    );
  };
  if (kind === "money")
    more(
      "unit",
      UNITS.map((unit) => [unit, unit]),
    );
  if (["money", "decimal"].includes(kind)) {
    more("mark", [
      ["comma", t("comma")],
      ["point", t("point")],
    ]);
  }
  if (["instant", "period"].includes(kind)) {
    more("order", [
      ["day", t("day")],
      ["month", t("month")],
    ]);
  }
  return nodes;
}

/**
 * A word and the code that it means, or what holds for all rows.
 * @param {Draft} draft @param {string} field @param {string} word Empty for all rows.
 * @param {string} value @param {(value: string) => void} choose
 */
export function valueChoice({ fields, doubts }, field, word, value, choose) {
  const of = fields.find((one) => one.field === field);
  const name = fieldName(field, of?.[page.now.lang] ?? field);
  const label = word ? t("word", name, word) : t("value", name);
  const id = `means-${field}-${word}`;
  const offered = doubts
    .filter((one) => one.field === field && one.word === word)
    .flatMap((one) => one.candidates);
  const known = of?.words.length ? of.words : offered;
  if (of?.words.length) {
    /** @type {[string, string][]} */
    const options = [["", t("choose")], ...known.map((one) => pair(one.value, one[page.now.lang]))];
    return [el("label", { for: id }, label), " ", select(id, label, options, value, choose)];
  }
  const list = `${id}-offered`;
  const input = el("input", { id, value, list, autocomplete: "off" });
  input.addEventListener("change", () => choose(input.value.trim()));
  const options = known.map((one) => el("option", { value: one.value }, one[page.now.lang]));
  return [el("label", { for: id }, label), " ", input, el("datalist", { id: list }, ...options)];
}
