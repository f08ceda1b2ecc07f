"""Metrics, declared once: name, labels and meaning."""

from collections.abc import Mapping

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

Declared = Counter | Gauge | Histogram
# What log and store hold; only a server reads them, and no other process shall claim a zero.
HELD = CollectorRegistry()

EVENTS_ACCEPTED = Counter(
    "hub_events_accepted", "Events acknowledged, repeats included.", ["contract"]
)
EVENTS_REJECTED = Counter(
    "hub_events_rejected", "Items that broke their contract or their key.", ["contract", "rule"]
)
EVENTS_APPLIED = Counter("hub_events_applied", "Events applied to the store.", ["topic"])
FENCED = Counter(
    "hub_fenced", "Slices that were not applied here, as their position had moved.", ["topic"]
)
PUBLISHED = Counter("hub_published", "Figures and notices told to topics.")
APPLY_SECONDS = Histogram(
    "hub_apply_seconds",
    "Time to apply one batch, in seconds.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
REQUEST_SECONDS = Histogram(
    "hub_http_request_seconds", "Time to answer a request, in seconds.", ["route", "status"]
)

CONNECTOR_RECORDS = Counter(
    "hub_connector_records",
    "Records of an upstream; outcome: accepted, rejected, refused by the breaker, or passed_over.",
    ["source", "outcome"],
)
CONNECTOR_STATE = Gauge(
    "hub_connector_state", "1 for the state that a connector is in, else 0.", ["source", "state"]
)
CONNECTOR_HEARTBEAT = Gauge(
    "hub_connector_heartbeat_seconds", "When a connector last said that it lives.", ["source"]
)
SENDER_STOPPED = Gauge(
    "hub_sender_stopped",
    "1 while nothing is taken from a sender, as too many of its items in a row were rejected.",
    ["sender"],
)
SPOOL_WAITING = Gauge(
    "hub_spool_waiting",
    "Submissions acknowledged and kept in the spool, as the log is away: not yet in any figure.",
)
UPSTREAM_ERRORS = Counter(
    "hub_upstream_errors", "Times that an upstream could not be read.", ["source"]
)
UPSTREAM_SECONDS = Histogram(
    "hub_upstream_read_seconds",
    "Time that a read took at another's database or topic, in seconds.",
    ["source"],
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60),
)
UPSTREAM_WAITING = Gauge(
    "hub_upstream_waiting",
    "What a feed waits for or has before it: gaps in keys, rows of transactions, records.",
    ["source", "what"],
)
ALERT_EVENTS = Counter(
    "hub_alert_events", "What became of alerts, as this process told it, by kind.", ["kind"]
)
ALERTS_AT = Gauge(
    "hub_alerts_at_seconds", "When it was last looked what is new about alerts, since 1970."
)

# What follows is read from log and store when a server is scraped: see `hub.http.gauges`.
AWAY = Gauge(
    "hub_away",
    "1 while a server cannot ask a part: the log (Kafka), the store (PostgreSQL).",
    ["part"],
    registry=HELD,
)
LAG_EVENTS = Gauge(
    "hub_lag_events", "Events in the log that are not yet applied.", ["topic"], registry=HELD
)
LEDGER_EVENTS = Gauge(
    "hub_ledger_events",
    "Events by their present class: applied, held, duplicate, conflict, retracted, quarantined.",
    ["contract", "class"],
    registry=HELD,
)
LEDGER_REMAINDER = Gauge(
    "hub_ledger_remainder",
    "Items acknowledged that are neither in the ledger nor still to be applied; above 0: lost.",
    registry=HELD,
)
QUARANTINE_OPEN = Gauge(
    "hub_quarantine_open",
    "Rejected items that were neither sent again nor discarded yet.",
    ["contract", "sender"],
    registry=HELD,
)
REPAIR_SECONDS = Gauge(
    "hub_repair_seconds",
    "Seconds from the rejection of items to their being sent again, summed over those that were.",
    registry=HELD,
)
REPAIRED = Gauge(
    "hub_repaired",
    "Rejected items that were sent again: by them divide hub_repair_seconds for the time to fix.",
    registry=HELD,
)
SOURCE_SILENT = Gauge(
    "hub_source_silent_seconds",
    "Seconds since an event of a sender was last accepted, or since what came of a party ends.",
    ["source"],
    registry=HELD,
)
SOURCE_SILENCE_MAX = Gauge(
    "hub_source_silence_max_seconds",
    "A source silent for longer than this is late.",
    ["source"],
    registry=HELD,
)
SOURCE_LAG = Gauge(
    "hub_source_lag_seconds",
    "Event time: seconds since the latest instant that a source's applied events speak of.",
    ["source"],
    registry=HELD,
)
ARCHIVED = Gauge(
    "hub_archive_following",
    "Up to where a topic is archived, in offsets summed over partitions; with an archive only.",
    ["topic"],
    registry=HELD,
)
UNPUBLISHED = Gauge(
    "hub_unpublished",
    "Figures and notices that are to be told to topics and are not yet.",
    registry=HELD,
)
UNPUBLISHED_SECONDS = Gauge(
    "hub_unpublished_seconds",
    "How long the oldest of those has been waiting, as far as this server has seen.",
    registry=HELD,
)
ALERTS_OPEN = Gauge(
    "hub_alerts_open",
    "Alerts that stand, by level, and whether somebody has acknowledged them.",
    ["level", "acknowledged"],
    registry=HELD,
)
DELIVERIES = Gauge(
    "hub_deliveries",
    "What somebody was to be told of alerts, by outlet and state: waiting, sent, failed, dropped.",
    ["outlet", "state"],
    registry=HELD,
)
EXCHANGES = Gauge(
    "hub_exchanges",
    "Messages to other services, by source and how they stand: waiting, taken, refused, ….",
    ["source", "state"],
    registry=HELD,
)
DELIVERY_OVERDUE = Gauge(
    "hub_delivery_overdue_seconds",
    "How long ago the oldest of what waits was to be told by an outlet.",
    ["outlet"],
    registry=HELD,
)
REPORT_BROKEN = Gauge(
    "hub_report_broken",
    "What does not add up in the reports (06a, 06b) of this month and the last, counted hourly.",
    registry=HELD,
)
VERIFY_DIFFERENCES = Gauge(
    "hub_verify_differences",
    "Differences that the last verify found, with those of the last one on a sample.",
    registry=HELD,
)
VERIFY_AT = Gauge(
    "hub_verify_at_seconds", "When verify was last run, in seconds since 1970.", registry=HELD
)

VERIFY_SAMPLE_AT = Gauge(
    "hub_verify_sample_at_seconds",
    "When verify was last run on a sample, in seconds since 1970.",
    registry=HELD,
)


def begin(contracts: Mapping[str, str]) -> None:
    """Let all series of contracts, by the topic of each, begin at zero: a rate needs one before."""
    for name, topic in contracts.items():
        EVENTS_ACCEPTED.labels(name)
        EVENTS_APPLIED.labels(topic)
        FENCED.labels(topic)


def declared() -> list[Declared]:
    """List all metrics in the order in which they are declared."""
    return [m for m in globals().values() if isinstance(m, Counter | Gauge | Histogram)]


def reference() -> str:
    """Write the reference page of all metrics."""
    lines = [
        "# Metrics",
        "",
        "Rendered from `hub/operating/metrics.py` by `hub render`. Counters end in `_total` when",
        "scraped; of a histogram there are `_bucket`, `_sum` and `_count`.",
        "",
        "| Name | Kind | Labels | Meaning |",
        "|---|---|---|---|",
    ]
    for metric in declared():
        labels = ", ".join(f"`{n}`" for n in metric._labelnames)
        kind = type(metric).__name__.lower()
        lines.append(f"| `{metric._name}` | {kind} | {labels} | {metric._documentation} |")
    return "\n".join(lines) + "\n"


def rendered(*registries: CollectorRegistry) -> tuple[bytes, str]:
    """Give this process's metrics in Prometheus' text format, with its content type."""
    texts = [generate_latest(r) for r in (REGISTRY, *registries)]
    return b"".join(texts), CONTENT_TYPE_LATEST
