// What the hub answers about water. Types alone: nothing is run here.

/**
 * @typedef {object} Flagged A value that counts nowhere.
 * @property {string} at
 * @property {number | null} value
 * @property {string[]} tests
 * @typedef {object} Extremes
 * @property {number} max
 * @property {number} min
 * @property {Record<string, number>} hours_over Clock hours at or over each threshold, by g/L.
 * @typedef {object} StationState
 * @property {string} station
 * @property {string} name_vi
 * @property {string | null} branch
 * @property {number | null} chainage_km From the mouth.
 * @property {string | null} owner
 * @property {Partial<Record<Use, number>>} limits g/L by use.
 * @property {{ at: string, value: number, trend: number | null } | null} latest
 * @property {Extremes & { day: string } | null} today
 * @typedef {"drinking" | "orchard" | "rice"} Use
 * @typedef {StationState & { flagged: Flagged | null }} ListedStation
 * @typedef {object} Stations The answer of `/v1/stations`.
 * @property {string} at
 * @property {string} cut
 * @property {boolean} is_checked
 * @property {ListedStation[]} stations
 * @typedef {object} SaltLine
 * @property {number} grams_per_litre
 * @property {number} from_km
 * @property {number | null} until_km Null where it may stand anywhere from `from_km` on.
 * @typedef {object} Branch
 * @property {string} branch
 * @property {SaltLine[]} lines
 * @property {BranchStation[]} stations
 * @typedef {object} BranchStation
 * @property {string} station
 * @property {number} chainage_km
 * @property {number | null} peak The greatest of the last tidal day.
 * @property {boolean} is_complete Whether no peak can have gone unseen.
 * @typedef {{ branches: Branch[] }} Branches The answer of `/v1/branches`.
 * @typedef {object} Window
 * @property {Use | null} use Null where no use has this limit: a line.
 * @property {number} limit
 * @property {string} from
 * @property {string} until
 * @property {number} expected
 * @property {number} at_most
 * @typedef {{ at: string, expected: number, low: number, high: number }} Foretold
 * @typedef {object} Told What one station is told with, beside how it stands.
 * @property {(Extremes & { day: string })[]} daily
 * @property {Window[]} windows
 * @property {Foretold[]} forecast
 * @property {{ reason: string, message_vi: string, message_en: string } | null} withheld
 * @property {{ hours: number, mean_error: number, naive_mean_error: number } | null} trial
 * @typedef {StationState & Told} OneStation The answer of `/v1/stations/{code}`.
 * @typedef {object} WeekHour
 * @property {string} hour
 * @property {number | null} max
 * @property {number | null} min
 * @property {number | null} before_max
 * @property {number | null} before_min
 * @typedef {object} WeekSum
 * @property {number | null} max
 * @property {number | null} min
 * @property {number} hours Clock hours with a value.
 * @property {Record<string, number>} hours_over
 * @typedef {"tide" | "clock"} By
 * @typedef {object} Weeks The answer of `/v1/stations/{code}/weeks`.
 * @property {string} station
 * @property {By} by
 * @property {number} shift_seconds
 * @property {string} from
 * @property {string} until
 * @property {number[]} thresholds
 * @property {WeekSum} this
 * @property {WeekSum} before
 * @property {WeekHour[]} hours
 * @property {Flagged[]} flagged
 */

export {};
