// Hours of one place: lines with open gaps, an interval, limits, spans, and values that do not count.

import { steps, svg } from "./svg.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const OFFSET_MS = 7 * HOUR_MS; // days begin at midnight in Viet Nam
const GAP_MS = 2 * HOUR_MS;
const [H, L, R, T, B] = [250, 40, 14, 16, 26];

/**
 * @typedef {{ at: number, y: number }} Point
 * @typedef {{ name: string, points: Point[] }} Line
 * @typedef {object} HourChart
 * @property {[number, number]} span
 * @property {Line[]} lines `name` is its class; the first is read by keys.
 * @property {{ at: number, low: number, high: number }[]} [band]
 * @property {{ from: number, until: number }[]} [spans] Shaded, and marked at the foot.
 * @property {{ at: number, y: number, title: string }[]} [flags] What does not count.
 * @property {{ y: number, text: string, isChosen: boolean }[]} limits
 * @property {(value: number) => string} written How a value of the axis is written.
 * @property {number} width
 * @property {string} label
 * @property {(at: number | null) => void} onRead Called with the hour that is pointed at.
 * @typedef {{ x: (at: number) => number, y: (value: number) => number }} Scales
 */

/**
 * Breaks points where more than two hours lie between them.
 * @param {Point[]} points @param {Scales} scales
 */
function path(points, { x, y }) {
  let [drawn, last] = ["", -Infinity];
  for (const point of points) {
    drawn += `${point.at - last > GAP_MS ? "M" : "L"}${x(point.at).toFixed(1)} ${y(point.y).toFixed(1)}`;
    last = point.at;
  }
  return drawn;
}

/**
 * @param {Scales} scales @param {number} top @param {number} step
 * @param {Pick<HourChart, "width" | "written">} chart
 */
function* grid({ y }, top, step, { width, written }) {
  for (let value = 0; value <= top + step / 2; value += step) {
    yield svg("line", { class: "grid", x1: L, x2: width - R, y1: y(value), y2: y(value) });
    const place = { x: L - 6, y: y(value) + 4, "text-anchor": "end" };
    yield svg("text", { class: "tick", ...place }, written(value));
  }
}

/** @param {Scales} scales @param {[number, number]} span @param {number} width */
function* dayTicks({ x }, [from, until], width) {
  const first = Math.ceil((from + OFFSET_MS) / DAY_MS) * DAY_MS - OFFSET_MS;
  for (let at = first; at <= until; at += DAY_MS) {
    yield svg("line", { class: "grid", x1: x(at), x2: x(at), y1: T, y2: H - B });
    const [, month, day] = new Date(at + OFFSET_MS).toISOString().slice(0, 10).split("-");
    if (x(at) < width - R - 24) {
      yield svg("text", { class: "tick", x: x(at) + 3, y: H - 9 }, `${day}/${month}`);
    }
  }
  yield svg("line", { class: "axis", x1: L, x2: width - R, y1: H - B, y2: H - B });
}

/** @param {HourChart} chart */
function topOf({ lines, band = [], limits }) {
  const values = [...lines.flatMap((line) => line.points), ...band.map(({ high: y }) => ({ y }))];
  const greatest = Math.max(0.1, ...values.map(({ y }) => y));
  const near = limits.filter((limit) => limit.isChosen || limit.y < 1.4 * greatest);
  return steps(Math.max(greatest, ...near.map(({ y }) => y * 1.05)));
}

/**
 * Draws hours; `read` marks one, or none.
 * @param {HourChart} chart
 */
export function hourChart(chart) {
  const { span, lines, band = [], spans = [], flags = [], limits, width, label } = chart;
  const { top, step } = topOf(chart);
  /** @type {Scales} */
  const scales = {
    x: (at) => L + ((at - span[0]) / (span[1] - span[0])) * (width - L - R),
    y: (value) => H - B - (Math.min(Math.max(value, 0), top) / top) * (H - T - B),
  };
  const { x, y } = scales;
  const size = { viewBox: `0 0 ${width} ${H}`, class: "hours" };
  const node = svg("svg", { ...size, role: "img", "aria-label": label, tabindex: 0 });
  for (const { from, until } of spans) {
    const wide = Math.max(x(until) - x(from), 1);
    node.append(svg("rect", { class: "window", x: x(from), y: T, width: wide, height: H - T - B }));
    node.append(svg("rect", { class: "foot", x: x(from), y: H - B - 5, width: wide, height: 5 }));
  }
  node.append(...grid(scales, top, step, chart), ...dayTicks(scales, span, width));
  if (band.length) {
    const there = path(
      band.map(({ at, high }) => ({ at, y: high })),
      scales,
    );
    const back = path(
      [...band].reverse().map(({ at, low }) => ({ at: -at, y: low })),
      {
        x: (at) => x(-at),
        y,
      },
    );
    node.append(svg("path", { class: "band", d: `${there}${back.replace("M", "L")}Z` }));
  }
  for (const limit of limits.filter((l) => l.y <= top)) {
    const chosen = limit.isChosen ? " chosen" : "";
    const place = { x1: L, x2: width - R, y1: y(limit.y), y2: y(limit.y) };
    node.append(svg("line", { class: `threshold${chosen}`, ...place }));
  }
  for (const { name, points } of [...lines].reverse()) {
    node.append(svg("path", { class: `line ${name}`, d: path(points, scales) }));
  }
  for (const limit of limits.filter((l) => l.y <= top)) {
    const chosen = limit.isChosen ? " chosen" : "";
    const above = { x: width - R - 4, y: y(limit.y) - 4, "text-anchor": "end" };
    node.append(svg("text", { class: `threshold-name${chosen}`, ...above }, limit.text));
  }
  for (const flag of flags) {
    const [a, b] = [x(flag.at), y(flag.y)];
    const cross = `M${a - 4} ${b - 4}L${a + 4} ${b + 4}M${a - 4} ${b + 4}L${a + 4} ${b - 4}`;
    node.append(svg("path", { class: "flagged", d: cross }, svg("title", {}, flag.title)));
  }
  listen(node, chart, width);
  return { node, read: marker(node, lines, scales) };
}

/** @param {SVGSVGElement} node @param {Line[]} lines @param {Scales} scales */
function marker(node, lines, { x, y }) {
  const ray = svg("line", { class: "ray", y1: T, y2: H - B, visibility: "hidden" });
  const dots = lines.map(() => svg("circle", { class: "dot", r: 3.5, visibility: "hidden" }));
  node.append(ray, ...dots);
  return (/** @type {number | null} */ at) => {
    ray.setAttribute("visibility", at === null ? "hidden" : "visible");
    if (at !== null) {
      ray.setAttribute("x1", String(x(at)));
      ray.setAttribute("x2", String(x(at)));
    }
    for (const [i, { points }] of lines.entries()) {
      const point = points.find((p) => p.at === at);
      dots[i].setAttribute("visibility", point ? "visible" : "hidden");
      if (!point) continue;
      dots[i].setAttribute("cx", String(x(point.at)));
      dots[i].setAttribute("cy", String(y(point.y)));
    }
  };
}

/** @param {SVGSVGElement} node @param {HourChart} chart @param {number} width */
function listen(node, { span, lines, onRead }, width) {
  /** @type {number | null} */
  let here = null;
  const grain = lines[0]?.points[0]?.at ?? span[0];
  const tell = (/** @type {number | null} */ at) => {
    if (at === null) here = null;
    else {
      const hour = grain + Math.round((at - grain) / HOUR_MS) * HOUR_MS;
      here = Math.min(Math.max(hour, span[0]), span[1]);
    }
    onRead(here);
  };
  const pointed = (/** @type {PointerEvent} */ event) => {
    const box = node.getBoundingClientRect();
    const inside = (((event.clientX - box.left) / box.width) * width - L) / (width - L - R);
    tell(span[0] + inside * (span[1] - span[0]));
  };
  node.addEventListener("pointermove", pointed);
  node.addEventListener("pointerdown", pointed);
  node.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse") tell(null);
  });
  node.addEventListener("blur", () => tell(null));
  node.addEventListener("keydown", (event) => {
    const from = here ?? span[1];
    /** @type {Record<string, number | undefined>} */
    const moves = {
      ArrowLeft: from - HOUR_MS,
      ArrowRight: from + HOUR_MS,
      PageUp: from - DAY_MS,
      PageDown: from + DAY_MS,
      Home: span[0],
      End: span[1],
    };
    if (event.key === "Escape") tell(null);
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    tell(to);
  });
}
