"""Grafana's dashboards, one for each who watches: titles as people read them, two languages.

Each declared metric is on one of them, once; `hub render` writes them.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from prometheus_client import Counter, Histogram

from hub.operating import metrics
from hub.operating.metrics import Declared

WIDTH, HEIGHT, ACROSS = 8, 7, 24
_SHARES = (0.5, 0.99)
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True)
class Panel:
    """What is drawn: a metric, and what it is called."""

    metric: Declared
    vi: str
    en: str


@dataclass(frozen=True)
class Board:
    """A dashboard: its file's name, for whom it is, and its panels."""

    name: str
    vi: str
    en: str
    panels: tuple[Panel, ...]
    has_objectives: bool = False


_m = metrics
BOARDS = (
    Board(
        "operator",
        "Trục dữ liệu: người trực",
        "Hub: operator on call",
        (
            Panel(_m.AWAY, "Không hỏi được nhật ký, cơ sở dữ liệu", "Log or store away"),
            Panel(_m.LAG_EVENTS, "Sự kiện chưa tính", "Events to be applied"),
            Panel(_m.REQUEST_SECONDS, "Thời gian trả lời", "Time to answer"),
            Panel(_m.EVENTS_APPLIED, "Sự kiện được tính", "Events applied"),
            Panel(_m.APPLY_SECONDS, "Thời gian tính một lô", "Time to apply a batch"),
            Panel(_m.UNPUBLISHED, "Số liệu chờ công bố", "Figures to be published"),
            Panel(
                _m.UNPUBLISHED_SECONDS, "Chờ công bố đã bao lâu", "Age of what is to be published"
            ),
            Panel(_m.PUBLISHED, "Số liệu được công bố", "Figures published"),
            Panel(
                _m.FENCED, "Lô không tính ở đây, vì nơi khác đã tính", "Batches applied elsewhere"
            ),
            Panel(_m.SPOOL_WAITING, "Nằm trên đĩa chờ Kafka", "Spooled until Kafka is back"),
            Panel(_m.LEDGER_REMAINDER, "Đã xác nhận mà không thấy", "Acknowledged and missing"),
            Panel(_m.VERIFY_DIFFERENCES, "Khác biệt khi kiểm chứng", "Differences verify found"),
            Panel(_m.VERIFY_AT, "Lần kiểm chứng gần nhất", "Last verify"),
            Panel(_m.VERIFY_SAMPLE_AT, "Lần kiểm chứng mẫu gần nhất", "Last verify on a sample"),
            Panel(_m.ARCHIVED, "Đã lưu trữ đến đâu", "Archived up to"),
        ),
        has_objectives=True,
    ),
    Board(
        "data-officer",
        "Trục dữ liệu: cán bộ dữ liệu",
        "Hub: data officer",
        (
            Panel(_m.EVENTS_ACCEPTED, "Sự kiện được nhận", "Events accepted"),
            Panel(_m.EVENTS_REJECTED, "Mục bị từ chối, theo quy tắc", "Items rejected, by rule"),
            Panel(_m.QUARANTINE_OPEN, "Mục bị từ chối còn chờ sửa", "Rejected items to be mended"),
            Panel(_m.REPAIRED, "Mục đã sửa và gửi lại", "Items mended and sent again"),
            Panel(_m.REPAIR_SECONDS, "Tổng thời gian chờ sửa", "Time until mended, in sum"),
            Panel(_m.LEDGER_EVENTS, "Sổ cái theo trạng thái", "Ledger by class"),
            Panel(_m.SOURCE_SILENT, "Nguồn im lặng đã bao lâu", "How long a source is silent"),
            Panel(_m.SOURCE_SILENCE_MAX, "Im lặng được phép", "Silence that is allowed"),
            Panel(_m.SOURCE_LAG, "Dữ liệu mới nhất cũ bao lâu", "Age of the latest data"),
            Panel(_m.SENDER_STOPPED, "Nơi gửi bị tạm ngừng nhận", "Senders that are stopped"),
            Panel(_m.CONNECTOR_STATE, "Trạng thái kết nối", "State of connectors"),
            Panel(_m.CONNECTOR_HEARTBEAT, "Nhịp kết nối gần nhất", "Last heartbeat of connectors"),
            Panel(_m.CONNECTOR_RECORDS, "Bản ghi kết nối đọc được", "Records of connectors"),
            Panel(_m.UPSTREAM_ERRORS, "Lỗi khi đọc hệ thống nguồn", "Errors of upstreams"),
            Panel(_m.UPSTREAM_SECONDS, "Thời gian mỗi lần đọc nguồn", "Time of a read upstream"),
            Panel(_m.UPSTREAM_WAITING, "Còn chờ ở hệ thống nguồn", "What waits upstream"),
            Panel(_m.REPORT_BROKEN, "Chỗ không khớp trong biểu 06", "What does not add up in 06"),
        ),
    ),
    Board(
        "alerts",
        "Trục dữ liệu: cảnh báo và thông báo",
        "Hub: alerts and notices",
        (
            Panel(_m.ALERTS_OPEN, "Cảnh báo đang mở", "Alerts that stand"),
            Panel(_m.ALERT_EVENTS, "Diễn biến cảnh báo", "What became of alerts"),
            Panel(_m.ALERTS_AT, "Lần xét cảnh báo gần nhất", "Alerts were last looked at"),
            Panel(_m.EXCHANGES, "Thông điệp trao đổi", "Messages exchanged"),
            Panel(_m.DELIVERIES, "Thông báo theo kênh", "Notices by outlet"),
            Panel(_m.DELIVERY_OVERDUE, "Thông báo chậm bao lâu", "How late notices are"),
        ),
    ),
)


def dashboards() -> Iterator[tuple[str, str]]:
    """Write the dashboards as Grafana's JSON model (schema version 39): (file's name, text)."""
    for board in BOARDS:
        drawn = [_drawn(p) for p in board.panels]
        if board.has_objectives:
            drawn.insert(0, _OBJECTIVES)
        model = {
            "uid": f"lgsp-{board.name}",
            "title": f"{board.vi} | {board.en}",
            "schemaVersion": 39,
            "time": {"from": "now-6h", "to": "now"},
            "refresh": "30s",
            "templating": {
                "list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]
            },
            "panels": [{**place(i), **panel} for i, panel in enumerate(drawn)],
        }
        yield f"{board.name}.json", json.dumps(model, ensure_ascii=False, indent=1) + "\n"


def place(number: int) -> dict[str, Any]:
    """Give a panel its number and its place, three in a row."""
    row, column = divmod(number, ACROSS // WIDTH)
    at = {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT}
    return {"id": number + 1, "gridPos": at}


def _panel(title: str, about: str, queries: list[tuple[str, str]], unit: str) -> dict[str, Any]:
    return {
        "type": "timeseries",
        "title": title,
        "description": about,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
        "targets": [
            {"refId": chr(65 + i), "expr": expr, "legendFormat": shown, "datasource": _SOURCE}
            for i, (expr, shown) in enumerate(queries)
        ],
    }


def _drawn(panel: Panel) -> dict[str, Any]:
    queries, unit = _asked(panel.metric)
    about = f"{panel.metric._name}: {panel.metric._documentation}"
    return _panel(f"{panel.vi} | {panel.en}", about, queries, unit)


def _asked(metric: Declared) -> tuple[list[tuple[str, str]], str]:
    """Write the queries of a metric with their legends, and the unit of what they give."""
    name, labels = metric._name, list(metric._labelnames)
    legend = " ".join(f"{{{{{n}}}}}" for n in labels)
    by = f" by ({', '.join(labels)})" if labels else ""
    if isinstance(metric, Histogram):
        grouped = ", ".join(["le", *labels])
        queries = [
            (
                f"histogram_quantile({q}, sum by ({grouped}) (rate({name}_bucket[5m])))",
                f"p{q * 100:g} {legend}".strip(),
            )
            for q in _SHARES
        ]
        return queries, "s"
    if isinstance(metric, Counter):
        return [(f"sum{by} (rate({name}_total[5m]))", legend)], "ops"
    if name.endswith(("_at_seconds", "_heartbeat_seconds")):
        # An instant: Grafana shows how long ago it is, and takes it in milliseconds.
        return [(f"1000 * max{by} ({name})", legend)], "dateTimeFromNow"
    return [(f"max{by} ({name})", legend)], "s" if name.endswith("_seconds") else "short"


_OBJECTIVES = _panel(
    "Phần không đạt mục tiêu, trong một giờ | What misses the objectives, of an hour",
    "docs/objectives.md",
    [('max by (objective) (hub:bad:share{window="1h"})', "{{objective}}")],
    "percentunit",
)
