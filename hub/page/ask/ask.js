// The page of questions: a figure split, filtered, compared, and taken apart down to its dossiers;
// and what changed between two instants.

import { readGroups } from "../board/groups.js";
import { el } from "../el.js";
import { KeyPrompt } from "../elements/key-prompt.js";
import { SyntheticMark } from "../elements/synthetic-mark.js";
import { UpdatedAt } from "../elements/updated-at.js";
import { guarded } from "../failures.js";
import { openPage } from "../shell.js";
import { words } from "../words.js";
import { AnswerBar } from "./answer-bar.js";
import { AnswerChart } from "./answer-chart.js";
import { AnswerHead } from "./answer-head.js";
import { AnswerTable } from "./answer-table.js";
import { ChangesList } from "./changes-list.js";
import { DefinitionBox } from "./definition-box.js";
import { FactsList } from "./facts-list.js";
import { QuestionForm } from "./question-form.js";
import { RestatedBox } from "./restated-box.js";
import { SavedViews } from "./saved-views.js";
import { read } from "./state.js";

const t = words({ vi: { title: "Hỏi đáp số liệu" }, en: { title: "Questions" } });

/** Units of measure and names of codes come with the groups. */
async function start() {
  await guarded("groups", null, readGroups);
  await read();
}

openPage({
  title: () => t("title"),
  chips: el("div"),
  strip: [new SyntheticMark(), new KeyPrompt(start), el("p", { class: "state" }, new UpdatedAt())],
  main: [
    new QuestionForm(),
    new ChangesList(),
    new AnswerHead(),
    new RestatedBox(),
    new AnswerBar(),
    new AnswerTable(),
    new AnswerChart(),
    new FactsList(),
    new DefinitionBox(),
    new SavedViews(),
  ],
});
void start();
