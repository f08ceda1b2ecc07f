// Files that the hub makes of an answer: asked for with the reader's key, and saved.

import { authorization, Trouble } from "../ask.js";
import { el } from "../el.js";
import { words } from "../words.js";

const t = words({
  vi: { unsaved: "Không tải được tệp (mã {0})." },
  en: { unsaved: "The file cannot be saved (status {0})." },
});

/** @param {string} path @param {string} name */
export async function saveFile(path, name) {
  const answer = await fetch(path, { headers: authorization() });
  if (!answer.ok) throw new Trouble(() => t("unsaved", answer.status));
  const href = URL.createObjectURL(await answer.blob());
  el("a", { href, download: name }).click();
  URL.revokeObjectURL(href);
}
