// Which systems are shown: by what is to be seen to, and by name; and the files of all of them.

import { askFile } from "../ask.js";
import { el } from "../el.js";
import { guarded } from "../failures.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { integer } from "../strings.js";
import { words } from "../words.js";
import { ANY, narrow, systems } from "./state.js";

const t = words({
  vi: {
    which: "Hệ thống nào",
    all: "Tất cả ({0})",
    any: "Cần xem ({0})",
    text: "Tên, mã, đơn vị",
    file: "Tải {0}",
    saved: "Tệp gồm mọi hệ thống",
  },
  en: {
    which: "Which systems",
    all: "All ({0})",
    any: "To be seen to ({0})",
    text: "Name, code, owner",
    file: "Save {0}",
    saved: "The file has all systems",
  },
});
const FORMATS = ["csv", "xlsx"];

export class SystemsAsked extends Part {
  static follows = [page.changes("lang"), systems.changes("answer", "finding")];

  #chips = el("div", { id: "findings", class: "chips", role: "group" });
  #label = el("span");
  #text = el("input", {
    type: "search",
    name: "text",
    value: systems.now.text,
    oninput: () => narrow({ text: this.#text.value }),
  });
  #files = FORMATS.map((format) => {
    const onclick = () => guarded("file", null, () => save(format));
    return el("button", { type: "button", "data-format": format, onclick });
  });

  build() {
    const asked = el("div", { id: "asked" }, el("label", {}, this.#label, " ", this.#text));
    asked.append(...this.#files);
    return [this.#chips, asked];
  }

  draw() {
    const { answer, finding } = systems.now;
    const listed = answer?.systems ?? [];
    const there = Object.keys(answer?.findings ?? {})
      .map((code) => ({ code, count: listed.filter((s) => s.findings.includes(code)).length }))
      .filter(({ code, count }) => count || code === finding);
    const any = listed.filter((s) => s.findings.length).length;
    const { lang } = page.now;
    const choices = [
      { code: "", title: t("all", integer(listed.length)) },
      { code: ANY, title: t("any", integer(any)) },
      ...there.map(({ code, count }) => {
        const title = answer?.findings[code]?.[lang] ?? code;
        return { code, title: `${title} (${integer(count)})` };
      }),
    ];
    this.#chips.setAttribute("aria-label", t("which"));
    const focused = document.activeElement?.getAttribute("data-finding");
    this.#chips.replaceChildren(
      ...choices.map(({ code, title }) => {
        const isPressed = String(code === finding);
        const onclick = () => narrow({ finding: code });
        const place = { type: "button", "data-finding": code, "aria-pressed": isPressed, onclick };
        return el("button", place, title);
      }),
    );
    if (focused !== null && focused !== undefined) {
      /** @type {HTMLElement | null} */
      const button = this.#chips.querySelector(`[data-finding="${focused}"]`);
      button?.focus();
    }
    this.#label.textContent = t("text");
    for (const [i, format] of FORMATS.entries()) {
      this.#files[i].textContent = t("file", format.toUpperCase());
      this.#files[i].title = t("saved");
    }
  }
}

/** @param {string} format */
async function save(format) {
  const href = URL.createObjectURL(await askFile(`/v1/systems?format=${format}`));
  el("a", { href, download: `systems-${systems.now.answer?.period}.${format}` }).click();
  URL.revokeObjectURL(href);
}

customElements.define("systems-asked", SystemsAsked);
