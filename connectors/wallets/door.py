"""The door: where gateways call, in a process and at an address of its own.

Callbacks come from outside without a key of the hub; what reaches this door reaches nothing else. A
callback is answered once what it says is durable, and not before. What is called is never logged.
"""

import json
import logging
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from hub.settings import SettingsError

IDLE_SECONDS = 10.0
CALLS_MAX = 200  # at once; others are told to come again
BODY_BYTES_MAX = 65_536
log = logging.getLogger(__name__)
# Answers the query of a GET, or the body of a POST, with whether there was a place for it.
Answer = Callable[[str, bool], Mapping[str, Any]]


class _Server(ThreadingHTTPServer):
    """A thread a call, of so many at once."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a caller that is gone, nor of what it asked."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            log.error("a callback could not be answered: %s", type(sys.exception()).__name__)


class Door:
    """Listens; each callback, by its method and path, is answered with status 200 as JSON."""

    def __init__(self, host: str, port: int, answers: Mapping[tuple[str, str], Answer]) -> None:
        calls = threading.BoundedSemaphore(CALLS_MAX)

        class Call(BaseHTTPRequestHandler):
            timeout = IDLE_SECONDS
            server_version, sys_version = "hub", ""

            def do_GET(self) -> None:
                """Answer a callback that is a query."""
                self._answer(urlsplit(self.path).query)

            def do_POST(self) -> None:
                """Answer a callback that is a body."""
                length = self.headers.get("Content-Length", "")
                if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
                    self._send(413, {})
                    return
                self._answer(self.rfile.read(int(length)).decode("utf-8", "replace"))

            def _answer(self, text: str) -> None:
                answer = answers.get((self.command, urlsplit(self.path).path))
                if answer is None:
                    self._send(404, {})
                    return
                has_place = calls.acquire(blocking=False)
                try:
                    self._send(200 if has_place else 503, answer(text, has_place))
                finally:
                    if has_place:
                        calls.release()

            def _send(self, status: int, told: Mapping[str, Any]) -> None:
                body = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")
                self.send_response(status)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing: what is called holds words of payers."""

        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        own = type("Server", (_Server,), {"address_family": family})
        try:
            self._server = own((host, port), Call)
        except OSError as error:
            raise SettingsError(f"HUB_WALLETS_LISTEN={host}:{port}: {error.strerror}") from None
        self._thread = threading.Thread(target=self._server.serve_forever, name="door", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
