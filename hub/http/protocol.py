"""HTTP on a connection: how much may come that is no body, and who is at the other end of TLS."""

import hashlib
import ssl
from asyncio import BaseTransport
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hub.settings import Settings

# What a message may have beside its body: request line, headers, trailers. The parser keeps them
# for as long as they come, so that somebody has to say when it is enough.
HEAD_BYTES_MAX = 64 << 10
# How many bytes a byte of a body in chunks may take beyond itself: its chunk's size, line ends.
FRAMING = 16
PIECE = 16 << 10


class Protocol(HttpToolsProtocol):
    """HTTP/1.1 with bounded heads; `request.state.certificate` is that of the client's side."""

    _spare = HEAD_BYTES_MAX

    def connection_made(self, transport: BaseTransport) -> None:
        """Note the certificate, by the SHA-256 of its DER form; "" where none was shown."""
        super().connection_made(cast(Any, transport))
        found = transport.get_extra_info("ssl_object")
        shown = found.getpeercert(binary_form=True) if found is not None else None
        known = hashlib.sha256(shown).hexdigest() if shown else ""
        self.app_state = {**self.app_state, "certificate": known}

    def data_received(self, data: bytes) -> None:
        """Parse what came, piece by piece; close where too much of it is no body."""
        for at in range(0, len(data), PIECE):
            if self.transport.is_closing():
                return
            piece = data[at : at + PIECE]
            self._spare -= len(piece)
            super().data_received(piece)
            if self._spare < 0:
                self.send_400_response("The head is too large.")

    def on_message_begin(self) -> None:
        """Begin a message."""
        self._spare = HEAD_BYTES_MAX
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._spare += FRAMING * len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a message."""
        self._spare = HEAD_BYTES_MAX
        super().on_message_complete()


def options(settings: Settings) -> dict[str, Any]:
    """Give the server's options, those for TLS where it is set.

    With a CA of clients, those that show a certificate must show one of it; who must show one is
    said by the keys that are bound to theirs.
    """
    out: dict[str, Any] = {"http": Protocol, "loop": "uvloop"}
    if settings.tls_certificate is not None:
        out |= {"ssl_certfile": str(settings.tls_certificate), "ssl_keyfile": str(settings.tls_key)}
    if settings.tls_client_ca is not None:
        out |= {"ssl_ca_certs": str(settings.tls_client_ca), "ssl_cert_reqs": ssl.CERT_OPTIONAL}
    return out
