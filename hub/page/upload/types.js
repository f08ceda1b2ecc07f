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
 * @typedef {object} Receipt
 * @property {string} receipt
 * @property {number} accepted
 * @property {number} duplicates
 * @property {Rejected[]} rejected
 * @property {string} signed
 */

export {};
