// The overview: what a leader is to see, in order of need, live; on a wall it turns by itself.

import { KeyPrompt } from "../elements/key-prompt.js";
import { PeriodPicker } from "../elements/period-picker.js";
import { SyntheticMark } from "../elements/synthetic-mark.js";
import { openPage } from "../shell.js";
import { words } from "../words.js";
import { KpiTiles } from "./kpi-tiles.js";
import { LiveState } from "./live-state.js";
import { PageState } from "./page-state.js";
import { SourcesBehind } from "./sources-behind.js";
import { StandingAlerts } from "./standing-alerts.js";
import { enter, read, start } from "./state.js";
import { WallTurns } from "./wall-turns.js";

const t = words({ vi: { title: "Tổng quan điều hành" }, en: { title: "Overview" } });

document.body.classList.add("overview");
openPage({
  title: () => t("title"),
  chips: new PeriodPicker(enter),
  strip: [new SyntheticMark(), new KeyPrompt(read), new LiveState()],
  main: [
    new PageState(),
    new KpiTiles(),
    new StandingAlerts(),
    new SourcesBehind(),
    new WallTurns(),
  ],
});
start();
