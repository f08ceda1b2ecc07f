// The sources page: of each source its heartbeat, lag and four qualities, with formula and list behind each number.

import { Trouble, ask, drawTexts, el, onKeyGiven, onLangChosen, remember, wishedLang } from "./dom.js";
import { mark, qualityRow, sourceTitle } from "./source.js";
import { agoText, dayText, integer, spanText, thisYear, timeText, words } from "./strings.js";

const READ_MS = 10_000;
const BEAT_SECONDS_MAX = 60;
const STATES = { running: "good", upstream_away: "bad", log_away: "bad", stopped_by_breaker: "bad" };
const COLUMNS = {
  valid: ["rejected_at", "index", "rule", "field", "value", "message", "event_id"],
  complete: ["from", "to", "received", "due"],
  clean: ["day", "received", "duplicate", "conflict"],
  live: ["contract", "accepted_at", "occurred_at"],
};

const byId = (id) => document.getElementById(id);
const state = {
  lang: wishedLang(),
  period: new URLSearchParams(location.search).get("period"),
  list: null,        // the body of /v1/kpis
  body: null,        // the body of /v1/sources
  open: new Map(),   // "source/quality" → the rows read so far
};
let t = words(state.lang);

async function guarded(read) {
  try {
    await read();
    byId("notices").replaceChildren();
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    byId("notices").replaceChildren(el("div", { class: "notice" }, el("p", {}, el("strong", {}, error.say(state.lang)))));
  }
}

async function read() {
  state.list ??= await ask("/v1/kpis");
  state.period ??= state.list.default_period ?? thisYear();
  state.body = await ask(`/v1/sources?${new URLSearchParams({ period: state.period })}`);
  draw();
}

const listId = (name) => `list-${name.replace(/[^\w]/g, "-")}`;
const periodOf = (quality) => (quality === "complete" ? state.body.period : state.body.received);

async function readRows(source, quality, offset) {
  const asked = new URLSearchParams({ period: periodOf(quality), offset });
  const body = await ask(`/v1/sources/${encodeURIComponent(source)}/${quality}?${asked}`);
  const known = offset ? state.open.get(`${source}/${quality}`).rows : [];
  state.open.set(`${source}/${quality}`, { ...body, rows: [...known, ...body.rows] });
  drawList(source, quality);
}

function draw() {
  const { as_of: asOf, period, received, sources } = state.body;
  byId("updated").dateTime = asOf ?? "";
  byId("updated").textContent = asOf ? timeText(asOf) : "–";
  byId("synthetic").hidden = !state.list.synthetic;
  byId("note").textContent = t("sources_note", received, period);
  byId("home").href = `/?${new URLSearchParams({ period, lang: state.lang })}`;
  drawPeriods();
  const box = byId("sources");
  const held = document.activeElement?.id;
  const scrolled = new Map([...state.open.keys()].map((name) => [name, byId(listId(name))?.scrollTop ?? 0]));
  box.replaceChildren(...sources.map(drawSource));
  for (const [name, top] of scrolled) {
    drawList(...name.split(/\/(?=[^/]*$)/));
    if (byId(listId(name))) byId(listId(name)).scrollTop = top;
  }
  if (held) byId(held)?.focus();
}

function drawPeriods() {
  const years = [...new Set([thisYear(), ...state.list.periods, state.period])].sort().reverse();
  byId("periods").replaceChildren(...years.map((period) => el("button", { type: "button", id: `period-${period}`,
    "aria-pressed": String(period === state.period), onclick: () => choose(period) }, period)));
}

function choose(period) {
  state.period = period;
  state.open.clear();
  remember({ period });
  void guarded(read);
}

/** What the connector last said of itself; a source that pushes has none. */
function beatMark(heartbeat) {
  if (!heartbeat) return [mark("none", t("beat_none"))];
  const isOld = Date.now() - new Date(heartbeat.at) > BEAT_SECONDS_MAX * 1000;
  const level = isOld ? "bad" : STATES[heartbeat.state];
  return [mark(level, t(isOld ? "beat_old" : `state_${heartbeat.state}`)), " ",
    el("small", {}, agoText(heartbeat.at, state.lang), heartbeat.error ? ` · ${heartbeat.error}` : "")];
}

function drawSource(source) {
  const due = source.cadence ? t(`cadence_${source.cadence}`, integer(source.events_per_due, state.lang)) : t("cadence_none");
  const heard = source.heard_at
    ? [mark(source.is_late ? "bad" : "good", agoText(source.heard_at, state.lang)), " ", el("small", {}, timeText(source.heard_at))]
    : [mark("none", t("never"))];
  const silence = source.silence_seconds_max ? el("small", {}, ` · ${t("late_after", spanText(source.silence_seconds_max, state.lang))}`) : "";
  const lag = source.horizon ? [spanText(source.lag_seconds, state.lang), " ", el("small", {}, t("horizon", timeText(source.horizon)))] : ["–"];
  const late = source.lateness_seconds;
  const lateness = late ? ["p50", "p95", "p99"].map((p) => `${p} ≤ ${spanText(late[p], state.lang)}`).join(" · ") : "–";
  const facts = [["owner", [source.owner ?? "–"]], ["schedule", [due]], ["heartbeat", beatMark(source.heartbeat)],
    ["heard", [...heard, silence]], ["lag", lag], ["lateness", [lateness]]];
  return el("article", { class: "panel source whole", "data-source": source.source, id: `source-${source.source}` },
    el("h2", {}, sourceTitle(source, state.lang), " ", el("code", {}, source.source)),
    el("dl", { class: "facts" }, ...facts.flatMap(([name, said]) => [el("dt", {}, t(name)), el("dd", {}, ...said)])),
    el("div", { class: "qualities" }, ...Object.entries(source.quality).map(([name, figure]) => drawQuality(source, name, figure))));
}

function drawQuality(source, quality, figure) {
  const { kpi, ...formula } = state.body.formulas[quality];
  const name = `${source.source}/${quality}`;
  const id = listId(name);
  const toggle = () => {
    if (state.open.delete(name)) drawList(source.source, quality);
    else void guarded(() => readRows(source.source, quality, 0));
  };
  return el("section", { class: "quality", "data-quality": quality },
    el("dl", {}, qualityRow(kpi, figure, state.lang)),
    el("p", { class: "formula" }, el("span", { class: "unseen" }, `${t("formula")}: `), formula[state.lang]),
    el("button", { type: "button", class: "opener", id: `open-${id}`, "aria-expanded": "false", "aria-controls": id, onclick: toggle },
      t("list_behind", periodOf(quality))),
    el("div", { class: "wide", id, hidden: true, tabindex: "0", role: "group", "aria-label": t("list_behind", periodOf(quality)) }));
}

function drawList(source, quality) {
  const name = `${source}/${quality}`;
  const id = listId(name);
  const box = byId(id);
  if (!box) return;
  const found = state.open.get(name);
  byId(`open-${id}`).setAttribute("aria-expanded", String(Boolean(found)));
  box.hidden = !found;
  if (!found) return box.replaceChildren();
  const columns = COLUMNS[quality];
  const head = el("thead", {}, el("tr", {}, ...columns.map((c) => el("th", { scope: "col" }, t(`list_${c}`)))));
  const rows = found.rows.map((row) => el("tr", {}, ...columns.map((column) => el("td", { class: `col-${column}` }, written(row, column)))));
  const more = found.next_offset === null ? ""
    : el("button", { type: "button", class: "more", onclick: () => guarded(() => readRows(source, quality, found.next_offset)) }, t("more"));
  box.replaceChildren(el("p", { class: "quiet" }, found.total
    ? t("list_shown", integer(found.rows.length, state.lang), integer(found.total, state.lang)) : t(`list_empty_${quality}`)),
  ...(found.total ? [el("table", { class: "list" }, head, el("tbody", {}, ...rows)), more] : []));
  return undefined;
}

function written(row, column) {
  if (column === "message") return row[`message_${state.lang}`];
  const value = column === "index" ? row.index + 1 : row[column];
  if (value === null) return "–";
  if (column.endsWith("_at")) return timeText(value);
  if (["from", "to", "day"].includes(column)) return dayText(value);
  return typeof value === "number" ? integer(value, state.lang) : value;
}

function speak(lang) {
  state.lang = lang;
  t = words(lang);
  drawTexts(lang, `${t("sources_page")} · ${t("hub")}`);
  if (state.body) draw();
}

onLangChosen(speak);
onKeyGiven(() => guarded(read));
setInterval(() => document.hidden || guarded(read), READ_MS);
speak(state.lang);
void guarded(read);
