// Texts in both languages, and how numbers, shares, money and times are written in each.
// Figures are formatted from their integers with BigInt: what is printed is the exact half-up rounding.

export const LANGS = ["vi", "en"];

const TEXTS = {
  vi: {
    hub: "Trục dữ liệu tỉnh",
    motto: "Mỗi con số tự chứng minh được",
    skip: "Tới bảng chỉ tiêu",
    language: "Ngôn ngữ",
    period: "Kỳ số liệu",
    year: "Năm {0}",
    synthetic: "Dữ liệu tổng hợp (mô phỏng)",
    synthetic_why: "sinh ra để trình diễn, không phải số liệu chính thức của tỉnh",
    live: "Sống",
    connecting: "Đang kết nối",
    lost: "Mất kết nối",
    updated: "Cập nhật",
    cut: "Lát cắt",
    as_of: "Xem lại lúc",
    as_of_now: "Về hiện tại",
    past: "Số liệu tại thời điểm đã chọn",
    loading: "Đang nạp dữ liệu của năm",
    loaded: "{0} / {1} sự kiện",
    rate: "{0} sự kiện/giây",
    targets: "So với mục tiêu năm",
    kpis: "Bảng chỉ tiêu",
    kpis_note: "Chọn một dòng để xem câu hỏi, định nghĩa và diễn biến theo tháng.",
    group_dossier: "Hồ sơ một cửa",
    group_procedure: "Thủ tục",
    group_salinity: "Độ mặn",
    group_payment: "Thanh toán",
    col_name: "Chỉ tiêu",
    col_figure: "Giá trị",
    col_fraction: "Tử số / mẫu số",
    col_target: "Mục tiêu",
    col_met: "Kết quả",
    col_published: "Đã công bố",
    col_complete: "Độ đủ",
    col_fresh: "Sự kiện cuối",
    col_status: "Tình trạng",
    met: "Đạt",
    not_met: "Chưa đạt",
    same: "khớp",
    provisional: "Tạm tính",
    official: "Chính thức",
    restated: "Điều chỉnh",
    would_be: "nay là {0}",
    closed_at: "Chốt lúc",
    restated_to: "Nếu tính bây giờ",
    restated_why: "Vì những sự kiện nào",
    absent: "chưa có số liệu",
    unread: "đang đọc…",
    no_denominator: "không tính được (mẫu số bằng 0)",
    none: "không có",
    question: "Câu hỏi",
    owner: "Đơn vị chủ trì",
    definition: "Phiên bản định nghĩa",
    at: "Thời điểm của số liệu",
    as_json: "Xem nguyên văn (JSON)",
    by_month: "Diễn biến theo tháng",
    by_month_none: "Chỉ tiêu này chưa có số liệu theo tháng trong kỳ.",
    wait: "Đang tải…",
    salinity: "Độ mặn lớn nhất trong ngày theo trạm",
    salinity_note: "g/L; nét đứt: 1 và 4 g/L. Ngày không có số đo để trống, không nối. Rê chuột, chạm, hoặc dùng phím ← → để đọc từng ngày.",
    station: "Trạm {0}",
    peak: "đỉnh {0} g/L ngày {1}",
    days_over: "≥ 1 g/L: {0} ngày · ≥ 4 g/L: {1} ngày · có số đo: {2} ngày",
    mean: "trung bình {0} g/L",
    no_data: "không có dữ liệu",
    no_stations: "Chưa có trạm nào gửi số đo trong kỳ này.",
    sources: "Chất lượng nguồn dữ liệu",
    sources_note: "Nhận trong {0}; đủ: kỳ {1}. Mức đọc của trang: tốt từ 99 %, cần chú ý từ 95 %, còn lại là thấp; sống: trong 60 phút, chậm: trong 24 giờ, còn lại là im lặng.",
    sources_more: "Nhịp, độ trễ, công thức và danh sách sau mỗi con số →",
    sources_page: "Nguồn dữ liệu",
    home: "← Bảng chỉ tiêu",
    repair_page: "Sửa bản ghi bị từ chối",
    repair_states: "Trạng thái",
    own_key: "Khóa của đơn vị",
    use_key: "Dùng khóa",
    repair_note: "Mỗi đơn vị chỉ thấy bản ghi của mình. Sửa xong, xem thử số liệu nào đổi, rồi gửi lại; gửi lại bao nhiêu lần cũng chỉ tính một.",
    repair_none: "Không có bản ghi nào ở trạng thái này.",
    repair_open: "Chờ sửa",
    repair_fixed: "Đã sửa, chưa gửi",
    repair_replayed: "Đã gửi lại",
    repair_discarded: "Đã loại bỏ",
    repair_count: "{0} bản ghi",
    repair_show: "Xem từng bản ghi",
    repair_hide: "Thu gọn",
    repair_fix: "Lưu sửa đổi",
    repair_try: "Xem thử",
    repair_replay: "Gửi lại",
    repair_discard: "Loại bỏ",
    repair_reason: "Lý do loại bỏ",
    repair_whole: "Cả bản ghi, dạng JSON",
    repair_ready: "Đúng hợp đồng dữ liệu, có thể gửi lại.",
    repair_sent: "Đã gửi lại, biên nhận",
    repair_refused: "Chưa gửi được: xem lý do ở trên.",
    repair_no_change: "Gửi lại không đổi số liệu nào.",
    repair_would: "Gửi lại sẽ đổi {0} số liệu:",
    repair_rows: "Tải các dòng (CSV)",
    repair_upload: "Nạp tệp đã sửa",
    repair_rows_said: "Đã sửa {0} dòng, còn sai {1}.",
    repair_rows_send: "Gửi lại {0} dòng đã sửa",
    repair_rows_sent: "Đã gửi lại {0} dòng.",
    contract_dossier: "hồ sơ một cửa",
    contract_reading: "số đo",
    contract_payment: "thống kê thanh toán",
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
    heard: "Nhận lần cuối",
    never: "chưa từng",
    late_after: "trễ nếu im lặng quá {0}",
    lag: "Độ trễ sự kiện",
    lateness: "Đến muộn sau khi xảy ra",
    horizon: "sự kiện muộn nhất xảy ra lúc {0}",
    formula: "Công thức",
    list_behind: "Danh sách, kỳ {0}",
    list_shown: "{0} trên {1} dòng",
    list_empty_valid: "Không có bản ghi nào bị từ chối.",
    list_empty_complete: "Chưa có bước nào của lịch trong kỳ.",
    list_empty_clean: "Không có bản ghi trùng lặp hay mâu thuẫn.",
    list_empty_live: "Chưa nhận sự kiện nào.",
    list_rejected_at: "Từ chối lúc",
    list_index: "Thứ tự, dòng",
    list_rule: "Quy tắc",
    list_field: "Trường",
    list_value: "Giá trị",
    list_message: "Lý do",
    list_event_id: "Mã bản ghi",
    list_from: "Từ ngày",
    list_to: "Đến ngày",
    list_received: "Đã nhận",
    list_due: "Phải nhận",
    list_day: "Ngày nhận",
    list_duplicate: "Trùng lặp",
    list_conflict: "Mâu thuẫn",
    list_contract: "Hợp đồng",
    list_accepted_at: "Nhận lúc",
    list_occurred_at: "Sự kiện muộn nhất",
    more: "Xem thêm",
    seconds: "{0} giây",
    minutes: "{0} phút",
    hours: "{0} giờ",
    days: "{0} ngày",
    no_sources: "Chưa có nguồn nào gửi dữ liệu trong kỳ này.",
    source_valid_share: "Đúng",
    source_complete_share: "Đủ",
    source_clean_share: "Sạch",
    source_fresh_minutes: "Sống",
    source_valid_share_why: "không bị từ chối / đã nhận",
    source_complete_share_why: "đã nhận / phải nhận theo lịch",
    source_clean_share_why: "không trùng, không mâu thuẫn / đã nhận",
    source_fresh_minutes_why: "phút từ sự kiện được nhận cuối cùng",
    level_good: "Tốt",
    level_watch: "Cần chú ý",
    level_low: "Thấp",
    level_live: "Sống",
    level_slow: "Chậm",
    level_silent: "Im lặng",
    level_unknown: "Chưa rõ",
    service_electricity: "điện",
    service_water: "nước",
    service_tuition: "học phí",
    service_hospital: "viện phí",
    service_dossier_fee: "phí, lệ phí hồ sơ",
    service_other: "khác",
    empty_title: "Chưa có sự kiện nào",
    empty_how: "Máy chủ đã sẵn sàng. Tạo khoá bằng “hub keys create TEN_HE_THONG”, rồi gửi sự kiện đầu tiên tới POST /v1/events/dossier. Trang này tự hiện số liệu khi sự kiện đến.",
    just_now: "vừa xong",
    minutes_ago: "{0} phút trước",
    hours_ago: "{0} giờ trước",
    days_ago: "{0} ngày trước",
    changed: "Vừa cập nhật {0} chỉ tiêu",
    retry: "Thử lại",
    close: "Đóng",
    unreachable: "Không liên lạc được với máy chủ; trang tự thử lại.",
    odd_answer: "Máy chủ trả lời không đúng định dạng (mã {0}).",
    where: "Khi đọc {0}",
    foot: "Mọi tỷ lệ tính từ tử số và mẫu số nguyên, làm tròn nửa lên hai chữ số. Giờ Việt Nam (UTC+7).",
    month: "T{0}",
  },
  en: {
    hub: "Provincial data hub",
    motto: "Every number can prove itself",
    skip: "Skip to the KPI table",
    language: "Language",
    period: "Period",
    year: "Year {0}",
    synthetic: "Synthetic data (simulated)",
    synthetic_why: "generated for demonstration, not official figures of the province",
    live: "Live",
    connecting: "Connecting",
    lost: "Disconnected",
    updated: "Updated",
    cut: "Cut",
    as_of: "As it was at",
    as_of_now: "Back to now",
    past: "Figures of the chosen moment",
    loading: "Loading the year's events",
    loaded: "{0} / {1} events",
    rate: "{0} events/s",
    targets: "Against the year's targets",
    kpis: "KPIs",
    kpis_note: "Open a row for its question, definition and months.",
    group_dossier: "One-stop dossiers",
    group_procedure: "Procedures",
    group_salinity: "Salinity",
    group_payment: "Payments",
    col_name: "KPI",
    col_figure: "Figure",
    col_fraction: "Numerator / denominator",
    col_target: "Target",
    col_met: "Result",
    col_published: "Published",
    col_complete: "Complete",
    col_fresh: "Last event",
    col_status: "Status",
    met: "Met",
    not_met: "Not met",
    same: "agrees",
    provisional: "Provisional",
    official: "Official",
    restated: "Restated",
    would_be: "now {0}",
    closed_at: "Closed at",
    restated_to: "If computed now",
    restated_why: "Because of which events",
    absent: "no figure yet",
    unread: "not read yet",
    no_denominator: "undefined (the denominator is 0)",
    none: "none",
    question: "Question",
    owner: "Owner",
    definition: "Definition version",
    at: "Figure is for the instant",
    as_json: "See the answer itself (JSON)",
    by_month: "By month",
    by_month_none: "This KPI has no monthly figures in the period.",
    wait: "Loading…",
    salinity: "Daily maximum salinity by station",
    salinity_note: "g/L; dashed: 1 and 4 g/L. Days without a reading are left open, not joined. Hover, tap, or use ← → to read single days.",
    station: "Station {0}",
    peak: "peak {0} g/L on {1}",
    days_over: "≥ 1 g/L: {0} days · ≥ 4 g/L: {1} days · measured: {2} days",
    mean: "mean {0} g/L",
    no_data: "no data",
    no_stations: "No station has sent a reading in this period.",
    sources: "Source quality",
    sources_note: "Accepted in {0}; complete: period {1}. How the page reads them: good from 99%, watch from 95%, low below; live within 60 minutes, slow within 24 hours, else silent.",
    sources_more: "Heartbeat, lag, formula and the list behind each number →",
    sources_page: "Data sources",
    home: "← KPIs",
    repair_page: "Repair rejected items",
    repair_states: "State",
    own_key: "The department's key",
    use_key: "Use the key",
    repair_note: "A department sees its own items only. Correct one, see which figures would change, send it again; however often it is sent, it counts once.",
    repair_none: "No item is in this state.",
    repair_open: "To repair",
    repair_fixed: "Corrected, not sent",
    repair_replayed: "Sent again",
    repair_discarded: "Discarded",
    repair_count: "{0} items",
    repair_show: "Show items",
    repair_hide: "Hide items",
    repair_fix: "Keep the correction",
    repair_try: "Try",
    repair_replay: "Send again",
    repair_discard: "Discard",
    repair_reason: "Why it is discarded",
    repair_whole: "The whole item, as JSON",
    repair_ready: "It keeps its contract and may be sent again.",
    repair_sent: "Sent again, receipt",
    repair_refused: "It was not sent: the reason is above.",
    repair_no_change: "Sending it again changes no figure.",
    repair_would: "Sending it again would change {0} figures:",
    repair_rows: "Get the rows (CSV)",
    repair_upload: "Corrected file",
    repair_rows_said: "{0} rows corrected, {1} still wrong.",
    repair_rows_send: "Send {0} corrected rows again",
    repair_rows_sent: "{0} rows were sent again.",
    contract_dossier: "one-stop dossiers",
    contract_reading: "readings",
    contract_payment: "payment statistics",
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
    heard: "Last heard",
    never: "never",
    late_after: "late when silent for {0}",
    lag: "Event-time lag",
    lateness: "Late after it happened",
    horizon: "the latest event happened at {0}",
    formula: "Formula",
    list_behind: "The list, period {0}",
    list_shown: "{0} of {1} rows",
    list_empty_valid: "Nothing was rejected.",
    list_empty_complete: "No step of the schedule in the period yet.",
    list_empty_clean: "No repeats and no conflicts.",
    list_empty_live: "No event was received yet.",
    list_rejected_at: "Rejected at",
    list_index: "Item, row",
    list_rule: "Rule",
    list_field: "Field",
    list_value: "Value",
    list_message: "Reason",
    list_event_id: "Record",
    list_from: "From",
    list_to: "To",
    list_received: "Received",
    list_due: "Due",
    list_day: "Accepted on",
    list_duplicate: "Repeats",
    list_conflict: "Conflicts",
    list_contract: "Contract",
    list_accepted_at: "Accepted at",
    list_occurred_at: "Latest event",
    more: "Show more",
    seconds: "{0} s",
    minutes: "{0} min",
    hours: "{0} h",
    days: "{0} days",
    no_sources: "No source has sent anything in this period.",
    source_valid_share: "Correct",
    source_complete_share: "Complete",
    source_clean_share: "Clean",
    source_fresh_minutes: "Live",
    source_valid_share_why: "not rejected / received",
    source_complete_share_why: "received / expected by schedule",
    source_clean_share_why: "neither duplicate nor conflicting / received",
    source_fresh_minutes_why: "minutes since the last accepted event",
    level_good: "Good",
    level_watch: "Watch",
    level_low: "Low",
    level_live: "Live",
    level_slow: "Slow",
    level_silent: "Silent",
    level_unknown: "Unknown",
    service_electricity: "electricity",
    service_water: "water",
    service_tuition: "tuition",
    service_hospital: "hospital fees",
    service_dossier_fee: "dossier fees",
    service_other: "other",
    empty_title: "No events yet",
    empty_how: "The server is ready. Create a key with “hub keys create SYSTEM_NAME”, then send the first event to POST /v1/events/dossier. Figures appear here by themselves as events arrive.",
    just_now: "just now",
    minutes_ago: "{0} min ago",
    hours_ago: "{0} h ago",
    days_ago: "{0} days ago",
    changed: "{0} KPIs updated",
    retry: "Try again",
    close: "Close",
    unreachable: "The server cannot be reached; the page retries by itself.",
    odd_answer: "The server's answer is malformed (status {0}).",
    where: "While reading {0}",
    foot: "Shares are computed from integer numerators and denominators and rounded half-up to two decimals. Times are Viet Nam time (UTC+7).",
    month: "{0}",
  },
};

const UNITS = {
  vi: { dossiers: "hồ sơ", procedures: "thủ tục", "g/L": "g/L", hours: "giờ", minutes: "phút",
    transactions: "giao dịch", customers: "khách hàng", stations: "trạm", "đồng": "đồng" },
  en: { dossiers: "dossiers", procedures: "procedures", "g/L": "g/L", hours: "hours", minutes: "minutes",
    transactions: "transactions", customers: "customers", stations: "stations", "đồng": "VND" },
};

const MONEY_STEPS = {
  vi: [[10n ** 9n, "tỷ đồng"], [10n ** 6n, "triệu đồng"]],
  en: [[10n ** 9n, "billion VND"], [10n ** 6n, "million VND"]],
};

export const words = (lang) => (key, ...values) =>
  (TEXTS[lang][key] ?? key).replace(/\{(\d)\}/g, (_, i) => values[Number(i)]);

/** Whether a text exists, so that an unknown source or service is shown under its own code. */
export const named = (lang, key, code) => TEXTS[lang][key] ?? code;

/** numerator / denominator rounded half-up (away from zero) to `places` decimals, exactly. */
export function decimal(numerator, denominator, places, lang) {
  const [n, d] = [BigInt(numerator), BigInt(denominator)];
  const negative = n < 0n !== d < 0n && n !== 0n;
  const [top, bottom] = [n < 0n ? -n : n, d < 0n ? -d : d];
  const units = (2n * top * 10n ** BigInt(places) + bottom) / (2n * bottom);
  const digits = units.toString().padStart(places + 1, "0");
  const [group, point] = lang === "vi" ? [".", ","] : [",", "."];
  const whole = digits.slice(0, digits.length - places).replace(/\B(?=(\d{3})+$)/g, group);
  const rest = places ? point + digits.slice(-places) : "";
  return (negative && units ? "−" : "") + whole + rest;
}

export const integer = (n, lang) => decimal(n, 1, 0, lang);

/** A decimal string such as "0.125" as a pair of integers. */
export function ratio(text) {
  const [whole, rest = ""] = String(text).split(".");
  return [BigInt(whole + rest), 10n ** BigInt(rest.length)];
}

const percent = (n, d, places, lang) =>
  decimal(BigInt(n) * 100n, d, places, lang) + (lang === "vi" ? "\u00a0%" : "%");

/** The fewest decimals, up to three, that write a decimal string without changing it. */
function shortest([n, d], write) {
  const places = [0, 1, 2].find((p) => (n * 10n ** BigInt(p)) % d === 0n) ?? 3;
  return write(n, d, places);
}

/** A figure as {text, unit, full}: what the table shows, its unit, and the longer reading for the title. */
export function figureText(figure, lang) {
  const { numerator, measure_unit: unit } = figure;
  const divisor = BigInt(figure.denominator) * BigInt(figure.scale ?? 1);
  const unitText = UNITS[lang][unit] ?? unit;
  if (figure.value === null || divisor === 0n) {
    return { text: "–", unit: "", full: words(lang)("no_denominator") };
  }
  if (unit === "share") {
    return { text: percent(numerator, divisor, 2, lang), unit: "", full: percent(numerator, divisor, 6, lang) };
  }
  if (unit === "đồng") {
    const size = BigInt(numerator) / divisor;
    const step = MONEY_STEPS[lang].find(([from]) => size >= from || -size >= from);
    const full = `${decimal(numerator, divisor, 0, lang)} ${unitText}`;
    return step
      ? { text: decimal(numerator, divisor * step[0], 2, lang), unit: step[1], full }
      : { text: decimal(numerator, divisor, 0, lang), unit: unitText, full };
  }
  const places = BigInt(numerator) % divisor === 0n && unit !== "g/L" ? 0 : 2;
  return {
    text: decimal(numerator, divisor, places, lang),
    unit: unitText,
    full: `${decimal(numerator, divisor, unit === "g/L" ? 6 : places, lang)} ${unitText}`,
  };
}

/** The two integers behind a figure; a plain count or sum has only the first. */
export function fractionText({ numerator, denominator, scale = 1 }, lang) {
  const top = integer(numerator, lang);
  const below = BigInt(denominator) === 1n ? "" : ` / ${integer(denominator, lang)}`;
  return top + below + (BigInt(scale) === 1n ? "" : ` ÷ ${integer(scale, lang)}`);
}

export function targetText(target, unit, lang) {
  const op = { ">=": "≥", "<=": "≤", ">": ">", "<": "<", "==": "=" }[target.op] ?? target.op;
  const write = unit === "share"
    ? (n, d, places) => percent(n, d * 100n, places, lang)
    : (n, d, places) => decimal(n, d, places, lang);
  const [n, d] = ratio(target.value);
  return `${op} ${shortest(unit === "share" ? [n * 100n, d] : [n, d], write)}`;
}

export const completeText = (complete, lang) => {
  const [n, d] = ratio(Number(complete).toFixed(6));
  return percent(n, d, n === d ? 0 : 1, lang);
};

const CLOCK = new Intl.DateTimeFormat("en-GB", {
  timeZone: "Asia/Ho_Chi_Minh", year: "numeric", month: "2-digit", day: "2-digit",
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});

export function timeText(iso) {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? String(iso) : CLOCK.format(at).replace(", ", " ");
}

/** "2023-05-17" as 17/05/2023. */
export const dayText = (day) => day.split("-").reverse().join("/");

export const thisYear = () => CLOCK.formatToParts(new Date()).find((p) => p.type === "year").value;

export function agoText(iso, lang) {
  const minutes = Math.max(0, Math.floor((Date.now() - new Date(iso).getTime()) / 60000));
  const t = words(lang);
  if (minutes < 1) return t("just_now");
  if (minutes < 120) return t("minutes_ago", minutes);
  return minutes < 2880
    ? t("hours_ago", Math.floor(minutes / 60))
    : t("days_ago", integer(Math.floor(minutes / 1440), lang));
}

/** A span of time in the largest unit of which it has at least two. */
export function spanText(seconds, lang) {
  const t = words(lang);
  const [name, size] = [["days", 86_400], ["hours", 3600], ["minutes", 60]].find(([, s]) => seconds >= 2 * s) ?? ["seconds", 1];
  return t(name, integer(Math.floor(seconds / size), lang));
}
