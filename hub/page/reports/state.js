// What the parts of the page of reports share: what is asked for, the report, what a number is of.

import { ask, Trouble } from "../ask.js";
import { guarded } from "../failures.js";
import { page, remember } from "../page.js";
import { Store } from "../store.js";
import { thisYear } from "../strings.js";

/** @import { Report } from "../types.js" */
/** @import { Findings, IndexReport, Runs } from "./types.js" */

export const NAMES = ["06a", "06b", "766"];
export const INDEX = "766";

const asked = new URLSearchParams(location.search);

/**
 * @typedef {object} Drill
 * @property {string} code The row's code; empty for the total.
 * @property {string} column
 * @property {string[]} facts
 * @property {number} total
 */

/**
 * @typedef {object} ReportsState
 * @property {string} name Which report is asked for.
 * @property {string} unit
 * @property {string} due Whether due dates are as sent or computed.
 * @property {Report | null} report
 * @property {IndexReport | null} index The scores, where they are asked for.
 * @property {Drill | null} drill
 * @property {Findings | null} findings
 * @property {Runs | null} runs Null where they are not known, or not for this reader.
 */

/** @type {ReportsState} */
const first = {
  name: NAMES.find((name) => name === asked.get("report")) ?? "06a",
  unit: asked.get("unit") ?? "",
  due: asked.get("due") === "computed" ? "computed" : "sent",
  report: null,
  index: null,
  drill: null,
  findings: null,
  runs: null,
};

export const reports = new Store(first);

/** The address of what is asked for, without what is asked of it. */
export function query() {
  const { name, unit, due } = reports.now;
  const period = page.now.period || thisYear();
  // Each reading of an index says by which due dates it goes.
  return { period, ...(name !== INDEX && { due }), ...(unit && { unit }) };
}

async function readReport() {
  if (!page.now.list) page.set({ list: await ask("/v1/kpis") });
  const { name } = reports.now;
  const wanted = query();
  const { unit, due } = reports.now;
  remember({ report: name, unit, due, period: wanted.period });
  page.set({ period: wanted.period });
  /** @type {Report & IndexReport} */
  const report = await ask(`/v1/reports/${name}?${new URLSearchParams(wanted)}`);
  if (
    name !== reports.now.name ||
    String(Object.values(wanted)) !== String(Object.values(query()))
  ) {
    return; // something else was asked for meanwhile
  }
  page.set({ updatedAt: report.as_of ?? "" });
  const isIndex = name === INDEX;
  const index = isIndex ? report : null;
  reports.set({ report: isIndex ? null : report, index, drill: null, findings: null });
}

export const read = () => guarded("report", null, readReport);

/**
 * Lists the dossiers that a number counts.
 * @param {string} code
 * @param {string} column
 */
export function open(code, column) {
  return guarded("drill", null, async () => {
    const { name } = reports.now;
    /** @type {Record<string, string>} */
    const row = name === "06b" ? { procedure: code } : { unit: code };
    const wanted = { ...query(), ...(code && row), column };
    const { facts, total } = await ask(`/v1/reports/${name}/facts?${new URLSearchParams(wanted)}`);
    reports.set({ drill: { code, column, facts, total } });
  });
}

/** Looks for what does not look true in the period and unit that are asked for. */
export function findAgain() {
  return guarded("findings", null, async () => {
    const { period, unit } = { unit: "", ...query() };
    const wanted = new URLSearchParams({ period, ...(unit && { unit }) });
    /** @type {Findings} */
    const findings = await ask(`/v1/findings?${wanted}`);
    reports.set({ findings });
  });
}

/** Reads which reports are due by a schedule; who may not see that is shown none. */
export async function readRuns() {
  try {
    /** @type {Runs} */
    const runs = await ask("/v1/report-runs");
    reports.set({ runs });
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    reports.set({ runs: null });
  }
}
