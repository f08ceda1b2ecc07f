"""TLS, and who is at the other end of it: the client's certificate, where one was shown."""

import hashlib
import ssl
from asyncio import BaseTransport
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

from hub.settings import Settings


class _Protocol(H11Protocol):
    """HTTP whose requests know the certificate of their connection: `request.state.certificate`."""

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(cast(Any, transport))
        found = transport.get_extra_info("ssl_object")
        shown = found.getpeercert(binary_form=True) if found is not None else None
        known = hashlib.sha256(shown).hexdigest() if shown else ""
        self.app_state = {**self.app_state, "certificate": known}


def options(settings: Settings) -> dict[str, Any]:
    """Give the server's options for TLS; none where it is not set.

    With a CA of clients, those that show a certificate must show one of it; who must show one is
    said by the keys that are bound to theirs.
    """
    if settings.tls_certificate is None:
        return {}
    out: dict[str, Any] = {
        "ssl_certfile": str(settings.tls_certificate),
        "ssl_keyfile": str(settings.tls_key),
        "http": _Protocol,
    }
    if settings.tls_client_ca is not None:
        out |= {"ssl_ca_certs": str(settings.tls_client_ca), "ssl_cert_reqs": ssl.CERT_OPTIONAL}
    return out
