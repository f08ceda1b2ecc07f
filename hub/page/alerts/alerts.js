// The page of alerts: what stands, live; each is acknowledged and commented on.

import { el } from "../el.js";
import { KeyPrompt } from "../elements/key-prompt.js";
import { SyntheticMark } from "../elements/synthetic-mark.js";
import { UpdatedAt } from "../elements/updated-at.js";
import { followEvents } from "../follow.js";
import { Pace } from "../pace.js";
import { openPage } from "../shell.js";
import { words } from "../words.js";
import { AlertList } from "./alert-list.js";
import { AlertStates } from "./alert-states.js";
import { read } from "./state.js";

const AGAIN_MS = 5_000;

const t = words({ vi: { title: "Cảnh báo" }, en: { title: "Alerts" } });
const pace = new Pace(1_000);

openPage({
  title: () => t("title"),
  chips: new AlertStates(),
  strip: [
    new SyntheticMark(),
    new KeyPrompt(read, { isAlwaysThere: true }),
    el("p", { class: "state" }, new UpdatedAt()),
  ],
  main: [new AlertList()],
});

function follow() {
  followEvents("/v1/stream", "", {
    opened: () => pace.soon(read),
    came: (name) => {
      if (name === "alerts") pace.soon(read);
    },
    lost: (isRefused) => {
      if (isRefused) setTimeout(follow, AGAIN_MS);
    },
  });
}

void read();
follow();
// Who was told is on no stream: people are, a few seconds after the alert is there.
setInterval(() => pace.soon(read), AGAIN_MS);
