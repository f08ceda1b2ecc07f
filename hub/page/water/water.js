// The page of water: branches with their stations and lines of salt, and what one station tells.

import { el } from "../el.js";
import { KeyPrompt } from "../elements/key-prompt.js";
import { SyntheticMark } from "../elements/synthetic-mark.js";
import { followEvents } from "../follow.js";
import { Pace } from "../pace.js";
import { openPage } from "../shell.js";
import { words } from "../words.js";
import { BranchMap } from "./branch-map.js";
import { DayTable } from "./day-table.js";
import { InstantPicker } from "./instant-picker.js";
import { NoStations } from "./no-stations.js";
import { read, water } from "./state.js";
import { StationHead } from "./station-head.js";
import { StationTable } from "./station-table.js";
import { WaterLink } from "./water-link.js";
import { WeekChart } from "./week-chart.js";
import { WindowList } from "./window-list.js";

const READ_MS = 15_000;
const AGAIN_MS = 5_000;

const t = words({
  vi: { title: "Nước và độ mặn" },
  en: { title: "Water and salinity" },
});
const pace = new Pace(READ_MS);

openPage({
  title: () => t("title"),
  chips: new InstantPicker(),
  strip: [new SyntheticMark(), new KeyPrompt(read), new WaterLink()],
  main: [
    new NoStations(),
    new BranchMap(),
    new StationHead(),
    el("div", { class: "beside" }, new WeekChart(), new WindowList()),
    new DayTable(),
    new StationTable(),
  ],
});

function follow() {
  followEvents("/v1/stream", "", {
    opened: () => {
      if (water.now.link === "lost") pace.soon(read);
      water.set({ link: "live" });
    },
    came: () => {
      if (!water.now.at) pace.soon(read); // what is past stands still
    },
    lost: (isRefused) => {
      water.set({ link: "lost" });
      if (isRefused) setTimeout(follow, AGAIN_MS);
    },
  });
}

void read();
follow();
setInterval(() => {
  if (!document.hidden && !water.now.at) pace.soon(read); // values grow old by themselves
}, 60_000);
