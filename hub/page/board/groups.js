// The groups of KPIs: the hub lists them, and each may bring a module along.

import { ask, Trouble } from "../ask.js";
import { page } from "../page.js";
import { addUnits } from "../strings.js";
import { words } from "../words.js";
import { board } from "./state.js";

/** @import { Unit } from "../strings.js" */
/** @import { Group, Lang } from "../types.js" */
/** @import { GroupPart } from "./group-part.js" */

const t = words({
  vi: { no_module: "Không tải được phần trang của nhóm chỉ tiêu ({0})." },
  en: { no_module: "A group's part of the page cannot be loaded ({0})." },
});

/**
 * What a group's module may export; all of it is optional.
 * @typedef {object} GroupModule
 * @property {new () => GroupPart<unknown>} [part] An element that is shown below the table.
 * @property {Record<string, Unit>} [units] How the group's units of measure are written.
 * @property {Record<Lang, Record<string, string>>} [names] What the values of its dimensions are
 *   called, as in `{ vi: { "service=water": "nước" }, … }`.
 */

/** @type {Map<string, GroupModule>} */
const modules = new Map();

/**
 * The module of a group, where it has one.
 * @param {string} id
 */
export const moduleOf = (id) => modules.get(id);

/**
 * What a dimension's value is called; without a name, its code is shown.
 * @param {string} group
 * @param {string} dim
 * @param {string} code
 */
export const nameOf = (group, dim, code) =>
  modules.get(group)?.names?.[page.now.lang][`${dim}=${code}`] ?? code;

/**
 * Reads the groups, and what they bring along. A module that cannot be loaded does not take the
 * table away.
 */
export async function readGroups() {
  /** @type {{ groups: Group[] }} */
  const { groups } = await ask("/page/groups.json");
  const loads = await Promise.allSettled(groups.map(load));
  board.set({ groups });
  for (const [i, { status }] of loads.entries()) {
    if (status === "rejected") throw new Trouble(() => t("no_module", groups[i].part ?? ""));
  }
}

/** @param {Group} group */
async function load({ id, part }) {
  if (part === null || modules.has(id)) return;
  /** @type {GroupModule} */
  const module = await import(new URL(part, location.origin).href);
  addUnits(module.units ?? {});
  modules.set(id, module);
}
