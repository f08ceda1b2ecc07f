"""The probe of a process that serves nothing else: `/healthz` and `/metrics`."""

import json
import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from hub.operating import metrics
from hub.settings import SettingsError

log = logging.getLogger(__name__)


class _Server(ThreadingHTTPServer):
    """A thread a connection; what goes wrong with one is a line in the log."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that is gone before it has its answer."""
        if not isinstance(sys.exception(), ConnectionError):
            log.exception("a probe could not be answered")


@contextmanager
def probe(host: str, port: int, is_alive: Callable[[], bool]) -> Iterator[None]:
    """Answer `/healthz` (503 when not alive) and `/metrics` while the body runs.

    Raises `SettingsError` where nothing can listen there.
    """

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer one request."""
            content_type = "application/json"
            if self.path == "/metrics":
                status, (text, content_type) = 200, metrics.rendered()
            elif self.path == "/healthz":
                status = 200 if is_alive() else 503
                text = json.dumps({"alive": status == 200}).encode()
            else:
                status, text = 404, b"{}"
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Say nothing: a normal request is no news."""

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    own = type("Server", (_Server,), {"address_family": family})
    try:
        server = own((host, port), Answer)
    except OSError as error:
        raise SettingsError(f"HUB_LISTEN={host}:{port}: {error.strerror}") from None
    thread = threading.Thread(target=server.serve_forever, name="probe", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
