// The page of payments and fees: shares against targets, who has not reported, and what is open.

import { el } from "../el.js";
import { KeyPrompt } from "../elements/key-prompt.js";
import { PeriodPicker } from "../elements/period-picker.js";
import { SyntheticMark } from "../elements/synthetic-mark.js";
import { UpdatedAt } from "../elements/updated-at.js";
import { openPage } from "../shell.js";
import { words } from "../words.js";
import { AgeingTable } from "./ageing-table.js";
import { LateReporters } from "./late-reporters.js";
import { ListAsked } from "./list-asked.js";
import { ListTable } from "./list-table.js";
import { MoneyFindings } from "./money-findings.js";
import { ShareTable } from "./share-table.js";
import { read } from "./state.js";

const t = words({
  vi: { title: "Thanh toán và phí, lệ phí" },
  en: { title: "Payments and fees" },
});

openPage({
  title: () => t("title"),
  chips: new PeriodPicker(read),
  strip: [new SyntheticMark(), new KeyPrompt(read), el("p", { class: "state" }, new UpdatedAt())],
  main: [
    el("div", { class: "beside" }, new ShareTable(), new LateReporters()),
    el("section", { id: "open" }, new ListAsked(), new AgeingTable(), new ListTable()),
    new MoneyFindings(),
  ],
});
void read();
