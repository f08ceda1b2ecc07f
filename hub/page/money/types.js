// What the hub answers about a list that people work with. Types alone.

/** @import { Row } from "../types.js" */

/**
 * @typedef {object} WorkList The answer of `/v1/lists/{name}`.
 * @property {string} list
 * @property {string} title_vi
 * @property {string} title_en
 * @property {string} figure_vi What number the list stands behind.
 * @property {string} figure_en
 * @property {string} period
 * @property {string} at
 * @property {number} total
 * @property {{ id: string, title_vi: string, title_en: string }[]} columns
 * @property {Row[]} rows
 * @property {number | null} next_offset
 */

export {};
