"""Metrics, declared once: name, labels and meaning."""

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

EVENTS_ACCEPTED = Counter(
    "hub_events_accepted", "Events acknowledged, repeats included.", ["contract"]
)
EVENTS_REJECTED = Counter(
    "hub_events_rejected", "Items that broke their contract or their key.", ["contract", "rule"]
)
EVENTS_APPLIED = Counter("hub_events_applied", "Events applied to the store.", ["topic"])
PUBLISHED = Counter("hub_published", "Figures and notices told to topics.")
LAG_EVENTS = Gauge("hub_lag_events", "Events in the log that are not yet applied.", ["topic"])
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
    "Records of an upstream; outcome: accepted, rejected, or refused by the breaker.",
    ["source", "outcome"],
)
CONNECTOR_STATE = Gauge(
    "hub_connector_state", "1 for the state that a connector is in, else 0.", ["source", "state"]
)
CONNECTOR_HEARTBEAT = Gauge(
    "hub_connector_heartbeat_seconds", "When a connector last said that it lives.", ["source"]
)
CONNECTOR_HORIZON = Gauge(
    "hub_connector_horizon_seconds",
    "The latest instant that a source's events speak of.",
    ["source"],
)
UPSTREAM_ERRORS = Counter(
    "hub_upstream_errors", "Times that an upstream could not be read.", ["source"]
)


def rendered() -> tuple[bytes, str]:
    """Give all metrics in Prometheus' text format, with its content type."""
    return generate_latest(), CONTENT_TYPE_LATEST
