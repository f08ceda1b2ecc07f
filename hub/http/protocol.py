"""HTTP on a connection: how long a request may take to begin, and whose certificate was shown."""

import hashlib
import ssl
from asyncio import BaseTransport, TimerHandle
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from hub.settings import Settings


class Protocol(H11Protocol):
    """HTTP/1.1; `request.state.certificate` is that of the client's side, "" where none was shown.

    A connection on which the head of a request does not come within `head_seconds` is closed: by
    itself the server waits for ever for one that has begun, whoever sends it.
    """

    head_seconds = 60.0
    _timer: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Note the certificate, by the SHA-256 of its DER form."""
        super().connection_made(cast(Any, transport))
        found = transport.get_extra_info("ssl_object")
        shown = found.getpeercert(binary_form=True) if found is not None else None
        known = hashlib.sha256(shown).hexdigest() if shown else ""
        self.app_state = {**self.app_state, "certificate": known}
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what came; a head that has begun is to end in time."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self._rest()

    def _watch(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._rest()
        elif self._timer is None:
            self._timer = self.loop.call_later(self.head_seconds, self._give_up)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        if self.conn.their_state is h11.IDLE:
            self.transport.close()


def options(settings: Settings) -> dict[str, Any]:
    """Give the server's options, those for TLS where it is set.

    With a CA of clients, those that show a certificate must show one of it; who must show one is
    said by the keys that are bound to theirs.
    """
    own = type("Protocol", (Protocol,), {"head_seconds": settings.body_seconds_max})
    out: dict[str, Any] = {"http": own, "loop": "uvloop"}
    if settings.tls_certificate is not None:
        out |= {"ssl_certfile": str(settings.tls_certificate), "ssl_keyfile": str(settings.tls_key)}
    if settings.tls_client_ca is not None:
        out |= {"ssl_ca_certs": str(settings.tls_client_ca), "ssl_cert_reqs": ssl.CERT_OPTIONAL}
    return out
