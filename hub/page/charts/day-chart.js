// The days of one place: a line with open gaps, and limits that are not to be passed.

import { steps, svg } from "./svg.js";

export const DAY_MS = 86_400_000;
const [W, H, L, R, T, B] = [340, 160, 26, 18, 8, 22];

/**
 * @typedef {object} Day
 * @property {number} at The day, as milliseconds of its midnight in UTC.
 * @property {number} y
 * @property {string} text
 * @typedef {[number, number]} Span The first day, and the day after the last.
 * @typedef {object} Scales
 * @property {(at: number) => number} x
 * @property {(value: number) => number} y
 * @typedef {object} DayChart
 * @property {Day[]} days In order.
 * @property {Span} span
 * @property {number} greatest The greatest value of all charts that are read side by side.
 * @property {readonly number[]} limits
 * @property {(month: number) => string} month Names a month from 1 to 12.
 * @property {string} label
 * @property {string} empty What is written where no day has a value.
 * @property {(at: number | null, share: number) => void} onRead Called when a day is pointed at,
 *   with the share of the width at which it stands; null when none is any more.
 */

const PERIOD = /^(\d{4})(?:-(?:Q([1-4])|H([12])|(\d{2})))?$/;

/**
 * The days of a period such as 2023, 2023-Q1, 2023-H2, 2023-05.
 * @param {string} period
 * @returns {Span | null}
 */
export function periodDays(period) {
  const match = PERIOD.exec(period);
  if (!match) return null;
  const [year, quarter, half, month] = match.slice(1).map(Number);
  const [first, months] = month
    ? [month - 1, 1]
    : half
      ? [(half - 1) * 6, 6]
      : quarter
        ? [(quarter - 1) * 3, 3]
        : [0, 12];
  return [Date.UTC(year, first, 1), Date.UTC(year, first + months, 1)];
}

/**
 * Runs of neighbouring days: a missing day ends one, so that a gap is never drawn over.
 * @param {Day[]} days
 */
function runs(days) {
  /** @type {Day[][]} */
  const found = [];
  let last = -Infinity;
  for (const day of days) {
    if (day.at - last === DAY_MS) found[found.length - 1].push(day);
    else found.push([day]);
    last = day.at;
  }
  return found;
}

/** @param {Scales} scales @param {number} top @param {number} step */
function* grid({ y }, top, step) {
  for (let value = 0; value <= top + step / 2; value += step) {
    yield svg("line", { class: "grid", x1: L, x2: W - R, y1: y(value), y2: y(value) });
    const place = { x: L - 5, y: y(value) + 3.5, "text-anchor": "end" };
    yield svg("text", { class: "tick", ...place }, String(Math.round(value * 100) / 100));
  }
}

/** @param {Scales} scales @param {Span} span @param {DayChart["month"]} month */
function* monthTicks({ x }, [from, until], month) {
  const start = new Date(from);
  const count = Math.round((until - from) / (30.4 * DAY_MS));
  for (let k = 0; k <= count; k += 1) {
    const at = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + k, 1);
    if (at < from || at > until) continue;
    yield svg("line", { class: "axis", x1: x(at), x2: x(at), y1: H - B, y2: H - B + 3 });
    if (at < until && (count <= 6 || k % 3 === 0)) {
      const name = month(new Date(at).getUTCMonth() + 1);
      yield svg("text", { class: "tick", x: x(at) + 1, y: H - 6 }, name);
    }
  }
  yield svg("line", { class: "axis", x1: L, x2: W - R, y1: H - B, y2: H - B });
}

/** @param {Scales} scales @param {readonly number[]} limits @param {number} top */
function* limitLines({ y }, limits, top) {
  for (const [i, value] of limits.entries()) {
    if (value > top) continue;
    yield svg("line", { class: `limit limit-${i}`, x1: L, x2: W - R, y1: y(value), y2: y(value) });
    const place = { x: W - R + 5, y: y(value) + 4 };
    yield svg("text", { class: `limit-name limit-name-${i}`, ...place }, String(value));
  }
}

/** @param {Scales} scales @param {Day[]} days */
function line({ x, y }, days) {
  const strokes = runs(days).map((run) => {
    const points = run.map((day) => `${x(day.at).toFixed(1)} ${y(day.y).toFixed(1)}`);
    return `M${points.join("L")}${run.length === 1 ? "h0.01" : ""}`;
  });
  return svg("path", { class: "daily", d: strokes.join("") });
}

/**
 * Daily values of one place. `read` moves the marker to a day, or takes it away.
 * @param {DayChart} chart
 * @returns {{ node: SVGSVGElement, read: (at: number | null) => void }}
 */
export function dayChart({ days, span, greatest, limits, month, label, empty, onRead }) {
  const { step, top } = steps(greatest);
  /** @type {Scales} */
  const scales = {
    x: (at) => L + ((at - span[0]) / (span[1] - span[0])) * (W - L - R),
    y: (value) => H - B - (value / top) * (H - T - B),
  };
  const size = { viewBox: `0 0 ${W} ${H}`, class: "days" };
  const node = svg("svg", { ...size, role: "img", "aria-label": label });
  node.append(...grid(scales, top, step), ...monthTicks(scales, span, month));
  if (!days.length) {
    const place = { x: (L + W - R) / 2, y: (T + H - B) / 2 + 4, "text-anchor": "middle" };
    node.append(svg("text", { class: "void", ...place }, empty));
    return { node, read: () => {} };
  }
  node.append(...limitLines(scales, limits, top), line(scales, days));
  listen(node, days, span, (at) => onRead(at, at === null ? 0 : scales.x(at) / W));
  return { node, read: marker(node, days, scales) };
}

/**
 * Adds the marker; gives what moves it. A day without a value shows the line alone.
 * @param {SVGSVGElement} node
 * @param {Day[]} days
 * @param {Scales} scales
 */
function marker(node, days, { x, y }) {
  const ray = svg("line", { class: "ray", y1: T, y2: H - B, visibility: "hidden" });
  const dot = svg("circle", { class: "dot", r: 3.5, visibility: "hidden" });
  node.append(ray, dot);
  const byDay = new Map(days.map((day) => [day.at, day]));
  return (/** @type {number | null} */ at) => {
    const day = at === null ? undefined : byDay.get(at);
    ray.setAttribute("visibility", at === null ? "hidden" : "visible");
    dot.setAttribute("visibility", day ? "visible" : "hidden");
    if (at === null) return;
    ray.setAttribute("x1", String(x(at)));
    ray.setAttribute("x2", String(x(at)));
    if (day) {
      dot.setAttribute("cx", String(x(at)));
      dot.setAttribute("cy", String(y(day.y)));
    }
  };
}

/**
 * Has days be read by pointer and by keys.
 * @param {SVGSVGElement} node
 * @param {Day[]} days
 * @param {Span} span
 * @param {(at: number | null) => void} onRead
 */
function listen(node, days, span, onRead) {
  /** @type {number | null} */
  let here = null;
  const tell = (/** @type {number | null} */ at) => {
    here = at === null ? null : Math.min(Math.max(at, span[0]), span[1] - DAY_MS);
    onRead(here);
  };
  const pointed = (/** @type {PointerEvent} */ event) => {
    const box = node.getBoundingClientRect();
    const inside = (((event.clientX - box.left) / box.width) * W - L) / (W - L - R);
    tell(span[0] + Math.floor((inside * (span[1] - span[0])) / DAY_MS) * DAY_MS);
  };
  node.addEventListener("pointermove", pointed);
  node.addEventListener("pointerdown", pointed);
  node.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse") tell(null);
  });
  node.setAttribute("tabindex", "0");
  const peak = days.reduce((a, b) => (b.y > a.y ? b : a));
  node.addEventListener("focus", () => {
    if (node.matches(":focus-visible")) tell(peak.at);
  });
  node.addEventListener("blur", () => tell(null));
  node.addEventListener("keydown", (event) => {
    const from = here ?? peak.at;
    /** @type {Record<string, number | undefined>} */
    const moves = {
      ArrowLeft: from - DAY_MS,
      ArrowRight: from + DAY_MS,
      PageUp: from - 30 * DAY_MS,
      PageDown: from + 30 * DAY_MS,
      Home: days[0].at,
      End: days[days.length - 1].at,
    };
    if (event.key === "Escape") tell(null);
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    tell(to);
  });
}
