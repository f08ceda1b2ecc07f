// The board: all KPIs of a period, live.

import { KeyPrompt } from "../elements/key-prompt.js";
import { refreshAgo } from "../elements/marks.js";
import { PeriodPicker } from "../elements/period-picker.js";
import { SyntheticMark } from "../elements/synthetic-mark.js";
import { retry } from "../failures.js";
import { page } from "../page.js";
import { openPage } from "../shell.js";
import { AsOfPicker } from "./as-of-picker.js";
import { EmptyHub } from "./empty-hub.js";
import { GroupParts } from "./group-parts.js";
import { KpiTable } from "./kpi-table.js";
import { LinkState } from "./link-state.js";
import { LoadProgress } from "./load-progress.js";
import { enter, start } from "./reading.js";
import { SkipLink } from "./skip-link.js";
import { SourceQualities } from "./source-qualities.js";
import { TargetTiles } from "./target-tiles.js";

const qualities = new SourceQualities();

openPage({
  title: null,
  skip: new SkipLink(),
  chips: new PeriodPicker(enter),
  strip: [new SyntheticMark(), new AsOfPicker(enter), new KeyPrompt(start), new LinkState()],
  main: [
    new LoadProgress(),
    new EmptyHub(),
    new TargetTiles(),
    new KpiTable(),
    new GroupParts(),
    qualities,
  ],
});
void start();

setInterval(() => {
  refreshAgo();
  if (!document.hidden && page.now.list) retry();
}, 20_000);
setInterval(() => {
  if (!document.hidden && page.now.list) qualities.readSoon();
}, 60_000);
