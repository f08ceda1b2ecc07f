// What the hub answers about messages to other services. Types alone.

/**
 * @typedef {"waiting" | "sending" | "pending" | "taken" | "refused" | "given_up" | "corrected"} ExchangeState
 * @typedef {object} Exchange A message to another service.
 * @property {string} id
 * @property {string} entity
 * @property {string} service
 * @property {ExchangeState} state
 * @property {string} why_vi
 * @property {string} why_en
 * @property {string | null} sent_at
 * @property {string | null} answered_at
 * @property {number} tries
 * @property {string} trace_id
 * @typedef {object} Ledger The answer of `/v1/exchanges`.
 * @property {{ state: ExchangeState, count: number }[]} counts
 * @property {{ code: string, answer: string, count: number }[]} refusals
 * @property {Exchange[]} exchanges
 */

export {};
