// The page of open data, for anybody: releases, what is in them, what is withheld and why, files.

import { el } from "../el.js";
import { openPage } from "../shell.js";
import { words } from "../words.js";
import { DatasetList } from "./dataset-list.js";
import { ReleaseHead } from "./release-head.js";
import { ReleaseTable } from "./release-table.js";
import { read } from "./state.js";

const t = words({ vi: { title: "Dữ liệu mở" }, en: { title: "Open data" } });

openPage({
  title: () => t("title"),
  chips: el("div"),
  strip: [],
  main: [new ReleaseHead(), new DatasetList(), new ReleaseTable()],
});
void read();
