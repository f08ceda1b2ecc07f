"""What whoever operates the hub watches: metrics, log lines, the health probe, the dashboard.

Promises that every metric is declared once, with its meaning, and that a log line is something
that somebody may have to act on.
"""
