// What a hub without events says: how to send the first one.

import { el } from "../el.js";
import { page } from "../page.js";
import { Part } from "../part.js";
import { thisYear } from "../strings.js";
import { words } from "../words.js";
import { board, isEmpty } from "./state.js";

const t = words({
  vi: {
    title: "Chưa có sự kiện nào",
    how: "Máy chủ đã sẵn sàng. Tạo khoá bằng “hub keys create TEN_HE_THONG --contracts dossier --units MA_DON_VI”, rồi gửi sự kiện đầu tiên tới POST /v1/events/dossier. Trang này tự hiện số liệu khi sự kiện đến.",
  },
  en: {
    title: "No events yet",
    how: "The server is ready. Create a key with “hub keys create SYSTEM_NAME --contracts dossier --units UNIT_CODE”, then send the first event to POST /v1/events/dossier. Figures appear here by themselves as events arrive.",
  },
});

const exampleCommand = () => `curl -X POST ${location.origin}/v1/events/dossier \\
  -H "Authorization: Bearer $HUB_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{
    "event_id": "1",
    "dossier_code": "H57.132-${thisYear().slice(2)}0105-0001",
    "occurred_at": "${thisYear()}-01-05T08:30:00+07:00",
    "kind": "received",
    "received_by": "H57.132",
    "procedure_code": "1.005129",
    "service_level": "full",
    "channel": "online",
    "due_at": "${thisYear()}-01-12T17:00:00+07:00"
  }'`;

export class EmptyHub extends Part {
  static follows = [page.changes("lang", "list"), board.changes("isLoading")];

  #title = el("h2");
  #how = el("p");
  #section = el(
    "section",
    { id: "empty", class: "panel empty" },
    this.#title,
    this.#how,
    el("pre", { id: "empty-example", tabindex: "0" }, exampleCommand()),
  );

  build() {
    return [this.#section];
  }

  draw() {
    this.#section.hidden = !isEmpty();
    this.#title.textContent = t("title");
    this.#how.textContent = t("how");
  }
}

customElements.define("empty-hub", EmptyHub);
