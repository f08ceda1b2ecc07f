// Draws a branch from its mouth to its head: stations by km, and how far the salt may have come.

import { svg } from "../charts/svg.js";

const [L, R] = [16, 20];
const [ROW, ROWS] = [38, 28]; // what labels need above the river, in one row and in two
const [DEPTH, LINE_STEP] = [26, 20];
const LABEL_PX = 46;

/**
 * @typedef {object} Mark
 * @property {string} code
 * @property {number} km
 * @property {string} text Its value.
 * @property {string} label What a screen reader says.
 * @property {"none" | "stale" | "flagged" | "good"} state
 * @property {boolean} isChosen
 * @typedef {object} Reach How far a line may have come: surely `from`, before `until`.
 * @property {string} name
 * @property {number} from
 * @property {number | null} until
 * @typedef {object} River
 * @property {Mark[]} marks
 * @property {Reach[]} reaches The lower threshold first.
 * @property {number} km How long the drawing is.
 * @property {number} width
 * @property {string} label
 * @property {(code: string) => void} onChoose
 */

/** @param {River} river */
export function drawRiver({ marks, reaches, km, width, label, onChoose }) {
  const x = (/** @type {number} */ at) => L + (at / km) * (width - L - R);
  const raised = raises(marks, x);
  const top = ROW + (raised.includes(true) ? ROWS : 0);
  const bottom = top + DEPTH;
  const height = bottom + 24 + reaches.length * LINE_STEP + 6;
  const node = svg("svg", {
    viewBox: `0 0 ${width} ${height}`,
    class: "river",
    role: "group",
    "aria-label": label,
  });
  node.append(...hatches(reaches, label), ...water(reaches, x, km, top, label));
  node.append(...axis(x, km, bottom, width));
  for (const [i, reach] of reaches.entries()) {
    node.append(bracket(reach, i, x, km, bottom + 36 + i * LINE_STEP));
  }
  for (const [i, mark] of marks.entries()) {
    node.append(stationMark(mark, x(mark.km), top, raised[i], onChoose));
  }
  return node;
}

/**
 * Tells which labels stand a row higher: those too near to the one before.
 * @param {Mark[]} marks @param {(km: number) => number} x
 */
function raises(marks, x) {
  let [last, isRaised] = [-Infinity, false];
  return marks.map(({ km }) => {
    isRaised = x(km) - last < LABEL_PX && !isRaised;
    last = x(km);
    return isRaised;
  });
}

/** @param {string} label @param {number} i */
const hatchOf = (label, i) => `hatch-${label.replace(/[^a-z0-9]/gi, "")}-${i}`;

/** @param {Reach[]} reaches @param {string} label */
function* hatches(reaches, label) {
  for (const i of reaches.keys()) {
    const size = { id: hatchOf(label, i), width: 7, height: 7, patternUnits: "userSpaceOnUse" };
    const turned = { patternTransform: `rotate(${i ? 45 : -45})` };
    const stroke = svg("line", { class: `hatch-${i}`, x1: 0, x2: 0, y1: 0, y2: 7 });
    yield svg("pattern", { ...size, ...turned }, stroke);
  }
}

/**
 * The river, wide at the mouth; over it what the salt surely reached, and what it may have.
 * @param {Reach[]} reaches @param {(km: number) => number} x @param {number} km
 * @param {number} top @param {string} label
 */
function* water(reaches, x, km, top, label) {
  const half = (/** @type {number} */ at) => (DEPTH / 2) * (1 - (0.55 * at) / km);
  const middle = top + DEPTH / 2;
  const part = (/** @type {number} */ from, /** @type {number} */ until) =>
    `M${x(from)} ${middle - half(from)}L${x(until)} ${middle - half(until)}` +
    `L${x(until)} ${middle + half(until)}L${x(from)} ${middle + half(from)}Z`;
  yield svg("path", { class: "water", d: part(0, km) });
  for (const [i, { from, until }] of reaches.entries()) {
    const end = Math.min(until ?? km, km);
    const fill = `url(#${hatchOf(label, i)})`;
    if (end > from) yield svg("path", { class: `may may-${i}`, d: part(from, end), fill });
  }
  for (const [i, { from }] of reaches.entries()) {
    if (from > 0) yield svg("path", { class: `sure sure-${i}`, d: part(0, from) });
  }
}

/**
 * @param {(km: number) => number} x @param {number} km @param {number} y @param {number} width
 */
function* axis(x, km, y, width) {
  const step = [5, 10, 20, 50, 100].find((s) => (s / km) * width > 40) ?? 200;
  for (let at = 0; at <= km; at += step) {
    yield svg("line", { class: "axis", x1: x(at), x2: x(at), y1: y, y2: y + 5 });
    const anchor = at === 0 ? "start" : "middle";
    const place = { x: at === 0 ? x(0) - 4 : x(at), y: y + 17, "text-anchor": anchor };
    yield svg("text", { class: "tick", ...place }, at === 0 ? "0 km" : String(at));
  }
}

/**
 * The interval of a line; open where it has no end.
 * @param {Reach} reach @param {number} i @param {(km: number) => number} x @param {number} km
 * @param {number} y
 */
function bracket({ name, from, until }, i, x, km, y) {
  const [a, b] = [x(from), x(Math.min(until ?? km, km))];
  const end =
    until === null ? `M${b - 6} ${y - 5}L${b} ${y}L${b - 6} ${y + 5}` : `M${b} ${y - 5}V${y + 5}`;
  const isLeft = a > 60;
  const place = { x: isLeft ? a - 6 : b + 6, y: y + 4, "text-anchor": isLeft ? "end" : "start" };
  const inside = until === null && !isLeft;
  return svg(
    "g",
    { class: `reach reach-${i}` },
    svg("path", { d: `M${a} ${y - 5}V${y + 5}M${a} ${y}H${b}${end}` }),
    svg("text", inside ? { x: a + 6, y: y - 4 } : place, name),
  );
}

/**
 * @param {Mark} mark @param {number} at @param {number} top @param {boolean} isRaised
 * @param {(code: string) => void} onChoose
 */
function stationMark({ code, text, label, state, isChosen }, at, top, isRaised, onChoose) {
  const y = top + DEPTH / 2;
  const above = top - (isRaised ? ROW + ROWS : ROW) + 6;
  const shape =
    state === "good"
      ? svg("circle", { cx: at, cy: y, r: 7 })
      : state === "flagged"
        ? svg("path", { d: `M${at} ${y - 9}L${at + 9} ${y + 7}H${at - 9}Z` })
        : svg("rect", { x: at - 7, y: y - 7, width: 14, height: 14 });
  const node = svg(
    "g",
    {
      class: `station ${state}`,
      role: "button",
      tabindex: 0,
      "aria-pressed": String(isChosen),
      "aria-label": label,
      "data-station": code,
    },
    svg("rect", { class: "hit", x: at - 21, y: above - 4, width: 42, height: y + 16 - above }),
    svg("line", { class: "stem", x1: at, x2: at, y1: above + 27, y2: y - 8 }),
    shape,
    svg("text", { class: "code", x: at, y: above + 10, "text-anchor": "middle" }, code),
    " ",
    svg("text", { class: "value", x: at, y: above + 24, "text-anchor": "middle" }, text),
  );
  node.addEventListener("click", () => onChoose(code));
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    onChoose(code);
  });
  return node;
}
