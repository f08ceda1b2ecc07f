"""The HTTP interface: events in, figures out, the live page, health and metrics."""
