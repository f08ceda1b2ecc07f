// The page of reports: biểu 06a, 06b and the indices of QĐ 766, with the dossiers behind each number;
// and what of those does not look true.

import { el } from "../el.js";
import { KeyPrompt } from "../elements/key-prompt.js";
import { SyntheticMark } from "../elements/synthetic-mark.js";
import { UpdatedAt } from "../elements/updated-at.js";
import { openPage } from "../shell.js";
import { words } from "../words.js";
import { DrilledList } from "./drilled-list.js";
import { FindingList } from "./finding-list.js";
import { IndexTable } from "./index-table.js";
import { ReportAsked } from "./report-asked.js";
import { ReportTable } from "./report-table.js";
import { RunTable } from "./run-table.js";
import { read } from "./state.js";

const t = words({
  vi: { title: "Biểu 06a, 06b, bộ chỉ số 766" },
  en: { title: "Reports 06a, 06b, indices 766" },
});

openPage({
  title: () => t("title"),
  chips: new ReportAsked(),
  strip: [new SyntheticMark(), new KeyPrompt(read), el("p", { class: "state" }, new UpdatedAt())],
  main: [new ReportTable(), new IndexTable(), new DrilledList(), new FindingList(), new RunTable()],
});
void read();
