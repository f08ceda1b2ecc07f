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

PATH = "/vnpay/ipn"
IDLE_SECONDS = 10.0
CALLS_MAX = 200  # at once; others are told to come again
log = logging.getLogger(__name__)
Answer = Callable[[str], Mapping[str, str]]


class _Server(ThreadingHTTPServer):
    """A thread a call, of so many at once."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a caller that is gone, nor of what it asked."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            log.error("a callback could not be answered: %s", type(sys.exception()).__name__)


class Door:
    """Listens, and answers each callback with what `answer` says of its query."""

    def __init__(self, host: str, port: int, answer: Answer) -> None:
        calls = threading.BoundedSemaphore(CALLS_MAX)

        class Call(BaseHTTPRequestHandler):
            timeout = IDLE_SECONDS
            server_version, sys_version = "hub", ""

            def do_GET(self) -> None:
                """Answer one callback as JSON with status 200, as gateways want it."""
                asked = urlsplit(self.path)
                if asked.path != PATH:
                    self._send(404, {"RspCode": "99", "Message": "No such address"})
                elif not calls.acquire(blocking=False):
                    self._send(503, {"RspCode": "99", "Message": "Busy, call again"})
                else:
                    try:
                        self._send(200, answer(asked.query))
                    finally:
                        calls.release()

            def _send(self, status: int, said: Mapping[str, str]) -> None:
                body = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
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
