// Values in the order of time, as a line; another answer as a dashed one.

import { steps, svg } from "./svg.js";

const [W, H, L, R, T, B] = [960, 320, 64, 24, 26, 30];
const TICKS_MAX = 13;
const DOTS_MAX = 60;

/**
 * @typedef {object} Point
 * @property {string} name
 * @property {number | null} y
 * @property {number | null} beside
 * @property {string} title
 */

/**
 * @param {object} what
 * @param {Point[]} what.points
 * @param {number | null} what.goal
 * @param {string} what.goalName
 * @param {(value: number) => string} what.write How the axis is written.
 * @param {string} what.label
 */
export function seriesChart({ points, goal, goalName, write, label }) {
  const values = points.flatMap(({ y, beside }) => [y ?? 0, beside ?? 0]);
  const { step, top } = steps(Math.max(...values, goal ?? 0, 0) || 1);
  const slot = (W - L - R) / Math.max(points.length, 1);
  /** @param {number} i */
  const x = (i) => L + slot * (i + 0.5);
  /** @param {number} value */
  const y = (value) => H - B - (Math.max(value, 0) / top) * (H - T - B);
  const node = svg("svg", {
    viewBox: `0 0 ${W} ${H}`,
    class: "series",
    role: "img",
    "aria-label": label,
  });
  for (let value = 0; value <= top + step / 2; value += step) {
    const at = { y1: y(value), y2: y(value) };
    node.append(
      svg("line", { class: "grid", x1: L, x2: W - R, ...at }),
      svg("text", { class: "tick", x: L - 6, y: y(value) + 4, "text-anchor": "end" }, write(value)),
    );
  }
  const every = Math.ceil(points.length / TICKS_MAX);
  for (const [i, { name }] of points.entries()) {
    if (i % every) continue;
    node.append(svg("text", { class: "tick", x: x(i), y: H - 9, "text-anchor": "middle" }, name));
  }
  const lines = [
    svg("path", {
      class: "daily beside",
      d: path(
        points.map((point) => point.beside),
        x,
        y,
      ),
    }),
    svg("path", {
      class: "daily",
      d: path(
        points.map((point) => point.y),
        x,
        y,
      ),
    }),
  ];
  node.append(...lines);
  for (const [i, { y: value, title }] of points.entries()) {
    if (value === null || points.length > DOTS_MAX) continue;
    const place = { cx: x(i), cy: y(value), r: 4 };
    node.append(svg("circle", { class: "dot", ...place }, svg("title", {}, title)));
  }
  if (goal !== null && goal <= top) {
    const at = y(goal);
    node.append(
      svg("line", { class: "limit limit-1", x1: L, x2: W - R, y1: at, y2: at }),
      svg("text", { class: "limit-name limit-name-1", x: L + 4, y: at - 5 }, goalName),
    );
  }
  return node;
}

/**
 * A line with open gaps: where there is no value nothing is drawn.
 * @param {(number | null)[]} values @param {(i: number) => number} x @param {(v: number) => number} y
 */
function path(values, x, y) {
  let d = "";
  for (const [i, value] of values.entries()) {
    if (value === null) continue;
    const isJoined = i > 0 && values[i - 1] !== null;
    d += `${isJoined ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
  }
  return d;
}
