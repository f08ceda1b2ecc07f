// The page of the catalogue: what each KPI asks, by which formula, and where it is used.

import { ask } from "../ask.js";
import { el } from "../el.js";
import { KeyPrompt } from "../elements/key-prompt.js";
import { guarded } from "../failures.js";
import { openPage } from "../shell.js";
import { words } from "../words.js";
import { KpiList } from "./kpi-list.js";
import { catalogue } from "./state.js";

/** @import { DefinedKpi } from "../types.js" */

const t = words({ vi: { title: "Danh mục chỉ số" }, en: { title: "KPI catalogue" } });

async function readCatalogue() {
  /** @type {{ kpis: DefinedKpi[] }} */
  const { kpis } = await ask("/v1/catalogue");
  catalogue.set({ kpis });
}

const read = () => guarded("catalogue", null, readCatalogue);

openPage({
  title: () => t("title"),
  chips: el("div"),
  strip: [new KeyPrompt(read)],
  main: [new KpiList()],
});
void read();
