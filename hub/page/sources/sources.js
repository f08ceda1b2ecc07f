// The page of sources: of each its heartbeat, lag and four qualities, with the list behind each.

import { ask } from "../ask.js";
import { el } from "../el.js";
import { KeyPrompt } from "../elements/key-prompt.js";
import { PeriodPicker } from "../elements/period-picker.js";
import { SyntheticMark } from "../elements/synthetic-mark.js";
import { UpdatedAt } from "../elements/updated-at.js";
import { guarded } from "../failures.js";
import { page } from "../page.js";
import { openPage } from "../shell.js";
import { thisYear } from "../strings.js";
import { words } from "../words.js";
import { ConnectedTable } from "./connected-table.js";
import { ExchangeLedger } from "./exchange-ledger.js";
import { SourceList } from "./source-list.js";
import { sources } from "./state.js";

/** @import { Ledger } from "../elements/types.js" */
/** @import { Catalogue, Sources } from "../types.js" */

const READ_MS = 10_000;

const t = words({ vi: { title: "Nguồn dữ liệu" }, en: { title: "Data sources" } });

async function readSources() {
  /** @type {Catalogue} */
  const list = page.now.list ?? (await ask("/v1/kpis"));
  const period = page.now.period || (list.default_period ?? thisYear());
  page.set({ list, period });
  /** @type {Sources} */
  const answer = await ask(`/v1/sources?${new URLSearchParams({ period })}`);
  if (period !== page.now.period) return;
  page.set({ updatedAt: answer.as_of ?? "" });
  sources.set({ answer });
}

async function readLedger() {
  /** @type {Ledger} */
  const ledger = await ask("/v1/exchanges");
  sources.set({ ledger });
}

const read = async () => {
  await guarded("sources", null, readSources);
  await guarded("exchanges", null, readLedger);
};

openPage({
  title: () => t("title"),
  chips: new PeriodPicker(read),
  strip: [new SyntheticMark(), new KeyPrompt(read), el("p", { class: "state" }, new UpdatedAt())],
  main: [new ConnectedTable(), new ExchangeLedger(), new SourceList()],
});
void read();

setInterval(() => {
  if (!document.hidden) void read();
}, READ_MS);
