// The repair page: rejected items by cause; each is corrected, tried and sent again.

import { Trouble, ask, drawTexts, el, onKeyGiven, onLangChosen, remember, wishedLang } from "./dom.js";
import { integer, named, timeText, words } from "./strings.js";

const STATES = ["open", "fixed", "replayed", "discarded"];
const byId = (id) => document.getElementById(id);
const state = {
  lang: wishedLang(),
  wanted: new URLSearchParams(location.search).get("state") ?? "open",
  titles: new Map(), // KPI id → the KPI
  groups: [],
  open: new Map(),   // group → its items: {items, next}
  said: new Map(),   // item id → what was last said of it: a trial, a receipt, a trouble
};
let t = words(state.lang);

const groupOf = (g) => [g.contract, g.sender, g.rule, g.field].join("|");
const filterOf = (g) => ({ contract: g.contract, sender: g.sender, rule: g.rule, field: g.field });
const listed = (filter) => ask(`/v1/quarantine?${new URLSearchParams(filter)}`);
const post = (act, body) => ask(`/v1/quarantine/${act}`, { body });

async function guarded(work) {
  try {
    await work();
    byId("notices").replaceChildren();
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    byId("notices").replaceChildren(el("div", { class: "notice" }, el("p", {}, el("strong", {}, error.say(state.lang)))));
  }
}

async function read() {
  if (!state.titles.size) state.titles = new Map((await ask("/v1/kpis")).kpis.map((kpi) => [kpi.id, kpi]));
  state.groups = (await listed({ state: state.wanted })).groups;
  for (const name of state.open.keys()) {
    const group = state.groups.find((g) => groupOf(g) === name);
    if (group) await readItems(group, 0);
    else state.open.delete(name);
  }
  draw();
}

async function readItems(group, offset) {
  const found = await listed({ ...filterOf(group), state: state.wanted, offset });
  const known = offset ? state.open.get(groupOf(group)).items : [];
  state.open.set(groupOf(group), { items: [...known, ...found.items], next: found.next_offset });
}

function draw() {
  byId("states").replaceChildren(...STATES.map((name) => el("button", { type: "button", "data-state": name,
    "aria-pressed": String(name === state.wanted), onclick: () => choose(name) }, t(`repair_${name}`))));
  const held = document.activeElement?.id;
  byId("groups").replaceChildren(...(state.groups.length ? state.groups.map(drawGroup)
    : [el("p", { class: "panel quiet empty" }, t("repair_none"))]));
  if (held) byId(held)?.focus();
}

function choose(name) {
  state.wanted = name;
  state.open.clear();
  remember({ state: name });
  void guarded(read);
}

function drawGroup(group) {
  const name = groupOf(group);
  const found = state.open.get(name);
  const toggle = () => guarded(async () => {
    if (!state.open.delete(name)) await readItems(group, 0);
    draw();
  });
  const more = found && found.next !== null ? el("button", { type: "button", class: "more",
    onclick: () => guarded(async () => { await readItems(group, found.next); draw(); }) }, t("more")) : "";
  return el("section", { class: "panel source whole repair", "data-group": name },
    el("h2", {}, `${group.rule} `, el("code", {}, group.field || "–"), " · ", named(state.lang, `contract_${group.contract}`, group.contract)),
    el("p", {}, el("strong", {}, t("repair_count", integer(group.count, state.lang))), " ",
      el("small", {}, `${group.sender} · ${timeText(group.first_at)} – ${timeText(group.last_at)}`)),
    el("button", { type: "button", class: "opener", id: `open-${name}`, "aria-expanded": String(Boolean(found)), onclick: toggle },
      t(found ? "repair_hide" : "repair_show")),
    ...(["open", "fixed"].includes(state.wanted) ? [drawRows(group, name)] : []),
    ...(found ? [...found.items.map((item) => drawItem(item)), more] : []));
}

/** Many at once: the rows of a group as a file, the file with corrections, and what became of it. */
function drawRows(group, name) {
  const download = () => guarded(async () => {
    const query = new URLSearchParams({ ...filterOf(group), state: state.wanted });
    query.delete("contract");
    const text = await ask(`/v1/quarantine/rows/${group.contract}?${query}`, { isText: true });
    const href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    el("a", { href, download: `${group.contract}.csv` }).click();
    URL.revokeObjectURL(href);
  });
  const file = el("input", { type: "file", class: "unseen", id: `file-${name}`, accept: ".csv,.xlsx", onchange: () => said(name, () =>
    ask(`/v1/quarantine/corrections/${group.contract}`, { file: file.files[0] })) });
  const told = state.said.get(name);
  return el("div", { class: "rows" },
    el("p", { class: "acts" }, el("button", { type: "button", onclick: download }, t("repair_rows")),
      el("label", { for: file.id }, t("repair_upload"), " ", file)),
    el("div", { class: "said", role: "status" }, ...(told?.fixed ? rowsSaid(name, told) : told ? saidOf({ event_id: name }) : [])));
}

function rowsSaid(name, told) {
  const send = () => said(name, async () => {
    const { receipts } = await post("replay", { ids: told.fixed });
    return { ...told, trials: null, receipts };
  });
  const sent = told.receipts && Object.keys(told.receipts).length;
  return [
    el("p", { class: told.refused.length ? "bad" : "good" },
      t("repair_rows_said", integer(told.fixed.length, state.lang), integer(told.refused.length, state.lang))),
    ...(told.refused.length ? [el("ul", {}, ...told.refused.map((r) => el("li", {}, el("code", {}, r.id), " ", r[`message_${state.lang}`])))] : []),
    ...(told.trials ? trialSaid(told.trials) : []),
    el("p", { class: "acts" }, sent ? el("span", { class: "good" }, t("repair_rows_sent", integer(sent, state.lang)))
      : el("button", { type: "button", disabled: !told.fixed.length, onclick: send }, t("repair_rows_send", integer(told.fixed.length, state.lang)))),
  ];
}

/** Does something and keeps what was said of it; what it is about is a group or an item. */
async function keepSaid(name, work) {
  try {
    state.said.set(name, await work());
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    state.said.set(name, error);
  }
}

async function said(name, work) {
  await keepSaid(name, work);
  draw();
}

/** One item: what is wrong, its fields, and what can be done. */
function drawItem(item) {
  const isOver = ["replayed", "discarded"].includes(item.state);
  let fields = null;
  try {
    fields = JSON.parse(item.content);
  } catch { /* no JSON: shown as it is, and replaced whole */ }
  const isObject = fields !== null && typeof fields === "object" && !Array.isArray(fields);
  const wrong = isOver || !item.verdict ? {} : item.verdict;
  const form = el("form", { class: "fields", "data-item": item.event_id });
  const editor = isOver ? el("pre", { tabindex: "0" }, item.content)
    : isObject ? el("div", { class: "inputs" }, ...inputs(item, fields, wrong.field))
      : el("textarea", { rows: "8", name: "~whole", "aria-label": t("repair_whole") }, item.content);
  const acts = isOver ? [] : [
    el("button", { type: "submit" }, t("repair_fix")),
    el("button", { type: "button", onclick: () => act(item, () => post("try", { ids: [item.event_id] })) , disabled: Boolean(item.verdict) }, t("repair_try")),
    el("button", { type: "button", onclick: () => act(item, () => post("replay", { ids: [item.event_id] })), disabled: Boolean(item.verdict) }, t("repair_replay")),
    el("button", { type: "button", onclick: () => discard(item) }, t("repair_discard")),
  ];
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void act(item, () => post("fix", { id: item.event_id, ...corrected(form, fields, isObject) }));
  });
  form.append(el("p", { class: item.verdict ? "bad" : "good" },
    item.verdict ? item.verdict[`message_${state.lang}`] : isOver ? t(`repair_${item.state}`) : t("repair_ready")),
  el("p", { class: "quiet" }, `${item.event_id} · ${timeText(item.rejected_at)}`), editor, el("p", { class: "acts" }, ...acts),
  el("div", { class: "said", role: "status" }, ...saidOf(item)),
  ...(item.acts.length ? [el("ol", { class: "quiet" }, ...item.acts.map((a) =>
    el("li", {}, `${timeText(a.at)} · ${a.by} · ${t(`repair_${a.action}`)} ${a.receipt ?? a.reason}`)))] : []));
  return form;
}

function inputs(item, fields, wrong) {
  const names = Object.keys(fields);
  if (wrong && !names.includes(wrong)) names.push(wrong); // a field that is missing
  return names.map((name) => {
    const value = fields[name];
    const text = value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
    const id = `${item.event_id}.${name}`;
    return el("label", { for: id, class: name === wrong ? "wrong" : "" }, el("code", {}, name),
      el("input", { id, name, value: text, "data-was": text }));
  });
}

/** What was changed in the form: values that are JSON are taken as such, an empty one takes the field out. */
function corrected(form, fields, isObject) {
  if (!isObject) {
    try {
      return { item: JSON.parse(form.elements["~whole"].value) };
    } catch {
      return { item: {} };
    }
  }
  const changes = {};
  for (const input of form.querySelectorAll("input")) {
    if (input.value === input.dataset.was) continue;
    const was = fields[input.name];
    changes[input.name] = input.value === "" ? null : typeof was === "string" || was === undefined ? guess(input.value, was) : guess(input.value);
  }
  return { changes };
}

const guess = (text, was) => {
  if (typeof was === "string") return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

async function act(item, work) {
  await keepSaid(item.event_id, work);
  await guarded(() => refresh(item)); // draws once: twice would take away what is typed in between
}

/** Reads one item again, wherever it now stands, and shows it in its place. */
async function refresh(item) {
  const { items: [fresh] } = await listed({ id: item.event_id });
  for (const found of state.open.values()) found.items = found.items.map((i) => (i.event_id === item.event_id ? fresh : i));
  draw();
}

function discard(item) {
  const reason = prompt(t("repair_reason"));
  if (reason) void act(item, () => post("discard", { ids: [item.event_id], reason }));
}

function saidOf(item) {
  const told = state.said.get(item.event_id);
  if (!told) return [];
  if (told instanceof Trouble) return [el("p", { class: "bad" }, told.say(state.lang))];
  if (told.receipts) {
    const receipt = told.receipts[item.event_id];
    return [receipt ? el("p", { class: "good" }, `${t("repair_sent")} `, el("a", { href: `/v1/receipts/${receipt}` }, receipt))
      : el("p", { class: "bad" }, t("repair_refused"))];
  }
  return told.trials ? trialSaid(told.trials) : [];
}

function trialSaid(trials) {
  const changed = trials.flatMap((trial) => trial.figures);
  if (!changed.length) return [el("p", {}, t("repair_no_change"))];
  const value = (figure) => figure?.restatement?.value ?? figure?.value ?? "–";
  return [el("p", {}, t("repair_would", integer(changed.length, state.lang))),
    el("div", { class: "wide changes", tabindex: "0", role: "group", "aria-label": t("repair_would", changed.length) },
      el("table", { class: "list" }, el("tbody", {}, ...changed.map((f) => el("tr", {},
        el("td", {}, f.period), el("td", {}, state.titles.get(f.kpi)?.[`title_${state.lang}`] ?? f.kpi), el("td", {}, `${value(f.before)} → ${value(f.after)}`))))))];
}

function speak(lang) {
  state.lang = lang;
  t = words(lang);
  drawTexts(lang, `${t("repair_page")} · ${t("hub")}`);
  byId("home").href = `/?${new URLSearchParams({ lang })}`;
  draw();
}

onKeyGiven(() => {
  state.open.clear();
  void guarded(read);
});
onLangChosen(speak);
speak(state.lang);
void guarded(read);
