// Fills the shell, which all pages share, with the parts of one.

import { el } from "./el.js";
import { followAnswers } from "./elements/answer-link.js";
import { LangPicker } from "./elements/lang-picker.js";
import { PageLinks } from "./elements/page-links.js";
import { PageNotices } from "./elements/page-notices.js";
import { SignedIn } from "./elements/signed-in.js";
import { page } from "./page.js";
import { words } from "./words.js";

const t = words({
  vi: {
    hub: "Trục dữ liệu tỉnh",
    motto: "Mỗi con số tự chứng minh được",
    foot: "Mọi tỷ lệ tính từ tử số và mẫu số nguyên, làm tròn nửa lên hai chữ số. Giờ Việt Nam (UTC+7).",
  },
  en: {
    hub: "Provincial data hub",
    motto: "Every number can prove itself",
    foot: "Shares are computed from integer numerators and denominators and rounded half-up to two decimals. Times are Viet Nam time (UTC+7).",
  },
});

/**
 * @typedef {object} Content
 * @property {(() => string) | null} title Null where the page is the hub's first.
 * @property {HTMLElement | null} [skip] A link over what comes first.
 * @property {HTMLElement} chips What is chosen at the top.
 * @property {HTMLElement[]} strip
 * @property {HTMLElement[]} main
 */

/**
 * Shows a page's parts; fixed texts follow the reader's language.
 * @param {Content} content
 */
export function openPage({ title, skip = null, chips, strip, main }) {
  const heading = el("h1");
  const below = el("p");
  const brand = el("div", { class: "brand" }, heading, below);
  if (skip) document.body.prepend(skip);
  find("header").append(brand, chips, new SignedIn(), new LangPicker(), new PageLinks());
  find(".strip").append(...strip);
  find("main").append(new PageNotices(), ...main);

  const draw = () => {
    const { lang } = page.now;
    document.documentElement.lang = lang;
    document.title = title ? `${title()} · ${t("hub")}` : t("hub");
    heading.textContent = title ? title() : t("hub");
    find("footer p").textContent = t("foot");
    below.textContent = t("motto");
  };
  page.changes("lang")(draw);
  page.changes("spoken")(() => {
    find("#spoken").textContent = page.now.spoken;
  });
  draw();
  followAnswers();
}

/**
 * Finds a region of the shell.
 * @param {string} selector
 */
function find(selector) {
  const node = document.querySelector(selector);
  if (!node) throw new Error(`the shell has no ${selector}`);
  return node;
}
