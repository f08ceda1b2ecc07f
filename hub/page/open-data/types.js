// What the hub answers about open data. Types alone.

/**
 * @typedef {object} OpenFile
 * @property {string} url
 * @property {number} bytes
 * @property {string} sha256
 * @typedef {object} Dataset The rows of one KPI.
 * @property {string} id
 * @property {string} title_vi
 * @property {string} title_en
 * @property {string} question_vi
 * @property {string} question_en
 * @property {string} owner
 * @property {number} rows
 * @property {string} first_on Empty where there is no row.
 * @property {string} last_on
 * @property {string} finest The shortest kind of period: day, month, quarter or year.
 * @property {boolean} is_of_people
 * @property {number} withheld How many rows lack a number.
 * @property {number} revised
 * @property {string} modified_on
 * @property {OpenFile[]} files
 * @typedef {object} PastRelease
 * @property {number} number
 * @property {string} made_at
 * @property {number} least
 * @property {string[]} years
 * @property {number} revisions
 * @property {number} rows
 * @property {number} withheld
 * @typedef {object} OpenData The answer of `/v1/open-data`; without a release it has no more than these.
 * @property {{ number: number, made_at: string, least: number, years: string[], is_synthetic: boolean, revisions: number } | null} release
 * @property {Dataset[]} datasets
 * @typedef {object} Said What an answer has beside, where there is a release.
 * @property {string} publisher
 * @property {string} licence
 * @property {string} contact
 * @property {string} law_vi
 * @property {string} law_en
 * @property {string} withheld_vi
 * @property {string} withheld_en
 * @property {PastRelease[]} releases
 * @property {OpenFile[]} beside
 * @property {string[]} catalogue
 */

export {};
