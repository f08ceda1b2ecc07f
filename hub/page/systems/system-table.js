// All that is connected, a row each: who answers for it, what passes, on what grounds, until when.

import { el, none } from "../el.js";
import { agoMark, mark } from "../elements/marks.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { completeText, dayText, integer, spanText } from "../strings.js";
import { words } from "../words.js";
import { shown, systems } from "./state.js";

/** @import { Key, System } from "./types.js" */
/** @import { Level } from "../elements/marks.js" */

const t = words({
  vi: {
    caption: "Các hệ thống kết nối",
    system: "Hệ thống",
    findings: "Cần xem",
    owner: "Chịu trách nhiệm",
    flow: "Dữ liệu",
    duty: "Nghĩa vụ",
    heard: "Lần cuối",
    volume: "Đã nhận năm nay",
    grounds: "Mục đích, căn cứ",
    keys: "Khóa, người nhận",
    expiry: "Hết hạn",
    count: "{0} hệ thống",
    nothing: "Không có hệ thống nào như vậy.",
    well: "Ổn",
    unused: "Chưa dùng",
    nobody: "chưa ghi",
    in: "vào",
    out: "ra",
    both: "vào và ra",
    none: "–",
    connector: "kết nối",
    sender: "bên gửi",
    sql_login: "đọc bằng SQL",
    outlet: "kênh báo",
    certificate: "chứng thư của trục",
    daily: "mỗi ngày",
    working_day: "mỗi ngày làm việc",
    monthly: "mỗi tháng",
    yearly: "mỗi năm",
    silence: "im lặng tối đa {0}",
    alerts: "{0} cảnh báo",
    rejected: "{0} bị từ chối",
    wrong: "{0} lỗi",
    valid: "còn hạn",
    expired: "hết hạn",
    revoked: "đã thu hồi",
    ends: "đến {0}",
    certificate_ends: "chứng thư đến {0}",
    endless: "không thời hạn",
    recipients: "{0} người nhận",
    purpose: "Mục đích",
    basis: "Căn cứ",
  },
  en: {
    caption: "Connected systems",
    system: "System",
    findings: "To be seen to",
    owner: "Owner",
    flow: "Passes",
    duty: "Duty",
    heard: "Last heard",
    volume: "Received this year",
    grounds: "Purpose, legal basis",
    keys: "Keys, recipients",
    expiry: "Ends",
    count: "{0} systems",
    nothing: "There is no such system.",
    well: "Well",
    unused: "Not used",
    nobody: "not named",
    in: "in",
    out: "out",
    both: "in and out",
    none: "–",
    connector: "connector",
    sender: "sender",
    sql_login: "SQL login",
    outlet: "outlet",
    certificate: "certificate of the hub",
    daily: "daily",
    working_day: "each working day",
    monthly: "monthly",
    yearly: "yearly",
    silence: "silent for {0} at most",
    alerts: "{0} alerts",
    rejected: "{0} rejected",
    wrong: "{0} wrong",
    valid: "valid",
    expired: "ended",
    revoked: "revoked",
    ends: "until {0}",
    certificate_ends: "certificate until {0}",
    endless: "without end",
    recipients: "{0} recipients",
    purpose: "Purpose",
    basis: "Legal basis",
  },
});

const COLUMNS = /** @type {const} */ ([
  "system",
  "findings",
  "owner",
  "flow",
  "duty",
  "heard",
  "volume",
  "keys",
  "grounds",
  "expiry",
]);
/** @type {Record<string, Level>} What is not named here is to be watched. */
const LEVELS = {
  silent: "bad",
  stopped: "bad",
  ended: "bad",
  unreadable: "bad",
  never_heard: "none",
};

export class SystemTable extends Part {
  static follows = [page.changes("lang"), systems.changes("answer", "finding", "text")];

  #note = el("p", { id: "systems-note", class: "quiet", role: "status" });
  #caption = el("caption", { class: "unseen" });
  #head = el("tr");
  #body = el("tbody");
  #table = el("table", { id: "systems", class: "stacked" }, this.#caption);
  #box = el("div", { class: "panel scroll" }, this.#table);

  build() {
    this.#table.append(el("thead", {}, this.#head), this.#body);
    return [this.#note, this.#box];
  }

  draw() {
    if (!systems.now.answer) {
      this.#box.hidden = true;
      return;
    }
    const listed = shown();
    this.#box.hidden = listed.length === 0;
    this.#note.textContent = listed.length ? t("count", integer(listed.length)) : t("nothing");
    this.#caption.textContent = t("caption");
    this.#head.replaceChildren(...COLUMNS.map((name) => el("th", { scope: "col" }, t(name))));
    this.#body.replaceChildren(...listed.map(row));
  }
}

/** @param {System} system */
function row(system) {
  const name = system[`title_${page.now.lang}`];
  const head = el("th", { scope: "row" }, ...(name ? [name, " "] : []), el("code", {}, system.id));
  head.append(" ", el("small", { class: "quiet" }, t(system.kind)));
  const cells = {
    findings: findingMarks(system),
    owner: [system.owner ?? (isOwned(system) ? el("em", { class: "quiet" }, t("nobody")) : none())],
    flow: [t(system.direction), ...system.contracts.map((c) => el("small", {}, c))],
    duty: dutyTexts(system),
    heard: [agoMark(system.last_heard_at)],
    volume: volumeTexts(system),
    keys: keyTexts(system),
    grounds: groundTexts(system),
    expiry: [system.next_expiry_at ? dayOf(system.next_expiry_at) : none()],
  };
  return el(
    "tr",
    { "data-system": system.id, "data-kind": system.kind },
    head,
    ...Object.entries(cells).map(([column, parts]) =>
      el("td", { "data-column": column, "data-name": t.find(column, column) }, ...parts),
    ),
  );
}

/** @param {System} system */
function findingMarks({ findings, recipients, last_heard_at: heard }) {
  const isUnused = recipients === 0 && heard === null;
  if (!findings.length) return [isUnused ? mark("none", t("unused")) : mark("good", t("well"))];
  const titles = systems.now.answer?.findings ?? {};
  return findings.map((code) =>
    mark(LEVELS[code] ?? "watch", titles[code]?.[page.now.lang] ?? code),
  );
}

/**
 * Whether somebody else than the hub's operators answers for it.
 * @param {System} system
 */
const isOwned = ({ kind }) => kind !== "outlet" && kind !== "certificate";

/** @param {System} system */
function dutyTexts({ duty }) {
  if (!duty) return [none()];
  const silence = t("silence", spanText(duty.silence_seconds_max));
  return [t.find(duty.cadence, duty.cadence), el("small", {}, silence)];
}

/** @param {System} system */
function volumeTexts({ received, rejected, error_share: share, alerts_open: alerts }) {
  const link = alerts ? el("a", { href: "/alerts" }, t("alerts", integer(alerts))) : null;
  const below = [
    ...(rejected ? [t("rejected", integer(rejected))] : []),
    ...(share ? [t("wrong", completeText(share))] : []),
  ].map((text) => el("small", {}, text));
  const parts = [received === null ? none() : integer(received), ...below];
  return link ? [...parts, el("small", {}, link)] : parts;
}

/** @param {System} system */
function keyTexts({ keys, recipients }) {
  if (recipients !== null) return [t("recipients", integer(recipients))];
  return keys.length ? keys.map(keyText) : [none()];
}

/** @param {Key} key */
function keyText({ id, state, expires_at: ends, certificate_expires_at: shown }) {
  const until = ends ? t("ends", dayOf(ends)) : t("endless");
  const certificate = shown ? [`, ${t("certificate_ends", dayOf(shown))}`] : [];
  return el("small", {}, el("code", {}, id), ` ${t(state)}, ${until}`, ...certificate);
}

/** @param {System} system */
function groundTexts({ purposes, legal_bases: bases }) {
  const lines = [
    ...purposes.map((text) => `${t("purpose")}: ${text}`),
    ...bases.map((text) => `${t("basis")}: ${text}`),
  ];
  return lines.length ? lines.map((line) => el("small", {}, line)) : [none()];
}

/** @param {string} iso */
const dayOf = (iso) => dayText(iso.slice(0, 10));

customElements.define("system-table", SystemTable);
