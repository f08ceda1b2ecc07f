// The page of systems: all that is connected, for those who run the hub.

import { ask } from "../ask.js";
import { el } from "../el.js";
import { KeyPrompt } from "../elements/key-prompt.js";
import { SyntheticMark } from "../elements/synthetic-mark.js";
import { UpdatedAt } from "../elements/updated-at.js";
import { guarded } from "../failures.js";
import { page } from "../page.js";
import { openPage } from "../shell.js";
import { words } from "../words.js";
import { systems } from "./state.js";
import { SystemTable } from "./system-table.js";
import { SystemsAsked } from "./systems-asked.js";

/** @import { Systems } from "./types.js" */

const READ_MS = 30_000;

const t = words({ vi: { title: "Hệ thống kết nối" }, en: { title: "Connected systems" } });

async function readSystems() {
  if (!page.now.list) page.set({ list: await ask("/v1/kpis") });
  /** @type {Systems} */
  const answer = await ask("/v1/systems");
  page.set({ updatedAt: answer.as_of ?? "" });
  systems.set({ answer });
}

const read = () => guarded("systems", null, readSystems);

openPage({
  title: () => t("title"),
  chips: el("span"),
  strip: [new SyntheticMark(), new KeyPrompt(read), el("p", { class: "state" }, new UpdatedAt())],
  main: [new SystemsAsked(), new SystemTable()],
});
void read();

setInterval(() => {
  if (!document.hidden) void read();
}, READ_MS);
