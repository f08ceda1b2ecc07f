// What the parts of the overview share: the hub's answer, and whether the page follows the hub.

import { ask } from "../ask.js";
import { guarded } from "../failures.js";
import { followEvents } from "../follow.js";
import { Pace } from "../pace.js";
import { page } from "../page.js";
import { Store } from "../store.js";
import { thisYear } from "../strings.js";

/** @import { Progress } from "../types.js" */
/** @import { Overview } from "./types.js" */

// How often it is read again: after news, and where time alone goes by.
const NEWS_MS = 5_000;
const TIME_MS = 60_000;
const AGAIN_MS = 5_000;

/**
 * @typedef {object} OverviewState
 * @property {Overview | null} answer
 * @property {"connecting" | "live" | "lost"} link
 * @property {string} liveAt The instant at which the page was live last.
 * @property {Progress | null} progress
 */

/** @type {OverviewState} */
const first = { answer: null, link: "connecting", liveAt: "", progress: null };

export const overview = new Store(first);
const pace = new Pace(NEWS_MS);
let stream = { close: () => {} };
let again = 0;
let followed = "";

async function readList() {
  const list = await ask("/v1/kpis");
  const { isChosen, period: before } = page.now;
  const period = isChosen ? before : (list.default_period ?? list.periods[0] ?? thisYear());
  page.set({ list, period });
}

async function readAnswer() {
  if (!page.now.list) await readList();
  const { period } = page.now;
  /** @type {Overview} */
  const answer = await ask(`/v1/overview?${new URLSearchParams({ period })}`);
  if (period !== page.now.period) return; // another was chosen meanwhile
  page.set({ updatedAt: answer.as_of ?? "" });
  overview.set({ answer });
  if (followed !== period) follow();
}

export const read = () => guarded("overview", null, readAnswer);

/** Shows the chosen period. */
export function enter() {
  stream.close();
  followed = "";
  overview.set({ answer: null, link: "connecting" });
  void read();
}

const isLive = () => ({ link: /** @type {const} */ ("live"), liveAt: new Date().toISOString() });

function follow() {
  stream.close();
  clearTimeout(again);
  followed = page.now.period;
  const query = new URLSearchParams({ period: followed, form: "brief" });
  stream = followEvents(`/v1/stream?${query}`, overview.now.answer?.cut ?? "", {
    opened: () => {
      overview.set(isLive());
      pace.soon(read);
    },
    came: (name, data) => {
      overview.set(isLive());
      if (name !== "progress") {
        pace.soon(read);
        return;
      }
      /** @type {Progress} */
      const progress = JSON.parse(data);
      overview.set({ progress: progress.loaded < progress.total ? progress : null });
    },
    lost: (isRefused) => {
      overview.set({ link: "lost" });
      if (isRefused) again = setTimeout(follow, AGAIN_MS);
    },
  });
}

/** Reads the page, and goes on reading: by what the hub tells, and by the clock. */
export function start() {
  void read();
  setInterval(() => {
    if (!document.hidden) pace.soon(read);
  }, TIME_MS);
  // Until there is a first answer, as while the hub starts.
  setInterval(() => {
    if (!overview.now.answer && !page.now.isKeyAsked) void read();
  }, AGAIN_MS);
}
