"""The Grafana dashboard, made from the declared metrics: one panel each."""

import json
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from hub.operating import metrics

WIDTH, HEIGHT, ACROSS = 8, 7, 24
_SHARES = (0.5, 0.99)


def dashboard() -> str:
    """Write the dashboard as Grafana's JSON model (schema version 39)."""
    panels = [_panel(number, m) for number, m in enumerate(metrics.declared())]
    model = {
        "uid": "lgsp-hub",
        "title": "LGSP hub",
        "schemaVersion": 39,
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "templating": {
            "list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]
        },
        "panels": panels,
    }
    return json.dumps(model, ensure_ascii=False, indent=1) + "\n"


def _panel(number: int, metric: Counter | Gauge | Histogram) -> dict[str, Any]:
    per_row = ACROSS // WIDTH
    name, labels = metric._name, list(metric._labelnames)
    source = {"type": "prometheus", "uid": "${datasource}"}
    legend = " ".join(f"{{{{{n}}}}}" for n in labels)
    if isinstance(metric, Histogram):
        grouped = ", ".join(["le", *labels])
        queries = [
            (
                f"histogram_quantile({q}, sum by ({grouped}) (rate({name}_bucket[5m])))",
                f"p{q * 100:g} {legend}".strip(),
            )
            for q in _SHARES
        ]
    elif isinstance(metric, Counter):
        by = f" by ({', '.join(labels)})" if labels else ""
        queries = [(f"sum{by} (rate({name}_total[5m]))", legend)]
    else:
        by = f" by ({', '.join(labels)})" if labels else ""
        queries = [(f"max{by} ({name})", legend)]
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": name,
        "description": metric._documentation,
        "datasource": source,
        "gridPos": {
            "x": number % per_row * WIDTH,
            "y": number // per_row * HEIGHT,
            "w": WIDTH,
            "h": HEIGHT,
        },
        "targets": [
            {"refId": chr(65 + i), "expr": expr, "legendFormat": shown, "datasource": source}
            for i, (expr, shown) in enumerate(queries)
        ],
    }
