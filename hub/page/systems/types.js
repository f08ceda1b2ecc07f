// What `/v1/systems` answers, as far as its page reads it. Types alone: nothing is run here.

/** @import { Whole } from "../types.js" */

/**
 * @typedef {object} Duty
 * @property {string} cadence
 * @property {number} events_per_due
 * @property {number} silence_seconds_max
 * @property {boolean | null} is_late
 * @typedef {object} Key
 * @property {string} id
 * @property {"valid" | "expired" | "revoked"} state
 * @property {string | null} expires_at
 * @property {string | null} certificate_expires_at
 * @property {string | null} purpose
 * @property {string | null} legal_basis
 * @typedef {"connector" | "sender" | "sql_login" | "outlet" | "certificate"} Kind
 * @typedef {object} System
 * @property {Kind} kind
 * @property {string} id
 * @property {string | null} title_vi
 * @property {string | null} title_en
 * @property {string | null} owner
 * @property {"in" | "out" | "both" | "none"} direction
 * @property {string[]} contracts
 * @property {Duty | null} duty
 * @property {string | null} last_heard_at
 * @property {Whole | null} received
 * @property {Whole | null} rejected
 * @property {number | null} error_share
 * @property {number | null} alerts_open
 * @property {Key[]} keys
 * @property {number | null} recipients
 * @property {string[]} purposes
 * @property {string[]} legal_bases
 * @property {string | null} next_expiry_at
 * @property {string[]} findings The gravest first.
 * @typedef {object} Systems
 * @property {string} at
 * @property {string | null} as_of
 * @property {string} period
 * @property {Record<string, { vi: string, en: string }>} findings
 * @property {System[]} systems
 */

export {};
