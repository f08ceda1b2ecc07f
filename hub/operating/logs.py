"""Logs: one JSON object a line on standard error, and in normal operation next to none.

Who wants to know how things go reads metrics; a log line is for what somebody may have to act on.
"""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import WatchedFileHandler

from pythonjsonlogger.json import JsonFormatter

_FIELDS = ("levelname", "name", "message")
_NAMES = {"levelname": "level", "name": "logger", "exc_info": "exception"}
_OWN = ("hub", "stream_jobs.app", "connectors")
_FAUST = "hub.worker.transport"  # Faust names its services after our classes

_uncaught = logging.getLogger("hub.uncaught")
logger = logging.getLogger(__name__)


def log_as_json() -> None:
    """Have this process log JSON lines, uncaught errors included."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter(_FIELDS, rename_fields=_NAMES, timestamp="at", json_ensure_ascii=False)
    )
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.WARNING)
    for name in _OWN:
        logging.getLogger(name).setLevel(logging.INFO)
    logging.getLogger(_FAUST).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    sys.excepthook = lambda kind, error, trace: _uncaught.critical(
        "%r", error, exc_info=(kind, error, trace)
    )
    threading.excepthook = lambda said: _uncaught.critical(
        "%r in thread %s",
        said.exc_value,
        said.thread and said.thread.name,
        exc_info=said.exc_value,
    )


@contextmanager
def told_of(what: str) -> Iterator[None]:
    """Say once that something begins, and once that it has ended, however it does."""
    logger.info("%s begins", what)
    try:
        yield
    finally:
        logger.info("%s has ended", what)


def open_access_log(where: str) -> logging.Logger:
    """Open the log of requests: a file, which may be rotated meanwhile, or `-`: standard output.

    Raises `OSError`.
    """
    handler: logging.Handler
    handler = logging.StreamHandler(sys.stdout) if where == "-" else WatchedFileHandler(where)
    handler.setFormatter(JsonFormatter("%(message)s", timestamp="at", json_ensure_ascii=False))
    found = logging.Logger(f"hub.access {where}")
    found.addHandler(handler)
    return found


def is_json() -> bool:
    """Whether `log_as_json` was called."""
    return bool(logging.root.handlers)
