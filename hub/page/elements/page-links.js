// The pages of the hub, one of which is shown.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { words } from "../words.js";

// Short, so that all of them stand in one line; the page's heading says it in full.
const t = words({
  vi: {
    pages: "Các trang",
    board: "Bảng chỉ tiêu",
    overview: "Tổng quan",
    ask: "Hỏi đáp",
    alerts: "Cảnh báo",
    water: "Độ mặn",
    money: "Thanh toán",
    reports: "Biểu báo cáo",
    sources: "Nguồn dữ liệu",
    systems: "Hệ thống",
    upload: "Gửi tệp",
    repair: "Sửa bản ghi",
    catalogue: "Danh mục",
    "open-data": "Dữ liệu mở",
  },
  en: {
    pages: "Pages",
    board: "KPIs",
    overview: "Overview",
    ask: "Questions",
    alerts: "Alerts",
    water: "Salinity",
    money: "Payments",
    reports: "Reports",
    sources: "Data sources",
    systems: "Systems",
    upload: "Send a file",
    repair: "Repair items",
    catalogue: "Catalogue",
    "open-data": "Open data",
  },
});

/** @typedef {"board" | "overview" | "ask" | "alerts" | "water" | "money" | "reports" | "sources" | "systems" | "upload" | "repair" | "catalogue" | "open-data"} Name */
/** @type {[Name, string][]} */
const PAGES = [
  ["board", "/"],
  ["overview", "/overview"],
  ["ask", "/ask"],
  ["alerts", "/alerts"],
  ["water", "/water"],
  ["money", "/money"],
  ["reports", "/reports"],
  ["sources", "/sources"],
  ["systems", "/systems"],
  ["upload", "/upload"],
  ["repair", "/repair"],
  ["catalogue", "/catalogue"],
  ["open-data", "/open-data"],
];
// They show what is so now, or choose an instant themselves.
const OF_NO_PERIOD = [
  "/alerts",
  "/water",
  "/systems",
  "/upload",
  "/repair",
  "/catalogue",
  "/open-data",
];

/** What a page is called. @param {string} name */
export const pageTitle = (name) => t.find(name, name);

/** Where a page is. @param {string} name */
export const pagePath = (name) => PAGES.find(([known]) => known === name)?.[1] ?? `/${name}`;

export class PageLinks extends Part {
  static follows = [page.changes("lang", "period")];

  #box = el("nav", { class: "pages" });
  #links = PAGES.map(([name, path]) => ({ name, path, link: el("a") }));

  build() {
    this.#box.append(...this.#links.map(({ link }) => link));
    return [this.#box];
  }

  draw() {
    const { lang, period } = page.now;
    this.#box.setAttribute("aria-label", t("pages"));
    for (const { name, path, link } of this.#links) {
      const asked = { ...(period && !OF_NO_PERIOD.includes(path) && { period }), lang };
      link.textContent = t(name);
      link.href = `${path}?${new URLSearchParams(asked)}`;
      link.dataset.page = name;
      if (path === location.pathname) link.setAttribute("aria-current", "page");
    }
  }
}

customElements.define("page-links", PageLinks);
