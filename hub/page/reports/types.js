// What the hub answers about indices, and about what does not look true. Types alone.

/** @import { Whole } from "../types.js" */

/**
 * @typedef {object} Finding Something that does not look true, and what shows it.
 * @property {string} rule
 * @property {string | null} unit
 * @property {string} at
 * @property {number} count How many dossiers; the first of them are named.
 * @property {string[]} entities
 * @property {Record<string, string | number | null>} evidence
 * @typedef {object} FindingRule
 * @property {string} rule
 * @property {string} title_vi
 * @property {string} title_en
 * @property {string} meaning_vi
 * @property {string} meaning_en
 * @typedef {object} Findings The answer of `/v1/findings`.
 * @property {string | null} as_of
 * @property {number} total
 * @property {FindingRule[]} rules
 * @property {Finding[]} findings
 * @typedef {object} Score
 * @property {Whole} numerator
 * @property {Whole} denominator
 * @property {string | null} score Null where there is no data: that is not zero.
 * @typedef {object} Scored
 * @property {Record<string, Record<string, Score>>} scores By component and reading.
 * @property {string} sum Of the first reading of each component that could be measured.
 * @property {string} of What those have at most.
 * @typedef {object} Component
 * @property {string} id
 * @property {string} title_vi
 * @property {string} title_en
 * @property {string} points
 * @property {string | null} lacking_vi What of it has no data here.
 * @property {string | null} lacking_en
 * @property {{ id: string, title_vi: string, title_en: string, points: string }[]} readings
 * @typedef {object} DifferenceRule
 * @property {string} rule
 * @property {string} column
 * @property {string} title_vi
 * @property {string} title_en
 * @property {Whole | null} count
 * @typedef {object} IndexReport The answer of `/v1/reports/766`.
 * @property {string} number
 * @property {string} title_vi
 * @property {string} title_en
 * @property {string} source_vi
 * @property {string} source_en
 * @property {string} period
 * @property {string} unit_name
 * @property {string | null} as_of
 * @property {Component[]} components
 * @property {Scored} total
 * @property {(Scored & { code: string, name: string })[]} rows
 * @property {{ component: string, difference: string | null, rules: DifferenceRule[] }[]} differences
 * @typedef {object} Run A report of a period that was due by a schedule.
 * @property {string} id
 * @property {string} name
 * @property {string} report
 * @property {string} period
 * @property {string | null} unit
 * @property {string} outlet
 * @property {"waiting" | "sent" | "failed"} state
 * @property {string | null} last_error
 * @property {number} tries
 * @property {string} due_at
 * @property {string | null} try_at When it is tried again, where it waits.
 * @property {string} at When it last changed.
 * @property {{ format: string, url: string }[]} files What was given, once more.
 * @typedef {object} Schedule
 * @property {string} name
 * @property {string} report
 * @property {string} every
 * @property {string | null} unit
 * @property {string} outlet
 * @property {string | null} next_period Null where it is no longer in force.
 * @property {string | null} next_at
 * @property {Run | null} last
 * @typedef {object} Runs The answer of `/v1/report-runs`.
 * @property {Schedule[]} schedules
 * @property {Run[]} runs
 */

export {};
