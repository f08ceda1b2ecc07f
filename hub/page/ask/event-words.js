// What the kinds of events are called, and how an event counts.

import { words } from "../words.js";

const t = words({
  vi: {
    registered: "đăng ký",
    received: "tiếp nhận",
    refused: "từ chối tiếp nhận",
    processing: "đang giải quyết",
    supplement_requested: "yêu cầu bổ sung",
    supplemented: "đã bổ sung",
    payment_requested: "yêu cầu nộp phí",
    withdrawn: "rút hồ sơ",
    stopped: "dừng giải quyết",
    resolved: "giải quyết xong",
    returned: "trả kết quả",
    due_changed: "đổi hạn trả",
    synced: "đồng bộ xong",
    sync_failed: "đồng bộ lỗi",
    rated: "đánh giá",
    retracted: "thu hồi",
    aliased: "có mã khác",
    applied: "được tính",
    duplicate: "trùng lặp",
    conflict: "mâu thuẫn",
  },
  en: {
    registered: "registered",
    received: "received",
    refused: "refused",
    processing: "processing",
    supplement_requested: "supplement requested",
    supplemented: "supplemented",
    payment_requested: "payment requested",
    withdrawn: "withdrawn",
    stopped: "stopped",
    resolved: "resolved",
    returned: "returned",
    due_changed: "due date changed",
    synced: "synced",
    sync_failed: "sync failed",
    rated: "rated",
    retracted: "retracted",
    aliased: "has another code",
    applied: "applied",
    duplicate: "duplicate",
    conflict: "conflict",
  },
});

/**
 * Writes a kind of event, or a class of the ledger; one that has no word is shown as it is.
 * @param {string | number | null | undefined} code
 */
export const eventText = (code) => (code ? t.find(String(code), String(code)) : "");
