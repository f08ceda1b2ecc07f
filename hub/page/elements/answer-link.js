// Links to the hub's own answers, which elsewhere than on its machine need the reader's key.

import { askText, authorization, Trouble } from "../ask.js";

/**
 * Opens such links with the key: a browser that follows a link sends none. Without a key they are
 * followed as they are.
 */
export function followAnswers() {
  document.addEventListener("click", (event) => {
    const { target } = event;
    const link = target instanceof Element ? target.closest("a") : null;
    if (link?.hasAttribute("download")) return; // a file for anybody
    if (link?.pathname.startsWith("/v1/") && link.origin === location.origin) {
      if (!authorization().Authorization) return;
      event.preventDefault();
      void show(link.pathname + link.search);
    }
  });
}

/** @param {string} path */
async function show(path) {
  const tab = open("", "_blank"); // before anything is waited for: later it would be refused
  if (!tab) return;
  try {
    const answer = new Blob([await askText(path)], { type: "application/json" });
    const url = URL.createObjectURL(answer);
    tab.location.href = url;
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    tab.document.body.textContent = error.say();
  }
}
