// What the hub answers to questions about figures. Types alone.

/** @import { Exchange } from "../elements/types.js" */
/** @import { Figure, Restatement, Target, Whole } from "../types.js" */

/**
 * @typedef {object} Named A dimension, with a value where one is picked.
 * @property {string} id
 * @property {string} title_vi
 * @property {string} title_en
 * @property {string} [value]
 * @property {string} [name]
 * @typedef {object} Reported What a unit sent: days with something, of so many.
 * @property {number} days
 * @property {number} of
 * @property {boolean} is_owed
 * @property {string | null} last_on
 * @property {number | null} silent_days
 * @property {number | null} silent_working_days
 * @typedef {object} More
 * @property {Record<string, string>} names By dimension, what lists call the code.
 * @property {Pick<Figure, "value" | "numerator" | "denominator" | "status"> | null} beside
 * @property {string | null} difference
 * @property {string | null} pull
 * @property {string | null} lacks
 * @property {Reported | null} reported
 * @typedef {Figure & More} Row
 * @typedef {object} Beside
 * @property {string} period
 * @property {string | null} unit
 * @property {string | null} view
 * @property {string} at
 * @property {string | null} as_of
 * @property {string | null} version
 * @property {Figure | null} whole
 * @typedef {object} Ranking The answer of `/v1/kpis/{id}/ranking`.
 * @property {string} kpi
 * @property {string} title_vi
 * @property {string} title_en
 * @property {string} measure_unit
 * @property {string} period
 * @property {string} from
 * @property {string} to
 * @property {string} at
 * @property {boolean} is_running
 * @property {string | null} as_of
 * @property {Named[]} by
 * @property {Named[]} where
 * @property {Figure | null} whole
 * @property {Beside | null} beside
 * @property {{ value: string, is_ceiling: boolean, target: Target | null } | null} goal
 * @property {number} total
 * @property {Row[]} rows
 * @typedef {{ entity: string, numerator: Whole, denominator: Whole } & Record<string, Whole>} Fact
 * @typedef {object} Facts A page of `/v1/kpis/{id}/facts`.
 * @property {number} total
 * @property {Fact[]} facts
 * @property {string | null} next
 * @typedef {object} Proof The answer of `/v1/kpis/{id}/explain`.
 * @property {string} entity
 * @property {Record<string, string | number | null>[]} events
 * @property {Record<string, string | number | null>} fact
 * @property {string[]} counted_in
 * @property {Exchange[]} [exchanges] Messages about it to other services.
 * @typedef {object} CauseEvent
 * @property {string} entity
 * @property {string} sender
 * @property {string} event_id
 * @property {string} accepted_on
 * @typedef {object} WhyCause
 * @property {string | null} entity
 * @property {Whole} numerator
 * @property {Whole} denominator
 * @property {CauseEvent[]} events
 * @typedef {Pick<Figure, "value" | "numerator" | "denominator" | "measure_unit" | "scale">} Said
 * @typedef {{ numerator: Whole, denominator: Whole }} Pair
 * @typedef {object} Changed
 * @property {string} kpi
 * @property {string} title_vi
 * @property {string} title_en
 * @property {string} measure_unit
 * @property {Said | null} before
 * @property {Said | null} after
 * @property {boolean} is_closed
 * @property {Pair} by_clock
 * @property {Pair} by_events
 * @property {WhyCause[]} causes
 * @property {Pair & { count: number }} other_causes
 * @typedef {object} Changes The answer of `/v1/changes`.
 * @property {string} period
 * @property {string} since
 * @property {string} until
 * @property {Changed[]} changed
 * @typedef {object} Restated
 * @property {string} kpi
 * @property {string} closed_at
 * @property {string} closed_by
 * @property {Restatement} official
 * @property {Restatement} restated
 * @property {WhyCause[]} causes
 * @property {Pair & { count: number }} other_causes
 */

export {};
