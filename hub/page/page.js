// The live page: reads the KPI list and the figures, then follows /v1/stream and changes figures in place.

import { dayChart, monthChart, periodDays } from "./chart.js";
import { Trouble, ask, drawTexts, el, followEvents, onKeyGiven, onLangChosen, parse, remember, wishedLang } from "./dom.js";
import { qualityRow, sourceTitle } from "./source.js";
import { agoText, completeText, dayText, figureText, fractionText, integer, named, targetText,
  thisYear, timeText, words } from "./strings.js";

const GROUPS = ["dossier", "procedure", "salinity", "payment"];
const COLUMNS = ["name", "figure", "fraction", "target", "met", "published", "complete", "fresh", "status"];
const LINES = [1, 4];
const FLASH_MS = 2500;

const byId = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);

const state = {
  lang: "vi",
  list: null,            // the body of /v1/kpis
  period: null,
  asOf: "",              // the local time, as in "2026-01-15T08:00:30", whose page is shown; empty: now
  entered: null,         // the period and time whose figures are on the screen
  isChosen: false,       // the reader picked the period; do not follow the hub's default
  figures: new Map(),    // row key → figure
  rows: new Map(),       // row key → its nodes
  open: new Set(),       // keys of expanded rows
  troubles: new Map(),   // where → {trouble, read}: what failed, and how to read it again
  stations: null,        // {period, days: Map(station → points), means: Map(station → figure)}
  sources: null,         // the body of /v1/sources
  link: "connecting",
  isRead: false,         // some answer for the period has come: what it lacks is absent, not unread
  isLoading: false,      // the hub is still loading its events
};
let t = words("vi");

/** Runs a read; its trouble is shown under the name `where` until the same read succeeds. */
async function guarded(where, read) {
  try {
    await read();
    if (state.troubles.delete(where)) drawNotices();
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    state.troubles.set(where, { trouble: error, read });
    drawNotices();
  }
}

/** Reads again whatever failed; what succeeds loses its notice. */
const repair = () => {
  for (const [where, { read }] of state.troubles) void guarded(where, read);
};

const due = new Map();
/** Runs `work` at most once per `ms`, the last request included. */
function soon(name, ms, work) {
  const last = due.get(name) ?? { at: -Infinity, timer: 0 };
  if (last.timer) return;
  last.timer = setTimeout(() => {
    last.timer = 0;
    last.at = performance.now();
    work();
  }, Math.max(0, last.at + ms - performance.now()));
  due.set(name, last);
}

const dimsOf = (figure) => figure.dims ?? {};
const keyOf = (figure) => [figure.kpi, ...Object.entries(dimsOf(figure)).sort().map((pair) => pair.join("="))].join("|");
const kpiOf = (id) => state.list.kpis.find((kpi) => kpi.id === id);
const titleOf = (kpi) => kpi[`title_${state.lang}`] ?? kpi.id;
const asked = (extra = {}) => new URLSearchParams({ period: state.period, ...(state.asOf && { as_of: `${state.asOf}+07:00` }), ...extra });
const path = (id, extra = {}) => `/v1/kpis/${id}?${asked(extra)}`;
/** What is on the screen: answers that come for something else are dropped. */
const screenOf = () => `${state.period} ${state.asOf}`;

// ── texts, notices, header ────────────────────────────────────────────────

/** One notice per message: a server that is down is said once, with everything that could not be read. */
function drawNotices() {
  const said = new Map();
  for (const [where, { trouble }] of state.troubles) {
    const text = trouble.say(state.lang);
    said.set(text, [...(said.get(text) ?? []), where]);
  }
  const dismiss = (places) => {
    for (const where of places) state.troubles.delete(where);
    drawNotices();
  };
  byId("notices").replaceChildren(...[...said].map(([text, places]) =>
    el("div", { class: "notice" },
      el("p", {}, el("strong", {}, text), " ", el("small", {}, t("where", places.join(", ")))),
      el("button", { type: "button", onclick: repair }, t("retry")),
      el("button", { type: "button", onclick: () => dismiss(places) }, t("close")))));
}

const exampleCommand = () => `curl -X POST ${location.origin}/v1/events/dossier \\
  -H "Authorization: Bearer $HUB_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{
    "event_id": "1",
    "dossier_code": "H57.132-${thisYear().slice(2)}0105-0001",
    "occurred_at": "${thisYear()}-01-05T08:30:00+07:00",
    "kind": "received",
    "received_by": "H57.132",
    "procedure_code": "1.005129",
    "service_level": "full",
    "channel": "online",
    "due_at": "${thisYear()}-01-12T17:00:00+07:00"
  }'`;

function drawHeader() {
  const years = [...new Set([thisYear(), ...state.list.periods, state.period])].sort().reverse();
  const chips = years.map((period) => el("button", { type: "button", "data-period": period,
    "aria-pressed": String(period === state.period), onclick: () => choose(period) }, period));
  const box = byId("periods");
  const held = document.activeElement?.dataset?.period;
  box.replaceChildren(...chips);
  if (held) box.querySelector(`[data-period="${CSS.escape(held)}"]`)?.focus();
  byId("synthetic").hidden = !state.list.synthetic;
  const isEmpty = !state.list.periods.length && !state.isLoading;
  byId("empty").hidden = !isEmpty;
  byId("salinity").hidden = isEmpty;
  byId("quality").hidden = isEmpty || state.asOf !== ""; // sources are judged as they are now
  if (isEmpty) byId("targets").hidden = true;
}

function drawLink(link = state.link) {
  state.link = link;
  byId("link").className = `link ${link}`;
  byId("link").textContent = t(link);
}

function drawCut(asOf, cut) {
  byId("updated").dateTime = asOf ?? "";
  byId("updated").textContent = asOf ? timeText(asOf) : "–";
  byId("cut").textContent = cut ?? "–";
  byId("cut").title = cut ?? "";
}

// ── KPI table ─────────────────────────────────────────────────────────────

/** Counts first, then shares, each in the order of the list; a KPI without a figure keeps its place. */
function rowsWanted() {
  const isShare = (kpi) => Number(kpi.measure_unit === "share");
  const kpis = state.list.kpis.filter((kpi) => GROUPS.includes(kpi.group));
  return kpis.sort((a, b) => isShare(a) - isShare(b)).flatMap((kpi) => {
    const keys = [...state.figures].filter(([, figure]) => figure.kpi === kpi.id).map(([key]) => key);
    return (keys.length ? keys.sort() : [kpi.id]).map((key) => ({ key, kpi }));
  });
}

function drawTable() {
  const wanted = rowsWanted();
  const held = document.activeElement?.closest?.("tr[data-key]")?.dataset.key;
  state.rows.clear();
  const head = el("thead", { role: "rowgroup" }, el("tr", { role: "row" },
    ...COLUMNS.map((column) => el("th", { scope: "col", role: "columnheader", class: column }, t(`col_${column}`)))));
  const bodies = GROUPS.map((group) => {
    const rows = wanted.filter(({ kpi }) => kpi.group === group).flatMap(({ key, kpi }) => makeRow(key, kpi));
    return rows.length && el("tbody", { role: "rowgroup" }, el("tr", { role: "row", class: "group" },
      el("th", { scope: "rowgroup", role: "rowheader", colspan: COLUMNS.length }, t(`group_${group}`))), ...rows);
  });
  byId("kpi-table").replaceChildren(head, ...bodies.filter(Boolean));
  for (const key of state.rows.keys()) fillRow(key);
  if (held) state.rows.get(held)?.button.focus();
  drawTiles();
}

function makeRow(key, kpi) {
  const panelId = `panel-${key.replace(/[^\w]/g, "-")}`;
  const button = el("button", { type: "button", class: "opener", "aria-expanded": "false", "aria-controls": panelId });
  const cells = Object.fromEntries(COLUMNS.map((column) => [column,
    el("td", { role: "cell", class: column, "data-name": t(`col_${column}`) })]));
  cells.name = el("th", { scope: "row", role: "rowheader", class: "name" }, button);
  const row = el("tr", { role: "row", "data-key": key, "data-kpi": kpi.id }, ...COLUMNS.map((column) => cells[column]));
  const panel = el("div", { class: "inside" });
  const below = el("tr", { role: "row", class: "below", id: panelId, hidden: true },
    el("td", { role: "cell", colspan: COLUMNS.length }, panel));
  row.addEventListener("click", () => {
    if (getSelection().isCollapsed) toggle(key);
  });
  state.rows.set(key, { kpi, row, cells, button, below, panel });
  if (state.open.has(key)) openRow(key);
  return [row, below];
}

function metMark(met) {
  if (met === null || met === undefined) return el("span", { class: "quiet" }, "–");
  return el("span", { class: `mark ${met ? "good" : "bad"}` },
    el("i", { "aria-hidden": "true" }, met ? "✓" : "✗"), t(met ? "met" : "not_met"));
}

function publishedMark(figure) {
  if (!figure.published?.printed) return el("span", { class: "quiet" }, "–");
  const same = (text) => text.replace(/[\s\u00a0]/g, "");
  const agrees = same(figureText(figure, "vi").text) === same(figure.published.printed);
  return el("span", {}, figure.published.printed, agrees ? el("small", { class: "good" }, ` ✓ ${t("same")}`) : null);
}

function completeMark(complete) {
  if (complete === null || complete === undefined) return el("span", { class: "quiet" }, "–");
  const fill = el("i", {});
  fill.style.width = `${Math.min(Math.max(complete, 0), 1) * 100}%`;
  return el("span", { class: `complete ${complete >= 1 ? "" : "short"}` }, completeText(complete, state.lang),
    el("span", { class: "bar", "aria-hidden": "true" }, fill));
}

const agoMark = (iso) => iso
  ? el("time", { datetime: iso, title: timeText(iso), "data-ago": iso }, agoText(iso, state.lang))
  : el("span", { class: "quiet" }, "–");

function rowTitle(kpi, figure) {
  const dims = Object.entries(figure ? dimsOf(figure) : {}).map(([dim, code]) => named(state.lang, `${dim}_${code}`, code));
  return dims.length ? `${titleOf(kpi)} · ${dims.join(", ")}` : titleOf(kpi);
}

function fillRow(key) {
  const { kpi, cells, button, row } = state.rows.get(key);
  const figure = state.figures.get(key);
  button.replaceChildren(rowTitle(kpi, figure));
  row.classList.toggle("absent", !figure);
  if (!figure) {
    for (const column of COLUMNS.slice(1)) cells[column].replaceChildren();
    cells.figure.replaceChildren(el("span", { class: "quiet" }, t(state.isRead ? "absent" : "unread")));
    return;
  }
  const text = figureText(figure, state.lang);
  cells.figure.replaceChildren(el("b", { title: text.full }, text.text), text.unit ? el("small", {}, ` ${text.unit}`) : "");
  cells.fraction.replaceChildren(...fractionMarks(figure));
  cells.fraction.classList.toggle("plain", BigInt(figure.denominator) === 1n && figure.measure_unit !== "đồng");
  cells.target.replaceChildren(figure.target
    ? targetText(figure.target, figure.measure_unit, state.lang) : el("span", { class: "quiet" }, "–"));
  cells.met.replaceChildren(metMark(figure.met));
  cells.published.replaceChildren(publishedMark(figure));
  cells.complete.replaceChildren(completeMark(figure.completeness));
  cells.fresh.replaceChildren(agoMark(figure.fresh_at));
  cells.status.replaceChildren(el("span", { class: `pill ${figure.status}` }, t(figure.status)),
    ...(figure.restatement ? [el("small", {}, t("would_be", restatedText(figure).text))] : []));
  if (state.open.has(key)) fillPanelFacts(key);
}

/** The fraction in pieces that do not break inside a number. */
/** What a closed figure would be now. */
const restatedText = (figure) => figureText({ ...figure, ...figure.restatement }, state.lang);

const fractionMarks = (figure) => fractionText(figure, state.lang).split(/(?= [/÷] )/).map((part) => el("span", {}, part));

function flash(node) {
  node.classList.remove("changed");
  void node.offsetWidth; // restarts the animation of a row that changes twice in a row
  node.classList.add("changed");
  clearTimeout(node.flashTimer);
  node.flashTimer = setTimeout(() => node.classList.remove("changed"), FLASH_MS);
}

// ── tiles: figures that have a target ─────────────────────────────────────

function drawTiles(changed = new Set()) {
  const shown = rowsWanted().filter(({ key }) => state.figures.get(key)?.target && state.figures.get(key).value !== null);
  byId("targets").hidden = !shown.length || !byId("empty").hidden;
  byId("tiles").replaceChildren(...shown.map(({ key, kpi }) => {
    const figure = state.figures.get(key);
    const text = figureText(figure, state.lang);
    const [value, goal] = [Number(figure.value), Number(figure.target.value)];
    const whole = figure.measure_unit === "share" ? 1 : Math.max(value, goal) * 1.1;
    const fill = el("i", {});
    fill.style.width = `${Math.min((value / whole) * 100, 100)}%`;
    const tick = el("b", {});
    tick.style.left = `${Math.min((goal / whole) * 100, 100)}%`;
    const tile = el("li", { class: `panel tile ${figure.met ? "good" : "bad"}`, "data-kpi": kpi.id },
      el("h3", {}, rowTitle(kpi, figure)),
      el("p", { class: "big" }, text.text, text.unit ? el("small", {}, ` ${text.unit}`) : ""),
      el("div", { class: "gauge", "aria-hidden": "true" }, fill, tick),
      el("p", { class: "goal" }, el("span", {}, `${t("col_target")} ${targetText(figure.target, figure.measure_unit, state.lang)}`),
        metMark(figure.met)));
    if (changed.has(key)) flash(tile);
    return tile;
  }));
}

// ── details under a row ───────────────────────────────────────────────────

function toggle(key) {
  const { button, below } = state.rows.get(key);
  if (state.open.delete(key)) {
    below.hidden = true;
    button.setAttribute("aria-expanded", "false");
  } else {
    state.open.add(key);
    openRow(key);
  }
}

function openRow(key) {
  const { button, below, panel } = state.rows.get(key);
  below.hidden = false;
  button.setAttribute("aria-expanded", "true");
  panel.replaceChildren(el("dl", { class: "facts" }), el("div", { class: "by-month" }));
  fillPanelFacts(key);
  void drawMonths(key);
}

function fillPanelFacts(key) {
  const { kpi, panel } = state.rows.get(key);
  const figure = state.figures.get(key);
  const pairs = [["question", kpi[`question_${state.lang}`]], ["owner", kpi.owner]];
  if (figure) {
    if (figure.closed_at) pairs.push(["closed_at", timeText(figure.closed_at)]);
    if (figure.restatement) {
      const why = `/v1/periods/${figure.period ?? state.period}/restatements`;
      pairs.push(["restated_to", el("span", {}, `${restatedText(figure).full} `, el("a", { href: why }, t("restated_why")))]);
    }
    pairs.push(["definition", el("code", {}, figure.definition_version)], ["at", timeText(figure.at)], ["cut", figure.cut],
      ["col_figure", figureText(figure, state.lang).full], ["col_fraction", fractionText(figure, state.lang)]);
  }
  const link = el("a", { href: path(kpi.id, figure ? dimsOf(figure) : {}) }, t("as_json"));
  panel.firstChild?.replaceChildren(...pairs.flatMap(([name, value]) =>
    [el("dt", {}, t(name)), el("dd", {}, value ?? t("none"))]), el("dt", { class: "unseen" }, "JSON"), el("dd", {}, link));
}

async function drawMonths(key) {
  const { kpi, panel } = state.rows.get(key);
  const box = panel.querySelector(".by-month");
  const none = () => box.replaceChildren(el("h4", {}, t("by_month")), el("p", { class: "quiet" }, t("by_month_none")));
  if (!kpi.dimensions?.includes("month")) return none();
  if (!box.children.length) box.replaceChildren(el("p", { class: "quiet" }, t("wait")));
  try {
    const figure = state.figures.get(key);
    const body = await ask(path(kpi.id, { ...(figure ? dimsOf(figure) : {}), by: "month" }));
    const months = body.figures.filter((f) => f.dims?.month).sort((a, b) => a.dims.month.localeCompare(b.dims.month));
    if (!months.length) return none();
    const points = months.map((f) => {
      const { text, unit, full } = figureText(f, state.lang);
      const name = t("month", Number(f.dims.month.slice(5)));
      return { name, text: unit.includes(" ") ? text : text.replace(/\u00a0/, ""), y: f.value === null ? null : Number(f.value),
        title: `${f.dims.month}: ${full} (${fractionText(f, state.lang)})`, spoken: `${name}: ${text} ${unit}` };
    });
    const kind = ["share", "g/L"].includes(kpi.measure_unit) ? "line" : "bars";
    const unit = figureText(months.at(-1), state.lang).unit;
    box.replaceChildren(el("h4", {}, t("by_month"), unit ? el("small", {}, ` (${unit})`) : ""),
      el("div", { class: "wide", tabindex: "0", role: "group", "aria-label": t("by_month") },
        monthChart({ points, kind, label: points.map((p) => p.spoken).join("; ") })));
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    box.replaceChildren(el("h4", {}, t("by_month")), el("p", { class: "bad" }, error.say(state.lang)));
  }
  return undefined;
}

// ── stations ──────────────────────────────────────────────────────────────

async function readStations() {
  const { period } = state;
  const wanted = screenOf();
  const known = state.list.default_period ?? period;
  const [days, means, others] = await Promise.all([
    ask(path("salinity_max", { by: "station,day" })),
    ask(path("salinity_mean", { by: "station" })),
    known === period ? { figures: [] } : ask(path("salinity_max", { by: "station", period: known })),
  ]);
  if (wanted !== screenOf()) return;
  const stations = [...new Set([...days.figures, ...others.figures].map((f) => f.dims.station))].sort();
  const byStation = new Map(stations.map((station) => [station, []]));
  for (const figure of days.figures) {
    if (figure.value !== null) byStation.get(figure.dims.station).push(figure);
  }
  state.stations = { period, byStation, means: new Map(means.figures.map((f) => [f.dims.station, f])) };
  drawStations();
}

/** Days whose maximum is at least `limit`, compared in integers. */
const daysOver = (figures, limit) => figures.filter((f) =>
  BigInt(f.numerator) >= BigInt(limit) * BigInt(f.denominator) * BigInt(f.scale ?? 1)).length;

function drawStations() {
  const box = byId("stations");
  if (!state.stations) return;
  const { byStation, means, period } = state.stations;
  if (!byStation.size) {
    box.replaceChildren(el("p", { class: "panel quiet" }, t("no_stations")));
    return;
  }
  const dayAt = (day) => Date.parse(`${day}T00:00:00Z`);
  const points = new Map([...byStation].map(([station, figures]) => [station, figures.map((f) => ({
    at: dayAt(f.dims.day), y: Number(f.value), text: figureText(f, state.lang).text, figure: f,
  })).sort((a, b) => a.at - b.at)]));
  const all = [...points.values()].flat();
  const span = periodDays(period) ?? [Math.min(...all.map((p) => p.at)), Math.max(...all.map((p) => p.at)) + 86_400_000];
  const greatest = all.reduce((most, p) => Math.max(most, p.y), LINES.at(-1) + 1);
  const cards = [...points].map(([station, own]) => stationCard(station, own, means.get(station), { span, greatest }));
  for (const card of cards) {
    card.onRead = (at, share) => {
      for (const other of cards) other.read(at, other === card ? share : null);
    };
  }
  box.replaceChildren(...cards.map((card) => card.node));
}

function stationCard(station, points, mean, { span, greatest }) {
  const card = {};
  const name = t("station", station);
  const peak = points.length ? points.reduce((a, b) => (b.y > a.y ? b : a)) : null;
  const iso = (at) => dayText(new Date(at).toISOString().slice(0, 10));
  const summary = peak ? [t("peak", peak.text, iso(peak.at)), mean?.value ? t("mean", figureText(mean, state.lang).text) : null]
    .filter(Boolean).join(" · ") : t("no_data");
  const figures = points.map((p) => p.figure);
  const over = peak ? t("days_over", daysOver(figures, 1), daysOver(figures, 4), points.length) : "";
  const chart = dayChart({
    points, span, greatest, lines: LINES, months: (m) => t("month", state.lang === "vi" ? m
      : new Date(Date.UTC(2000, m - 1)).toLocaleString("en-GB", { month: "short", timeZone: "UTC" })),
    label: `${name}: ${summary}. ${over}`, empty: t("no_data"), onRead: (at, share) => card.onRead(at, share),
  });
  const tip = el("div", { class: "tip", role: "status", hidden: true });
  const byDay = new Map(points.map((p) => [p.at, p]));
  card.read = (at, share) => {
    chart.read(at);
    tip.hidden = at === null || share === null;
    if (tip.hidden) return;
    tip.replaceChildren(el("span", {}, iso(at)), " ", el("b", {}, byDay.has(at) ? `${byDay.get(at).text} g/L` : t("no_data")));
    tip.style.left = `${Math.min(Math.max(share * 100, 24), 76)}%`;
  };
  card.node = el("figure", { class: "panel station", "data-station": station },
    el("figcaption", {}, el("h3", {}, name), el("p", {}, summary)),
    el("div", { class: "plot" }, chart.node, tip), el("p", { class: "over" }, over));
  return card;
}

// ── sources ───────────────────────────────────────────────────────────────

async function readSources() {
  // What was due is due in the period shown; items are judged by when they were accepted, that is lately.
  state.sources = await ask(`/v1/sources?${new URLSearchParams({ period: state.period })}`);
  drawSources();
}

function drawSources() {
  if (!state.sources) return;
  const { period, received, formulas, sources } = state.sources;
  byId("quality-note").textContent = t("sources_note", received, period);
  byId("sources-link").href = `/sources?${new URLSearchParams({ period, lang: state.lang })}`;
  byId("sources").replaceChildren(...(sources.length ? sources : [null]).map((source) => {
    if (source === null) return el("p", { class: "panel quiet" }, t("no_sources"));
    return el("article", { class: "panel source", "data-source": source.source },
      el("h3", {}, sourceTitle(source, state.lang), " ", el("code", {}, source.source)),
      el("dl", {}, ...Object.entries(source.quality).map(([name, figure]) =>
        qualityRow(formulas[name].kpi, figure, state.lang))));
  }));
}

// ── reading and following ─────────────────────────────────────────────────

const reading = ({ numerator, denominator, value, met, status, restatement }) =>
  [numerator, denominator, value, met, status, restatement?.numerator, restatement?.denominator].join();

/** Takes figures from an answer or an event; returns the keys whose reading differs from the one shown. */
function take(body, isWhole) {
  if (body.period && body.period !== state.period) return;
  const before = state.figures;
  state.figures = new Map(isWhole ? [] : before);
  const changed = new Set();
  for (const figure of body.figures) {
    const key = keyOf(figure);
    const old = before.get(key);
    state.figures.set(key, { published: old?.published, ...figure });
    if (old && reading(old) !== reading(figure)) changed.add(key);
  }
  drawCut(body.as_of, body.cut);
  const isFirst = !state.isRead;
  state.isRead = true;
  const wanted = rowsWanted().map(({ key }) => key).join();
  if (isFirst || wanted !== [...state.rows.keys()].join()) drawTable();
  else {
    for (const figure of body.figures) if (state.rows.has(keyOf(figure))) fillRow(keyOf(figure));
    drawTiles(changed);
  }
  for (const key of changed) {
    if (!state.rows.has(key)) continue;
    flash(state.rows.get(key).row);
    if (state.open.has(key)) soon(`months ${key}`, 10_000, () => state.open.has(key) && drawMonths(key));
  }
  if (changed.size) soon("spoken", 10_000, () => { byId("spoken").textContent = t("changed", changed.size); });
  if (body.figures.some((f) => kpiOf(f.kpi)?.group === "salinity")) refreshStations();
  refreshSources();
}

const refreshStations = () => soon("stations", 15_000, () => guarded(t("salinity"), readStations));
const refreshSources = () => soon("sources", 10_000, () => guarded(t("sources"), readSources));
const refreshList = () => soon("list", 5_000, () => guarded("/v1/kpis", readList));

async function readList() {
  state.list = await ask("/v1/kpis");
  const proposed = state.list.default_period ?? state.list.periods[0] ?? thisYear();
  const isMoved = !state.isChosen && state.period !== null && state.period !== proposed;
  if (!state.isChosen) state.period = proposed;
  drawHeader();
  if (isMoved) await enter();
}

async function readFigures() {
  const wanted = screenOf();
  const body = await ask(`/v1/kpis?${asked()}`);
  if (wanted === screenOf()) take(body, true);
}

let stream = null;
let again = 0;

function follow() {
  stream?.close();
  clearTimeout(again);
  if (state.asOf) {
    drawLink("past");
    return;
  }
  stream = followEvents(`/v1/stream?${new URLSearchParams({ period: state.period })}`, {
    opened: () => {
      drawLink("live");
      repair();
    },
    came: (name, data) => {
      if (name === "progress") drawProgress(parse(data));
      if (name !== "figures") return;
      drawLink("live");
      take(parse(data), false);
      if (!state.list.periods.length) refreshList();
    },
    lost: (isRefused) => {
      drawLink("lost");
      if (isRefused) again = setTimeout(start, 5_000);
    },
  });
  drawLink("connecting");
}

function drawProgress({ loaded, total, events_per_second: rate }) {
  const wasLoading = state.isLoading;
  state.isLoading = loaded < total;
  byId("progress").hidden = !state.isLoading;
  byId("progress-bar").max = total || 1;
  byId("progress-bar").value = loaded;
  byId("progress-loaded").textContent = t("loaded", integer(loaded, state.lang), integer(total, state.lang));
  byId("progress-rate").textContent = rate ? t("rate", integer(Math.round(rate), state.lang)) : "";
  if (state.isLoading) refreshList();
  else if (wasLoading) void start();
}

/** Shows the chosen period: figures first, so that a refusal is readable, then the stream. */
async function enter() {
  const wanted = screenOf();
  if (state.entered !== wanted) {
    state.entered = wanted;
    state.isRead = false;
    state.figures = new Map();
    state.stations = null;
    drawCut();
    byId("stations").replaceChildren();
    drawTable();
  }
  await guarded("/v1/kpis?period", readFigures);
  if (wanted !== screenOf()) return;
  refreshStations();
  refreshSources();
  follow();
}

async function start() {
  clearTimeout(again);
  await guarded("/v1/kpis", readList);
  if (state.list) await enter();
  else again = setTimeout(start, 5_000);
}

function choose(period) {
  state.isChosen = true;
  state.period = period;
  remember({ period });
  goThere();
}

/** Shows the page as it was at a local time; as it is, where there is none. */
function look(asOf) {
  state.asOf = asOf;
  remember({ as_of: asOf });
  goThere();
}

function goThere() {
  due.delete("stations");
  due.delete("sources");
  byId("as-of").value = state.asOf;
  byId("as-of-now").hidden = !state.asOf;
  drawHeader();
  void enter();
}

function speak(lang) {
  state.lang = lang;
  t = words(lang);
  drawTexts(state.lang, t("hub"));
  byId("empty-example").textContent = exampleCommand();
  drawLink();
  drawNotices();
  if (!state.list) return;
  drawTable();
  drawStations();
  drawSources();
}

onLangChosen(speak);
onKeyGiven(start);
byId("as-of").addEventListener("change", ({ target }) => look(target.value));
byId("as-of-now").addEventListener("click", () => look(""));
if (query.get("as_of")) {
  state.asOf = byId("as-of").value = query.get("as_of");
  byId("as-of-now").hidden = false;
}
if (query.get("period")) Object.assign(state, { period: query.get("period"), isChosen: true });
setInterval(() => {
  for (const node of document.querySelectorAll("[data-ago]")) node.textContent = agoText(node.dataset.ago, state.lang);
  if (!document.hidden && state.list) repair();
}, 20_000);
setInterval(() => document.hidden || !state.list || refreshSources(), 60_000);
speak(wishedLang());
void start();
