"""Waiting for a condition, never for a time."""

import time
from collections.abc import Callable

# Stops what hangs, and measures nothing: a busy machine takes many times as long as a quiet one.
SECONDS_MAX = 300.0


def until(condition: Callable[[], object], what: str, seconds: float = SECONDS_MAX) -> None:
    """Poll until a condition holds; fail with what was waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{seconds:.0f} s went by, and not yet: {what}"
        time.sleep(0.02)
