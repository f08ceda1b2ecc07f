// What the hub answers, as far as its pages read it. Types alone: nothing is run here.

/**
 * @typedef {"vi" | "en"} Lang
 * @typedef {number | bigint} Whole An integer; one that a double cannot hold comes as a bigint.
 * @typedef {object} Target
 * @property {string} op
 * @property {string} value
 * @typedef {object} Restatement What a closed figure would be now.
 * @property {string | null} value
 * @property {Whole} numerator
 * @property {Whole} denominator
 * @typedef {object} Figure
 * @property {string} [kpi] Its KPI, where an answer is about more than one.
 * @property {Record<string, string>} [dims]
 * @property {string} [period]
 * @property {string | null} value
 * @property {Whole} numerator
 * @property {Whole} denominator
 * @property {Whole} [scale]
 * @property {string} measure_unit
 * @property {Target | null} target
 * @property {boolean | null} met
 * @property {"provisional" | "official" | "restated"} status
 * @property {number | null} completeness
 * @property {string | null} fresh_at
 * @property {string} at
 * @property {string} cut
 * @property {string} definition_version
 * @property {string} [version] By which version it is counted, where its KPI has several.
 * @property {string} [version_until] From which day of the period on another one is in force.
 * @property {{ printed?: string, source?: string } | null} [published]
 * @property {string} [closed_at]
 * @property {Restatement} [restatement]
 * @property {{ list: string, message_vi: string, message_en: string }[]} [lacks] Lists not loaded.
 * @property {MissingPart[]} [missing] Parts that were not reported.
 * @property {Against} [progress] How it stands against the year's target.
 * @typedef {object} Against
 * @property {"met" | "on_course" | "behind" | "missed"} state
 * @property {"working_days" | "last_year" | null} paced_by
 * @property {string | null} expected What is due by now of a year's plan.
 * @property {Whole | null} passed
 * @property {Whole | null} whole
 * @typedef {object} MissingPart
 * @property {Record<string, string>} dims
 * @property {string} message_vi
 * @property {string} message_en
 * @typedef {object} Kpi
 * @property {string} id
 * @property {string} title_vi
 * @property {string} title_en
 * @property {string} question_vi
 * @property {string} question_en
 * @property {string} owner
 * @property {string} measure_unit
 * @property {string | null} contract
 * @property {string} group
 * @property {string[]} dimensions
 * @property {string[]} lists The lists of the things that its figure counts, by their ids.
 * @typedef {object} DefinedKpi One KPI of `/v1/catalogue`.
 * @property {string} id
 * @property {string} title_vi
 * @property {string} title_en
 * @property {string} question_vi
 * @property {string} question_en
 * @property {string} owner
 * @property {string} measure_unit
 * @property {string} formula
 * @property {string | null} contract
 * @property {string | null} legal_basis
 * @property {{ name: string, roles: string[], values: string[] | null }[]} dimensions
 * @property {string[]} lists The lists of reference data that it reads.
 * @property {Example[]} examples
 * @property {{ version: string, is_in_force: boolean, periods: string[] }[]} versions
 * @property {Definition[]} definitions The versions that its file holds, the first one first.
 * @property {Uses} used_by
 * @typedef {object} Definition
 * @property {string} version
 * @property {string} why_vi Empty of the first one.
 * @property {string} why_en
 * @property {string | null} legal_basis
 * @property {string} formula
 * @property {Example[]} examples
 * @property {{ from: string | null, to: string | null }[]} in_force
 * @typedef {object} Uses
 * @property {{ id: string, title_vi: string, title_en: string }} group
 * @property {boolean} is_on_board
 * @property {Use[]} uses All that uses it, with the version that it counts by.
 * @property {{ kind: string, id: string }[]} beside What counts the same events by terms of its own.
 * @property {boolean} is_open_data
 * @typedef {object} Use
 * @property {string} kind page, report, worklist, alert, target or open_data
 * @property {string} id
 * @property {string} version "in_force", or the name of the one that it keeps to.
 * @typedef {object} Example
 * @property {string} why
 * @property {string} period
 * @property {Record<string, string>} where
 * @property {number} numerator
 * @property {number} denominator
 * @typedef {object} Catalogue The answer of `/v1/kpis`.
 * @property {Kpi[]} kpis
 * @property {string[]} periods The years that have events, the latest first.
 * @property {string | null} default_period
 * @property {boolean} synthetic
 * @typedef {object} Board The answer of `/v1/kpis?period=` and an event of `/v1/stream`.
 * @property {string} period
 * @property {string} as_of
 * @property {string} cut
 * @property {Figure[]} figures
 * @typedef {object} Fresh When contracts were last heard, where nothing of the period changed by it.
 * @property {string} period
 * @property {string} as_of
 * @property {string} cut
 * @property {Record<string, string>} fresh By contract.
 * @typedef {object} Progress How far the hub is with loading its events.
 * @property {number} loaded
 * @property {number} total
 * @property {number} [events_per_second]
 * @typedef {object} Group A group of KPIs, as `/page/groups.json` lists it.
 * @property {string} id
 * @property {string} title_vi
 * @property {string} title_en
 * @property {string | null} part Where its module is, if it has one: see `board/group-part.js`.
 * @typedef {"valid" | "complete" | "clean" | "live"} Quality
 * @typedef {object} Heartbeat
 * @property {string} at
 * @property {string} state
 * @property {string | null} error
 * @property {Load} [load] What reading costs the upstream, of those that are read so.
 * @typedef {object} Load
 * @property {number} reads
 * @property {number} read_seconds
 * @property {number} last_rows
 * @property {Record<string, number>} waiting
 * @typedef {object} Source
 * @property {string} source
 * @property {string} [title_vi]
 * @property {string} [title_en]
 * @property {string | null} [owner]
 * @property {"daily" | "working_day" | "monthly" | "yearly" | null} cadence
 * @property {number} events_per_due
 * @property {number | null} silence_seconds_max
 * @property {boolean | null} is_late
 * @property {string | null} silent_party Of whom it is silent, where it owes events of a party.
 * @property {string | null} spoken_until Up to when what came of that party speaks.
 * @property {Heartbeat | null} heartbeat
 * @property {string | null} heard_at
 * @property {string | null} horizon
 * @property {number} lag_seconds
 * @property {Record<"p50" | "p95" | "p99", number> | null} lateness_seconds
 * @property {Record<Quality, Figure | null>} quality
 * @typedef {{ kpi: QualityKpi } & Record<Lang, string>} Formula
 * @typedef {"source_valid_share" | "source_complete_share" | "source_clean_share"
 *   | "source_fresh_minutes"} QualityKpi
 * @typedef {object} Sources The answer of `/v1/sources`.
 * @property {string} as_of
 * @property {string} period
 * @property {string} received
 * @property {Record<Quality, Formula>} formulas
 * @property {Source[]} sources
 * @property {Connected[]} connected
 * @typedef {object} Connected A sender, connector, station or outlet.
 * @property {"sender" | "connector" | "station" | "outlet"} kind
 * @property {string} id
 * @property {string | null} title_vi
 * @property {string | null} title_en
 * @property {"good" | "watch" | "bad" | "unknown"} state
 * @property {string | null} heartbeat_at
 * @property {string | null} last_good_at
 * @property {number | null} delivery_seconds_p95
 * @property {number | null} error_share
 * @property {number} alerts_open
 * @typedef {Record<string, string | number | null>} Row A row of the list behind a number.
 * @typedef {object} RowsBehind The answer of `/v1/sources/{source}/{quality}`.
 * @property {number} total
 * @property {Row[]} rows
 * @property {number | null} next_offset
 * @typedef {"open" | "fixed" | "replayed" | "superseded" | "discarded"} ItemState
 * @typedef {object} Cause Rejected items that are wrong in the same way.
 * @property {string} contract
 * @property {string} sender
 * @property {string} rule
 * @property {string} field
 * @property {number} count
 * @property {string} first_at
 * @property {string} last_at
 * @typedef {object} Act What somebody did to an item.
 * @property {ItemState} action
 * @property {string} by
 * @property {string} at
 * @property {string | null} receipt
 * @property {string} reason
 * @typedef {{ field: string, message_vi: string, message_en: string }} WrongField
 * @typedef {object} Item A rejected item as it stands now.
 * @property {string} event_id
 * @property {ItemState} state
 * @property {string | null} content Null where it may not be seen, or is there no more.
 * @property {Record<string, string>} [texts] By field, what it says as a clerk writes it.
 * @property {string} contract
 * @property {string | null} original_erased_at
 * @property {string} rejected_at
 * @property {WrongField & { faults?: WrongField[] } | null} verdict
 * @property {Act[]} acts
 * @typedef {object} Quarantine The answer of `/v1/quarantine`.
 * @property {Cause[]} groups
 * @property {Item[]} items
 * @property {number | null} next_offset
 * @typedef {object} Held An event that does not count until its sender stands in its thing.
 * @property {string} entity
 * @property {string} sender
 * @property {string} accepted_on
 * @property {{ event_id: string }} event
 * @property {string} message_vi
 * @property {string} message_en
 * @typedef {object} FormColumn A column of a contract's files, as a clerk fills it in.
 * @property {string} field
 * @property {string} header
 * @property {string} title_vi
 * @property {string} title_en
 * @property {string} how_vi
 * @property {string} how_en
 * @property {string} example
 * @property {string} kind
 * @property {boolean} is_needed
 * @property {{ text: string, meaning: string }[]} choices
 * @typedef {object} ContractForm
 * @property {string} contract
 * @property {string} title_vi
 * @property {string} title_en
 * @property {FormColumn[]} columns
 * @typedef {object} ChangedFigure
 * @property {string} period
 * @property {string} kpi
 * @property {TriedFigure | null} before
 * @property {TriedFigure | null} after
 * @typedef {Pick<Figure, "value" | "numerator" | "denominator" | "scale" | "restatement">} TriedFigure
 * @typedef {{ figures: ChangedFigure[] }} Trial What sending items again would change.
 * @typedef {object} Outcome What the hub answered to an act upon rejected items.
 * @property {Trial[] | null} [trials]
 * @property {Record<string, string>} [receipts] By item, the receipt of what was sent.
 * @property {string[]} [fixed]
 * @property {{ id: string, message_vi: string, message_en: string }[]} [refused]
 * @typedef {object} ReportColumn
 * @property {string} id
 * @property {string} title_vi
 * @property {string} title_en
 * @property {string} meaning_vi
 * @property {string} meaning_en
 * @property {string} group_vi What it is of, with its neighbours: dossiers received, resolved, open.
 * @property {string} group_en
 * @typedef {Record<string, string | number>} ReportRow Its code and name, and a number by column.
 * @typedef {"open" | "acknowledged" | "cleared" | "withdrawn"} AlertState
 * @typedef {object} Alert
 * @property {string} id
 * @property {"notice" | "warning" | "critical"} level
 * @property {string} title_vi
 * @property {string} title_en
 * @property {string} text_vi
 * @property {string} text_en
 * @property {string} owner
 * @property {AlertState} status
 * @property {string} raised_at
 * @property {string | null} cleared_at
 * @property {string | null} escalated_at
 * @property {string | null} acknowledged_at
 * @property {string | null} acknowledged_by
 * @property {string} link
 * @property {{ at: string, by: string, comment: string }[]} comments
 * @typedef {object} Alerts The answer of `/v1/alerts`.
 * @property {string | null} as_of
 * @property {number} total
 * @property {Alert[]} alerts
 * @typedef {object} Report The answer of `/v1/reports/{report}`.
 * @property {string} number
 * @property {string} title_vi
 * @property {string} title_en
 * @property {string} period
 * @property {string | null} unit
 * @property {string} unit_name
 * @property {string} status
 * @property {string | null} as_of
 * @property {ReportColumn[]} columns
 * @property {ReportRow[]} rows
 * @property {ReportRow} total
 * @property {{ equation: string, code: string, whole: number, parts: number }[]} broken
 */

/**
 * @typedef {object} SignedInPerson
 * @property {string} name
 * @property {{ id: string, title_vi: string, title_en: string }[]} roles
 * @property {string[]} units Empty: the whole province.
 */

export {};
