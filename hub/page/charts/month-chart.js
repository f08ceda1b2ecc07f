// The months of one KPI.

import { steps, svg } from "./svg.js";

const [W, H, T, B] = [640, 170, 22, 24];

/**
 * @typedef {object} Month
 * @property {string} name
 * @property {number | null} y Null where there is no value.
 * @property {string} text
 * @property {string} title
 */

/**
 * Twelve (or fewer) months: bars for amounts, a line with dots for shares and levels.
 * @param {{ months: Month[], kind: "bars" | "line", label: string }} what
 */
export function monthChart({ months, kind, label }) {
  const { top } = steps(Math.max(...months.map((month) => month.y ?? 0), 0) || 1);
  const slot = W / Math.max(months.length, 1);
  /** @param {number} i */
  const x = (i) => slot * (i + 0.5);
  /** @param {number} value */
  const y = (value) => H - B - (Math.max(value, 0) / top) * (H - T - B);
  const size = { viewBox: `0 0 ${W} ${H}`, class: `months ${kind}` };
  const root = svg("svg", { ...size, role: "img", "aria-label": label });
  const axis = svg("line", { class: "axis", x1: 0, x2: W, y1: H - B, y2: H - B });
  root.append(axis);
  let path = "";
  for (const [i, month] of months.entries()) {
    const middle = { x: x(i), "text-anchor": "middle" };
    root.append(svg("text", { class: "tick", y: H - 7, ...middle }, month.name));
    if (month.y === null) continue;
    const above = y(month.y);
    path += `${i > 0 && months[i - 1].y !== null ? "L" : "M"}${x(i)} ${above}`;
    const shape =
      kind === "bars"
        ? svg("rect", {
            class: "bar",
            x: x(i) - slot * 0.3,
            width: slot * 0.6,
            y: above,
            height: H - B - above,
            rx: 2,
          })
        : svg("circle", { class: "dot", cx: x(i), cy: above, r: 4 });
    shape.append(svg("title", {}, month.title));
    root.append(shape, svg("text", { class: "mark", y: above - 7, ...middle }, month.text));
  }
  if (kind === "line" && path) axis.after(svg("path", { class: "daily", d: path }));
  return root;
}
