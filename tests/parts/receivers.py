"""Receivers of what is told: an HTTP and an SMTP server that take, refuse, hang, or are away."""

import asyncio
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.services.ports import HOST, free_port

HANG_SECONDS = 60


class Receiver:
    """What both have in common: what came, and how it is answered: `take`, `refuse`, `hang`.

    `met` counts how often each of them was met.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.manner = "take"
        self.taken: list[Any] = []
        self.seen: list[Any] = []
        self.met: Counter[str] = Counter()
        self.released = threading.Event()

    def be(self, manner: str) -> None:
        """Take, refuse or hang from now on: who hung is let go of, and who comes now hangs."""
        self.manner = manner
        self.released.set()
        if manner == "hang":
            self.released.clear()

    def close(self) -> None:
        """Let go of who hangs, and stop."""
        self.released.set()
        self.stop()

    def start(self) -> None:
        """Be there."""

    def stop(self) -> None:
        """Be away."""


class HttpReceiver(Receiver):
    """Takes posts: (headers, body)."""

    def __init__(self) -> None:
        super().__init__()
        self.server: ThreadingHTTPServer | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/alerts"

    def start(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                came = dict(self.headers), body
                receiver.seen.append(came)
                receiver.met[receiver.manner] += 1
                if receiver.manner == "hang":
                    receiver.released.wait(HANG_SECONDS)
                    return
                is_taken = receiver.manner == "take"
                if is_taken:
                    receiver.taken.append(came)
                self.send_response(202 if is_taken else 503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer((HOST, self.port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None


class SmtpReceiver(Receiver):
    """Takes e-mail: envelopes."""

    def __init__(self) -> None:
        super().__init__()
        self.controller: Controller | None = None
        self.start()

    @property
    def server(self) -> str:
        return f"{HOST}:{self.port}"

    def start(self) -> None:
        self.controller = Controller(self, hostname=HOST, port=self.port)
        self.controller.start()

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        self.seen.append(envelope)
        self.met[self.manner] += 1
        if self.manner == "hang":
            began = time.monotonic()
            while not self.released.is_set() and time.monotonic() - began < HANG_SECONDS:
                await asyncio.sleep(0.05)
        if self.manner != "take":
            return "451 4.3.0 try again later"
        self.taken.append(envelope)
        return "250 OK"

    def stop(self) -> None:
        if self.controller is not None:
            self.controller.stop(no_assert=True)
            self.controller = None
