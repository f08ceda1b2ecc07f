// How dimensions, their values and numbers of a table of figures are written.

import { nameOf } from "../board/groups.js";
import { page } from "../page.js";
import { integer } from "../strings.js";
import { words } from "../words.js";
import { kpiAsked } from "./state.js";

const t = words({
  vi: {
    unit: "Đơn vị",
    level: "Cấp đơn vị",
    procedure: "Thủ tục",
    field: "Lĩnh vực",
    channel: "Kênh nộp",
    service_level: "Mức dịch vụ",
    station: "Trạm",
    service: "Dịch vụ",
    method: "Hình thức",
    reporter: "Bên báo cáo",
    area: "Địa bàn",
    match: "Đối chiếu",
    source: "Nguồn",
    day: "Ngày",
    week: "Tuần",
    month: "Tháng",
    quarter: "Quý",
    half: "Nửa năm",
    year: "Năm",
    range: "Từ ngày – đến ngày",
    none: "(không rõ)",
    points: "{0} điểm %",
    of_whole: "{0} % tổng số",
    "level=province": "Tỉnh",
    "level=department": "Sở, ngành",
    "level=district": "Huyện",
    "level=commune": "Xã, phường",
    "channel=online": "Trực tuyến",
    "channel=counter": "Tại quầy",
    "channel=post": "Bưu chính",
    "service_level=full": "Toàn trình",
    "service_level=partial": "Một phần",
    "service_level=information": "Cung cấp thông tin",
    "role=received_by": "đơn vị tiếp nhận",
    "role=resolved_by": "đơn vị giải quyết",
    "role=citizen": "nơi người nộp ở",
  },
  en: {
    unit: "Unit",
    level: "Level of unit",
    procedure: "Procedure",
    field: "Field",
    channel: "Channel",
    service_level: "Service level",
    station: "Station",
    service: "Service",
    method: "Method",
    reporter: "Reporter",
    area: "Area",
    match: "Match",
    source: "Source",
    day: "Day",
    week: "Week",
    month: "Month",
    quarter: "Quarter",
    half: "Half-year",
    year: "Year",
    range: "From day to day",
    none: "(unknown)",
    points: "{0} % points",
    of_whole: "{0} % of all",
    "level=province": "Province",
    "level=department": "Department",
    "level=district": "District",
    "level=commune": "Commune",
    "channel=online": "Online",
    "channel=counter": "Counter",
    "channel=post": "Post",
    "service_level=full": "Full",
    "service_level=partial": "Partial",
    "service_level=information": "Information",
    "role=received_by": "who received",
    "role=resolved_by": "who resolves",
    "role=citizen": "where the citizen lives",
  },
});

/** @param {string} dim */
export const dimText = (dim) => t.find(dim, dim);

/** @param {string} role */
export const roleText = (role) => t.find(`role=${role}`, role);

/**
 * Writes a value of a dimension: by its name in the lists, else by a word of its own, else its code.
 * @param {string} dim @param {string | null | undefined} code @param {string} [listed]
 */
export function valueText(dim, code, listed) {
  if (!code) return t("none");
  if (dim === "day") return code.split("-").reverse().join("/");
  const own = t.find(`${dim}=${code}`, "");
  return own || listed || nameOf(kpiAsked()?.used_by.group.id ?? "", dim, code);
}

/** How many words are sorted: Đ after D, tones as in a dictionary, numbers by what they are. */
export const inOrder = new Intl.Collator("vi", { numeric: true });

/**
 * Writes a decimal that the hub gave, with few places.
 * @param {string | number} text @param {number} [places] At most. @param {number} [least]
 */
export const few = (text, places = 2, least = 0) =>
  new Intl.NumberFormat(page.now.lang, {
    minimumFractionDigits: least,
    maximumFractionDigits: places,
  })
    .format(Number(text))
    .replace("-", "−");

/**
 * Writes by how much one figure is greater than another, or what it pulls.
 * @param {string} text @param {string} unit Of measure.
 */
export const gapText = (text, unit) =>
  unit === "share" ? t("points", few(Number(text) * 100, 2, 2)) : few(text);

/**
 * Writes what a row pulls: points of a share, or of a count its part of the whole.
 * @param {string} pull @param {string} unit @param {boolean} isCount
 */
export const pullText = (pull, unit, isCount) =>
  isCount ? t("of_whole", few(Number(pull) * 100, 2, 2)) : gapText(pull, unit);

/** @param {import("../types.js").Whole} n With its sign. */
export const signed = (n) => (BigInt(n) > 0n ? `+${integer(n)}` : integer(n));
