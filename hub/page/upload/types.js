// What the hub answers about files that are filled in, tried and sent. Types alone.

/** @import { Trial } from "../types.js" */

/**
 * @typedef {object} Fault One thing that is wrong with a row.
 * @property {string} field
 * @property {string} message_vi
 * @property {string} message_en
 * @typedef {Fault & { index: number, faults?: Fault[] }} Rejected
 * @typedef {object} ReadColumn How a column of a file was understood.
 * @property {string} sheet
 * @property {string} header
 * @property {string} field
 * @property {string} title
 * @property {string} example
 * @property {string} value
 * @property {string} as_vi
 * @property {string} as_en
 * @typedef {object} Passed Something in a file that is no row of it.
 * @property {string} message_vi
 * @property {string} message_en
 * @typedef {object} WrongRow
 * @property {number} index
 * @property {string} sheet
 * @property {number} row
 * @property {Record<string, string>} texts By field, what stands in its cells.
 * @typedef {object} TriedFile
 * @property {number} accepted
 * @property {Rejected[]} rejected
 * @property {{ columns: ReadColumn[], passed: Passed[], rows: WrongRow[] }} table
 * @property {Trial} would_change
 * @property {string} [mapping] The digest of the sender's mapping by which it was read.
 * @typedef {object} MappedColumn A header of the sender's, and how its column is read.
 * @property {string} header
 * @property {string} field Empty where nobody has decided.
 * @property {string} unit
 * @property {string} mark
 * @property {string} order
 * @typedef {object} FileMapping How a sender's files are read.
 * @property {string} sender
 * @property {string[]} sheets
 * @property {string[]} passed_over
 * @property {MappedColumn[]} columns
 * @property {Record<string, string>} always By field, what holds for all rows.
 * @property {Record<string, Record<string, string>>} words By field and word, the code it means.
 * @typedef {object} Doubt What a draft is unsure of.
 * @property {string} part
 * @property {string} header
 * @property {string} field
 * @property {string} word
 * @property {boolean} is_open
 * @property {{ value: string, vi: string, en: string }[]} candidates
 * @property {string} message_vi
 * @property {string} message_en
 * @typedef {object} MappedField
 * @property {string} field
 * @property {string} vi
 * @property {string} en
 * @property {boolean} is_needed
 * @property {{ value: string, vi: string, en: string }[]} words
 * @typedef {object} Draft A mapping as the hub proposes it from a file.
 * @property {FileMapping} mapping
 * @property {Doubt[]} doubts
 * @property {MappedField[]} fields
 * @property {{ sheet: string, header: string, values: string[] }[]} samples
 * @typedef {object} Receipt
 * @property {string} receipt
 * @property {number} accepted
 * @property {number} duplicates
 * @property {Rejected[]} rejected
 * @property {string} signed
 */

export {};
