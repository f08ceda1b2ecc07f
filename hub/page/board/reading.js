// Reads the board, and follows it: figures first, so that a refusal is readable, then the stream.

import { ask, parse, Trouble } from "../ask.js";
import { guarded, retry } from "../failures.js";
import { followEvents } from "../follow.js";
import { Pace } from "../pace.js";
import { page } from "../page.js";
import { thisYear } from "../strings.js";
import { words } from "../words.js";
import { readGroups } from "./groups.js";
import { asked, board, keyOf, readingOf, screenOf } from "./state.js";

/** @import { Board, Catalogue, Fresh, Progress } from "../types.js" */

const t = words({
  vi: { changed: "Vừa cập nhật {0} chỉ tiêu" },
  en: { changed: "{0} KPIs updated" },
});

const AGAIN_MS = 5_000;
const listPace = new Pace(5_000);
const spokenPace = new Pace(10_000);

let stream = { close: () => {} };
let again = 0;
let entered = "";

/**
 * Takes the figures of an answer or an event.
 * @param {Board} body
 * @param {boolean} isWhole
 */
function take(body, isWhole) {
  if (body.period && body.period !== page.now.period) return;
  const before = board.now.figures;
  const figures = new Map(isWhole ? [] : before);
  let changed = 0;
  for (const figure of body.figures) {
    const key = keyOf(figure);
    const old = before.get(key);
    figures.set(key, { published: old?.published, ...figure });
    if (old && readingOf(old) !== readingOf(figure)) changed += 1;
  }
  page.set({ updatedAt: body.as_of ?? "" });
  board.set({ figures, isRead: true, cut: body.cut ?? "" });
  if (changed) spokenPace.soon(() => page.set({ spoken: t("changed", changed) }));
}

/**
 * Takes when contracts were last heard, where nothing of the period changed by it.
 * @param {Fresh} heard
 */
function takeFresh({ period, as_of, cut, fresh }) {
  if (period !== page.now.period) return;
  page.set({ updatedAt: as_of ?? "" });
  board.set({ cut, fresh });
}

async function readList() {
  /** @type {Catalogue} */
  const list = await ask("/v1/kpis");
  const { isChosen, period: before } = page.now;
  const proposed = list.default_period ?? list.periods[0] ?? thisYear();
  const period = isChosen ? before : proposed;
  page.set({ list, period });
  if (before && before !== period) await enter();
}

const readCatalogue = () => guarded("list", () => "/v1/kpis", readList);

async function readFigures() {
  const screen = screenOf();
  try {
    const body = await ask(`/v1/kpis?${asked()}`);
    if (screen === screenOf()) take(body, true);
  } catch (error) {
    // Why is told above; the rows do not say that they are still being read.
    const isRefused = error instanceof Trouble && error.isRefusal;
    if (isRefused && screen === screenOf()) board.set({ isRead: true });
    throw error;
  }
}

function follow() {
  stream.close();
  clearTimeout(again);
  if (page.now.asOf) {
    board.set({ link: "past" });
    return;
  }
  const path = `/v1/stream?${new URLSearchParams({ period: page.now.period })}`;
  stream = followEvents(path, board.now.cut, {
    opened: () => {
      board.set({ link: "live" });
      retry();
    },
    came: (name, data) => {
      if (name === "progress") takeProgress(parse(data));
      if (name === "fresh") takeFresh(parse(data));
      if (name !== "figures") return;
      board.set({ link: "live" });
      take(parse(data), false);
      if (!page.now.list?.periods.length) listPace.soon(readCatalogue);
    },
    lost: (isRefused) => {
      board.set({ link: "lost" });
      if (isRefused) again = setTimeout(start, AGAIN_MS);
    },
  });
  board.set({ link: "connecting" });
}

/** @param {Progress} progress */
function takeProgress(progress) {
  const wasLoading = board.now.isLoading;
  const isLoading = progress.loaded < progress.total;
  board.set({ progress, isLoading });
  if (isLoading) listPace.soon(readCatalogue);
  else if (wasLoading) void start();
}

/** Shows the chosen period, as it is or as it was at the chosen time. */
export async function enter() {
  const screen = screenOf();
  if (entered !== screen) {
    entered = screen;
    page.set({ updatedAt: "" });
    board.set({ figures: new Map(), isRead: false, cut: "", fresh: {} });
  }
  await guarded("figures", () => "/v1/kpis?period", readFigures);
  if (screen !== screenOf()) return;
  board.set({ readings: board.now.readings + 1 });
  follow();
}

/** Reads all from the list on, and again until there is one. */
export async function start() {
  clearTimeout(again);
  await Promise.all([guarded("groups", () => "/page/groups.json", readGroups), readCatalogue()]);
  if (page.now.list) await enter();
  else again = setTimeout(start, AGAIN_MS);
}
