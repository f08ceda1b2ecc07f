// The last months of a figure in a line, without numbers: they stand beside it.

import { svg } from "./svg.js";

const [W, H, EDGE] = [240, 64, 6];

/**
 * A line over months, with a dot where it ends; months without a value are gaps.
 * @param {(number | null)[]} values
 * @param {number | null} goal Where a target is drawn, if there is one.
 * @param {string} label
 */
export function sparkline(values, goal, label) {
  const there = values.filter((value) => value !== null);
  const all = goal === null ? there : [...there, goal];
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const span = most - least || 1;
  /** @param {number} i */
  const x = (i) => EDGE + (i / Math.max(values.length - 1, 1)) * (W - 2 * EDGE);
  /** @param {number} value */
  const y = (value) => H - EDGE - ((value - least) / span) * (H - 2 * EDGE);
  const size = { viewBox: `0 0 ${W} ${H}`, class: "spark" };
  const root = svg("svg", { ...size, role: "img", "aria-label": label });
  if (goal !== null) {
    root.append(svg("line", { class: "aim", x1: 0, x2: W, y1: y(goal), y2: y(goal) }));
  }
  let path = "";
  for (const [i, value] of values.entries()) {
    if (value === null) continue;
    path += `${i > 0 && values[i - 1] !== null ? "L" : "M"}${x(i)} ${y(value)}`;
  }
  if (path) root.append(svg("path", { class: "daily", d: path }));
  const last = values.findLastIndex((value) => value !== null);
  if (last >= 0) {
    root.append(svg("circle", { class: "dot", cx: x(last), cy: y(values[last] ?? 0), r: 5 }));
  }
  return root;
}
