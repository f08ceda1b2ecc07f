"""What runs every connector: feed, lanes, drop folder, breaker, heartbeat, scaffold.

Promises that an upstream is acknowledged to only after what it sent is durable in the log, and
that a connector stopped at any moment goes on where it was.
"""
