// Whether the page hangs on a wall, as its address says, and how long it stays on what it shows.

const asked = new URLSearchParams(location.search);
const SECONDS = 20;
const [SECONDS_MIN, SECONDS_MAX] = [3, 600];

/** On a wall there is nothing to click, and nothing to scroll. */
export const isWall = asked.get("wall") === "1";

/** The seconds until the wall turns to what comes next. */
export const turnSeconds = Math.min(
  Math.max(Number(asked.get("seconds")) || SECONDS, SECONDS_MIN),
  SECONDS_MAX,
);
