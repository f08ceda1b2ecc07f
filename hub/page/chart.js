// Small SVG charts: a year of days with open gaps, and the months of one KPI.
// Sizes and places are geometry and may be floats; every number that is read comes in as text.

const NS = "http://www.w3.org/2000/svg";
const DAY_MS = 86_400_000;

function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** First day and the day after the last of a calendar period such as 2023, 2023-Q1, 2023-H2, 2023-05. */
export function periodDays(period) {
  const match = /^(\d{4})(?:-(Q[1-4]|H[12]|\d{2}))?$/.exec(period);
  if (!match) return null;
  const [, year, part = "H0"] = match;
  const width = { Q: 3, H: 6 }[part[0]] ?? 1;
  const [first, months] = part === "H0" ? [0, 12]
    : [(Number(part.replace(/\D/, "")) - 1) * width, width];
  return [Date.UTC(year, first, 1), Date.UTC(year, first + months, 1)];
}

/** A round top for an axis: 1, 2 or 5 times a power of ten, in at most six steps. */
function steps(greatest) {
  const rough = Math.max(greatest, 1e-9) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= rough);
  return { step, top: Math.ceil(greatest / step - 1e-9) * step };
}

/** Runs of neighbouring days: a missing day ends one, so a gap is never drawn over. */
function runs(points) {
  const out = [];
  for (const point of points) {
    const run = out.at(-1);
    if (run && point.at - run.at(-1).at === DAY_MS) run.push(point);
    else out.push([point]);
  }
  return out;
}

/**
 * Daily values of one station.
 * points: [{at (UTC ms of the day), y, text}] by day; span: [from, to); greatest: shared by all stations;
 * lines: thresholds; months: (1..12) → label; onRead: (at | null) when a day is pointed at.
 */
export function dayChart({ points, span, greatest, lines, months, label, empty, onRead }) {
  const [W, H, L, R, T, B] = [340, 160, 26, 18, 8, 22];
  const { step, top } = steps(greatest);
  const x = (at) => L + ((at - span[0]) / (span[1] - span[0])) * (W - L - R);
  const y = (value) => H - B - (value / top) * (H - T - B);
  const root = svg("svg", { viewBox: `0 0 ${W} ${H}`, class: "days", role: "img", "aria-label": label });

  for (let value = 0; value <= top + step / 2; value += step) {
    root.append(svg("line", { class: "grid", x1: L, x2: W - R, y1: y(value), y2: y(value) }),
      svg("text", { class: "tick", x: L - 5, y: y(value) + 3.5, "text-anchor": "end" }, String(Math.round(value * 100) / 100)));
  }
  const start = new Date(span[0]);
  const count = Math.round((span[1] - span[0]) / (30.4 * DAY_MS));
  for (let k = 0; k <= count; k += 1) {
    const at = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + k, 1);
    if (at < span[0] || at > span[1]) continue;
    root.append(svg("line", { class: "axis", x1: x(at), x2: x(at), y1: H - B, y2: H - B + 3 }));
    if (at < span[1] && (count <= 6 || k % 3 === 0)) {
      root.append(svg("text", { class: "tick", x: x(at) + 1, y: H - 6 }, months(new Date(at).getUTCMonth() + 1)));
    }
  }
  root.append(svg("line", { class: "axis", x1: L, x2: W - R, y1: H - B, y2: H - B }));
  if (!points.length) {
    root.append(svg("text", { class: "void", x: (L + W - R) / 2, y: (T + H - B) / 2 + 4, "text-anchor": "middle" }, empty));
    return { node: root, read: () => {} };
  }
  for (const [i, value] of lines.entries()) {
    if (value > top) continue;
    root.append(svg("line", { class: `limit limit-${i}`, x1: L, x2: W - R, y1: y(value), y2: y(value) }),
      svg("text", { class: `limit-name limit-name-${i}`, x: W - R + 5, y: y(value) + 4 }, String(value)));
  }
  const stroke = runs(points).map((run) =>
    `M${run.map((p) => `${x(p.at).toFixed(1)} ${y(p.y).toFixed(1)}`).join("L")}${run.length === 1 ? "h0.01" : ""}`);
  root.append(svg("path", { class: "daily", d: stroke.join("") }));

  const ray = svg("line", { class: "ray", y1: T, y2: H - B, visibility: "hidden" });
  const dot = svg("circle", { class: "dot", r: 3.5, visibility: "hidden" });
  root.append(ray, dot);
  const byDay = new Map(points.map((p) => [p.at, p]));

  /** Moves the marker; a day without a reading shows the line alone. */
  function read(at) {
    const point = at === null ? null : byDay.get(at);
    ray.setAttribute("visibility", at === null ? "hidden" : "visible");
    dot.setAttribute("visibility", point ? "visible" : "hidden");
    if (at === null) return;
    ray.setAttribute("x1", x(at));
    ray.setAttribute("x2", x(at));
    if (point) {
      dot.setAttribute("cx", x(at));
      dot.setAttribute("cy", y(point.y));
    }
  }

  let here = null;
  const tell = (at) => {
    here = at;
    onRead(at, at === null ? 0 : x(at) / W);
  };
  const clamp = (at) => Math.min(Math.max(at, span[0]), span[1] - DAY_MS);
  const pointed = (event) => {
    const box = root.getBoundingClientRect();
    const inside = (((event.clientX - box.left) / box.width) * W - L) / (W - L - R);
    tell(clamp(span[0] + Math.floor((inside * (span[1] - span[0])) / DAY_MS) * DAY_MS));
  };
  root.addEventListener("pointermove", pointed);
  root.addEventListener("pointerdown", pointed);
  root.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && tell(null));
  root.setAttribute("tabindex", "0");
  const peak = points.reduce((a, b) => (b.y > a.y ? b : a));
  root.addEventListener("focus", () => root.matches(":focus-visible") && tell(peak.at));
  root.addEventListener("blur", () => tell(null));
  root.addEventListener("keydown", (event) => {
    const from = here ?? peak.at;
    const to = { ArrowLeft: from - DAY_MS, ArrowRight: from + DAY_MS, PageUp: from - 30 * DAY_MS,
      PageDown: from + 30 * DAY_MS, Home: points[0].at, End: points.at(-1).at }[event.key];
    if (event.key === "Escape") tell(null);
    if (to === undefined) return;
    event.preventDefault();
    tell(clamp(to));
  });
  return { node: root, read };
}

/** Twelve (or fewer) months: bars for amounts, a line with dots for shares and levels. */
export function monthChart({ points, kind, label }) {
  const [W, H, T, B] = [640, 170, 22, 24];
  const known = points.filter((p) => p.y !== null);
  const { top } = steps(Math.max(...known.map((p) => p.y), 0) || 1);
  const slot = W / Math.max(points.length, 1);
  const x = (i) => slot * (i + 0.5);
  const y = (value) => H - B - (Math.max(value, 0) / top) * (H - T - B);
  const root = svg("svg", { viewBox: `0 0 ${W} ${H}`, class: `months ${kind}`, role: "img", "aria-label": label });
  root.append(svg("line", { class: "axis", x1: 0, x2: W, y1: H - B, y2: H - B }));
  let path = "";
  points.forEach((point, i) => {
    root.append(svg("text", { class: "tick", x: x(i), y: H - 7, "text-anchor": "middle" }, point.name));
    if (point.y === null) return;
    const joined = i > 0 && points[i - 1].y !== null;
    path += `${joined ? "L" : "M"}${x(i)} ${y(point.y)}`;
    const mark = kind === "bars"
      ? svg("rect", { class: "bar", x: x(i) - slot * 0.3, width: slot * 0.6, y: y(point.y), height: H - B - y(point.y), rx: 2 })
      : svg("circle", { class: "dot", cx: x(i), cy: y(point.y), r: 4 });
    mark.append(svg("title", {}, point.title));
    root.append(mark, svg("text", { class: "mark", x: x(i), y: y(point.y) - 7, "text-anchor": "middle" }, point.text));
  });
  if (kind === "line" && path) root.insertBefore(svg("path", { class: "daily", d: path }), root.firstChild.nextSibling);
  return root;
}
