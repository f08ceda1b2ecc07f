// What `/v1/overview` answers, as far as the page reads it. Types alone: nothing is run here.

/** @import { Alert, Figure, Whole } from "../types.js" */

/**
 * @typedef {"off_course" | "waiting" | "unknown" | "on_course" | "met"} Need
 * @typedef {"critical" | "warning" | "notice"} Level
 * @typedef {object} Pull What one unit adds to a gap.
 * @property {string | null} unit
 * @property {string} name
 * @property {string} short
 * @property {string | null} points
 * @typedef {object} MonthOf
 * @property {string} month
 * @property {string | null} value
 * @property {Whole} numerator
 * @property {Whole} denominator
 * @property {Whole} scale
 * @typedef {object} Item
 * @property {string} kpi
 * @property {string} title_vi
 * @property {string} title_en
 * @property {string} owner
 * @property {Need} need
 * @property {string} value_vi
 * @property {string} value_en
 * @property {string} goal_vi
 * @property {string} goal_en
 * @property {string} text_vi
 * @property {string} text_en
 * @property {string} why_vi
 * @property {string} why_en
 * @property {string} compared_vi
 * @property {string} compared_en
 * @property {Figure | null} figure
 * @property {Pull[]} pulls
 * @property {MonthOf[]} months
 * @property {string} link
 * @typedef {object} Behind
 * @property {string} source
 * @property {string} title_vi
 * @property {string} title_en
 * @property {string} owner
 * @property {boolean} is_late
 * @property {string} text_vi
 * @property {string} text_en
 * @typedef {object} Overview The answer of `/v1/overview`.
 * @property {string} period
 * @property {string | null} as_of
 * @property {string} cut
 * @property {boolean} is_synthetic
 * @property {"provisional" | "official" | "restated"} status
 * @property {string} [closed_at]
 * @property {string} headline_vi
 * @property {string} headline_en
 * @property {Item[]} items
 * @property {{ count: Record<Level, { open: number, acknowledged: number }>, gravest: Alert[] }} alerts
 * @property {{ expected: number, behind: Behind[] }} sources
 * @property {{ list: string, message_vi: string, message_en: string }[]} lacks
 */

export {};
