// One source: who it is, when it was heard, how late its events come, and its qualities.

import { el } from "../el.js";
import { mark } from "../elements/marks.js";
import { sourceTitle } from "../elements/quality-row.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { agoText, integer, spanText, timeText } from "../strings.js";
import { words } from "../words.js";
import { SourceQuality } from "./source-quality.js";
import { sources } from "./state.js";

/** @import { Heartbeat, Load, Quality, Source } from "../types.js" */

const BEAT_SECONDS_MAX = 60;

const t = words({
  vi: {
    owner: "Đơn vị chủ trì",
    schedule: "Lịch báo cáo",
    cadence_daily: "mỗi ngày, ít nhất {0} sự kiện",
    cadence_working_day: "mỗi ngày làm việc, ít nhất {0} sự kiện",
    cadence_monthly: "mỗi tháng, ít nhất {0} sự kiện",
    cadence_yearly: "mỗi năm, ít nhất {0} sự kiện",
    cadence_none: "không đăng ký lịch",
    heartbeat: "Nhịp của kết nối",
    beat_none: "chưa có kết nối nào báo nhịp",
    beat_old: "mất nhịp",
    state_running: "đang chạy",
    state_upstream_away: "không đọc được hệ thống nguồn",
    state_log_away: "không ghi được vào nhật ký",
    state_stopped_by_breaker: "tạm ngắt vì quá nhiều bản ghi sai",
    load: "Tải lên hệ thống nguồn",
    load_said: "{0} lần đọc, {1} giây; lần cuối {2} dòng",
    waiting_open_gaps: "{0} khoảng mã chưa thấy",
    waiting_held_rows: "{0} dòng chờ giao dịch chưa kết thúc",
    waiting_records: "{0} bản ghi chưa đọc",
    heard: "Nhận lần cuối",
    never: "chưa từng",
    spoken: "Có số liệu đến",
    of_party: "của {0}",
    late_after: "trễ nếu im lặng quá {0}",
    lag: "Độ trễ sự kiện",
    horizon: "sự kiện muộn nhất xảy ra lúc {0}",
    lateness: "Đến muộn sau khi xảy ra",
  },
  en: {
    owner: "Owner",
    schedule: "Schedule",
    cadence_daily: "each day, at least {0} event(s)",
    cadence_working_day: "each working day, at least {0} event(s)",
    cadence_monthly: "each month, at least {0} event(s)",
    cadence_yearly: "each year, at least {0} event(s)",
    cadence_none: "none registered",
    heartbeat: "Connector's heartbeat",
    beat_none: "no connector has reported",
    beat_old: "no heartbeat any more",
    state_running: "running",
    state_upstream_away: "the upstream cannot be read",
    state_log_away: "the log cannot be written",
    state_stopped_by_breaker: "paused: too many wrong records",
    load: "Load on the upstream",
    load_said: "{0} reads, {1} s; {2} rows the last time",
    waiting_open_gaps: "{0} gaps in its keys",
    waiting_held_rows: "{0} rows wait for a transaction that runs",
    waiting_records: "{0} records to be read",
    heard: "Last heard",
    never: "never",
    spoken: "Has figures until",
    of_party: "of {0}",
    late_after: "late when silent for {0}",
    lag: "Event-time lag",
    horizon: "the latest event happened at {0}",
    lateness: "Late after it happened",
  },
});

/** @typedef {(Node | string)[]} Said */

const small = (/** @type {string} */ text) => el("small", {}, text);

/**
 * What the connector last said of itself; a source that pushes has none.
 * @param {Heartbeat | null} beat
 * @returns {Said}
 */
function beatSaid(beat) {
  if (!beat) return [mark("none", t("beat_none"))];
  const isOld = Date.now() - new Date(beat.at).getTime() > BEAT_SECONDS_MAX * 1000;
  const isGood = !isOld && beat.state === "running";
  const state = isOld ? t("beat_old") : t.find(`state_${beat.state}`, beat.state);
  const since = agoText(beat.at) + (beat.error ? ` · ${beat.error}` : "");
  return [mark(isGood ? "good" : "bad", state), " ", small(since)];
}

/**
 * What reading costs the upstream, and what waits there; of those that are read so.
 * @param {Load} load
 * @returns {Said}
 */
function loadSaid(load) {
  const said = t(
    "load_said",
    integer(load.reads),
    integer(load.read_seconds),
    integer(load.last_rows),
  );
  const waiting = Object.entries(load.waiting)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => t.find(`waiting_${what}`, what).replace("{0}", integer(count)));
  return [said, ...waiting.map((text) => small(` · ${text}`))];
}

/** @param {Source} source @returns {Said} */
function heardSaid({ heard_at: at, is_late: isLate, silence_seconds_max: silence }) {
  const late = silence ? small(` · ${t("late_after", spanText(silence))}`) : "";
  if (!at) return [mark(isLate ? "bad" : "none", t("never")), late];
  return [mark(isLate ? "bad" : "good", agoText(at)), " ", small(timeText(at)), late];
}

/**
 * Up to when what came of a bank, station or unit speaks, whoever passes it on.
 * @param {Source} source
 * @returns {Said}
 */
function spokenSaid(source) {
  const said = heardSaid({ ...source, heard_at: source.spoken_until });
  return source.silent_party === source.source
    ? said
    : [...said, small(` · ${t("of_party", source.silent_party ?? "")}`)];
}

/** @param {Source} source @returns {[Parameters<typeof t>[0], Said][]} */
function factsOf(source) {
  const { cadence, horizon, lateness_seconds: late } = source;
  const load = source.heartbeat?.load;
  const due = cadence ? t(`cadence_${cadence}`, integer(source.events_per_due)) : t("cadence_none");
  const lag = horizon
    ? [spanText(source.lag_seconds), " ", small(t("horizon", timeText(horizon)))]
    : ["–"];
  const quantiles = /** @type {const} */ (["p50", "p95", "p99"]);
  const lateness = late && quantiles.map((p) => `${p} ≤ ${spanText(late[p])}`).join(" · ");
  return [
    ["owner", [source.owner || "–"]],
    ["schedule", [due]],
    ["heartbeat", beatSaid(source.heartbeat)],
    ...(load ? [/** @type {[Parameters<typeof t>[0], Said]} */ (["load", loadSaid(load)])] : []),
    source.silent_party ? ["spoken", spokenSaid(source)] : ["heard", heardSaid(source)],
    ["lag", lag],
    ["lateness", [lateness ?? "–"]],
  ];
}

export class SourceCard extends Part {
  static follows = [page.changes("lang"), sources.changes("answer")];

  #name;
  #title = el("h2");
  #facts = el("dl", { class: "facts" });
  #qualities = el("div", { class: "qualities" });

  /** @param {string} name */
  constructor(name) {
    super();
    this.#name = name;
  }

  build() {
    const qualities = /** @type {Quality[]} */ (Object.keys(this.#source?.quality ?? {}));
    this.#qualities.append(...qualities.map((quality) => new SourceQuality(this.#name, quality)));
    const place = { class: "panel source whole", "data-source": this.#name };
    const id = `source-${this.#name}`;
    return [el("article", { ...place, id }, this.#title, this.#facts, this.#qualities)];
  }

  draw() {
    const source = this.#source;
    if (!source) return;
    this.#title.replaceChildren(sourceTitle(source), " ", el("code", {}, source.source));
    this.#facts.replaceChildren(
      ...factsOf(source).flatMap(([name, said]) => [el("dt", {}, t(name)), el("dd", {}, ...said)]),
    );
  }

  get #source() {
    return sources.now.answer?.sources.find(({ source }) => source === this.#name);
  }
}

customElements.define("source-card", SourceCard);
