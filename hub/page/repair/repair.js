// The page of repair: rejected items by cause; each is corrected, tried and sent again.

import { KeyPrompt } from "../elements/key-prompt.js";
import { openPage } from "../shell.js";
import { words } from "../words.js";
import { CauseList } from "./cause-list.js";
import { HeldList } from "./held-list.js";
import { readCauses } from "./state.js";
import { StatePicker } from "./state-picker.js";

const t = words({
  vi: { title: "Sửa bản ghi bị từ chối" },
  en: { title: "Repair rejected items" },
});

openPage({
  title: () => t("title"),
  chips: new StatePicker(),
  strip: [new KeyPrompt(readCauses, { isAlwaysThere: true })],
  main: [new CauseList(), new HeldList()],
});
void readCauses();
