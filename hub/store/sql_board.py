"""Grafana's dashboard over the SQL views: what a department's BI has to begin with, as code.

It asks a PostgreSQL data source whose login `hub sql` made, so that each sees its own units' facts.
The period is Grafana's own, by its macro `$__timeFilter`; units are chosen of `own_unit`.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal

from hub.operating.dashboard import place
from hub.store.sql_views import NAME

PATH = "deploy/grafana/figures.json"
SOURCE = {"type": "grafana-postgresql-datasource", "uid": "${datasource}"}
UNITS = "SELECT unit FROM own_unit ORDER BY 1"
Drawn = Literal["timeseries", "barchart", "table"]


@dataclass(frozen=True)
class Panel:
    """What is drawn: its title, how, by which query, and in which of Grafana's units."""

    vi: str
    en: str
    drawn: Drawn
    sql: str
    unit: str = "short"


_DAY = "day::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' AS \"time\""
_WITHIN = "$__timeFilter(day)"
PANELS = (
    Panel(
        "Hồ sơ mới mỗi ngày, theo kênh",
        "New dossiers by channel, day by day",
        "timeseries",
        f"SELECT {_DAY}, channel AS metric, sum(count) AS value FROM daily"
        f" WHERE measure = 'dossier.received' AND split_by = 'channel+service_level' AND {_WITHIN}"
        " GROUP BY day, channel ORDER BY day, channel",
    ),
    Panel(
        "Tỷ lệ đúng hạn mỗi tháng",
        "Share on time, month by month",
        "timeseries",
        "SELECT date_trunc('month', day::timestamp) AT TIME ZONE 'Asia/Ho_Chi_Minh' AS \"time\","
        " sum(value)::numeric / sum(count) AS value FROM daily WHERE measure = 'dossier.resolved'"
        f" AND split_by = 'channel+service_level' AND {_WITHIN} GROUP BY 1 ORDER BY 1",
        "percentunit",
    ),
    Panel(
        "Tỷ lệ đúng hạn theo đơn vị, thấp nhất trước",
        "Share on time by unit, the lowest first",
        "barchart",
        "SELECT resolved_by AS unit, sum(value)::numeric / sum(count) AS share FROM daily"
        f" WHERE measure = 'dossier.resolved' AND split_by = 'resolved_by' AND {_WITHIN}"
        " AND resolved_by IN ($unit) GROUP BY 1 ORDER BY 2, 1 LIMIT 30",
        "percentunit",
    ),
    Panel(
        "Hồ sơ đang quá hạn theo đơn vị",
        "Overdue dossiers by unit",
        "barchart",
        "SELECT coalesce(resolved_by, received_by) AS unit, count(*) AS overdue FROM dossier"
        " WHERE overdue_at < now() AND ended_at IS NULL"
        " AND coalesce(resolved_by, received_by) IN ($unit) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 30",
    ),
    Panel(
        "Hồ sơ quá hạn lâu nhất",
        "Dossiers overdue for the longest time",
        "table",
        "SELECT code, coalesce(resolved_by, received_by) AS unit, procedure_code, due_at,"
        " round(extract(epoch FROM now() - overdue_at) / 86400, 1) AS days FROM dossier"
        " WHERE overdue_at < now() AND ended_at IS NULL"
        " AND coalesce(resolved_by, received_by) IN ($unit) ORDER BY overdue_at LIMIT 100",
    ),
    Panel(
        "Phí, lệ phí lệch: số tiền theo ngày phát sinh",
        "Fees that do not match, by day",
        "timeseries",
        f"SELECT {_DAY}, match AS metric, sum(value) AS value FROM daily"
        f" WHERE measure = 'fee.unmatched' AND split_by = 'match' AND {_WITHIN}"
        " GROUP BY day, match ORDER BY day, match",
        "currencyVND",
    ),
    Panel(
        "Độ mặn cao nhất mỗi ngày, mg/L",
        "Greatest salinity of a day, mg/L",
        "timeseries",
        f"SELECT {_DAY}, station_code AS metric, max(value) AS value FROM daily"
        f" WHERE measure = 'reading.salinity_max' AND split_by = 'station_code' AND {_WITHIN}"
        " GROUP BY day, station_code ORDER BY day, station_code",
    ),
    Panel(
        "Số liệu đã công bố của năm",
        "Published figures of the years",
        "table",
        "SELECT kpi, period, value, numerator, denominator, target_value, met, status, changed_at"
        " FROM figure WHERE length(period) = 4 ORDER BY period DESC, kpi",
    ),
    Panel(
        "Số liệu chính thức của kỳ đã chốt",
        "Official figures of closed periods",
        "table",
        "SELECT period, kpi, value, numerator, denominator, closed_at FROM official_figure"
        " ORDER BY closed_at DESC, period, kpi",
    ),
    Panel(
        "Dữ liệu đã tính đến khi nào",
        "Up to when what came in is applied",
        "table",
        "SELECT topic, applied_at FROM freshness ORDER BY topic",
    ),
)


def dashboard() -> str:
    """Write it as Grafana's JSON model (schema version 39)."""
    chosen = {
        "name": "unit",
        "label": "Đơn vị | Unit",
        "type": "query",
        "datasource": SOURCE,
        "query": UNITS,
        "multi": True,
        "includeAll": True,
        "current": {"text": "All", "value": "$__all"},
        "refresh": 1,
    }
    source = {"name": "datasource", "type": "datasource", "query": SOURCE["type"]}
    model = {
        "uid": f"lgsp-{NAME.replace('_', '-')}",
        "title": "Trục dữ liệu: số liệu cho đơn vị | Hub: figures for departments",
        "schemaVersion": 39,
        "timezone": "Asia/Ho_Chi_Minh",
        "time": {"from": "now-1y", "to": "now"},
        "refresh": "5m",
        "templating": {"list": [source, chosen]},
        "panels": [{**place(i), **_panel(panel)} for i, panel in enumerate(PANELS)],
    }
    return json.dumps(model, ensure_ascii=False, indent=1) + "\n"


def _panel(panel: Panel) -> dict[str, Any]:
    shape = "time_series" if panel.drawn == "timeseries" else "table"
    return {
        "type": panel.drawn,
        "title": f"{panel.vi} | {panel.en}",
        "description": "docs/sql.md",
        "datasource": SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": [
            {
                "refId": "A",
                "datasource": SOURCE,
                "editorMode": "code",
                "rawQuery": True,
                "format": shape,
                "rawSql": panel.sql,
            }
        ],
    }
