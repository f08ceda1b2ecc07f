// Values side by side: bars with their names, longest first or in the order given; and, of another
// answer, a mark on each bar's line.

import { steps, svg } from "./svg.js";

const [W, NAME, MARK, ROW, T] = [960, 260, 150, 26, 26];

/**
 * @typedef {object} Bar
 * @property {string} name
 * @property {number | null} y
 * @property {string} text
 * @property {number | null} beside
 * @property {string} title
 */

/**
 * @param {{ bars: Bar[], goal: number | null, goalName: string, label: string }} what
 */
export function rankChart({ bars, goal, goalName, label }) {
  const values = bars.flatMap(({ y, beside }) => [y ?? 0, beside ?? 0]);
  const { top } = steps(Math.max(...values, goal ?? 0, 0) || 1);
  const height = T + bars.length * ROW + 8;
  const node = svg("svg", {
    viewBox: `0 0 ${W} ${height}`,
    class: "ranks",
    role: "img",
    "aria-label": label,
  });
  /** @param {number} value */
  const x = (value) => NAME + (Math.max(value, 0) / top) * (W - NAME - MARK);
  for (const [i, { name, y, text, beside, title }] of bars.entries()) {
    const above = T + i * ROW;
    const middle = above + ROW / 2 + 4;
    const short = name.length > 38 ? `${name.slice(0, 37)}…` : name;
    node.append(
      svg("text", { class: "name", x: NAME - 8, y: middle, "text-anchor": "end" }, short),
    );
    if (y !== null) {
      const width = Math.max(x(y) - NAME, 0);
      const place = { x: NAME, y: above + 5, width, height: ROW - 10, rx: 2 };
      node.append(svg("rect", { class: "bar", ...place }, svg("title", {}, title)));
    }
    if (beside !== null) {
      const at = x(beside);
      node.append(
        svg("line", { class: "beside", x1: at, x2: at, y1: above + 2, y2: above + ROW - 2 }),
      );
    }
    const end = Math.max(x(y ?? 0), beside === null ? 0 : x(beside)) + 6;
    node.append(svg("text", { class: "mark", x: end, y: middle }, text));
  }
  node.append(svg("line", { class: "axis", x1: NAME, x2: NAME, y1: T - 4, y2: height - 4 }));
  if (goal !== null && goal <= top) {
    const at = x(goal);
    node.append(svg("line", { class: "limit limit-1", x1: at, x2: at, y1: T - 6, y2: height - 4 }));
    node.append(
      svg(
        "text",
        { class: "limit-name limit-name-1", x: at, y: 14, "text-anchor": "middle" },
        goalName,
      ),
    );
  }
  return node;
}
