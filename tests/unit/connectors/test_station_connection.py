"""A connection to the broker that is gone without a word is noticed within one keep-alive."""

import socket

from connectors.salinity.broker import KEEPALIVE_SECONDS
from connectors.salinity.upstream import probe


def test_the_system_probes_a_connection_on_which_nothing_comes() -> None:
    with socket.socket() as connection:
        probe(connection)
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)

        def option(name: str) -> int:
            return connection.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))

        silent = option("TCP_KEEPIDLE") + option("TCP_KEEPCNT") * option("TCP_KEEPINTVL")
        assert 0 < silent <= KEEPALIVE_SECONDS
        # Data that is under way keeps the system from probing: it is waited for as long.
        assert 0 < option("TCP_USER_TIMEOUT") < KEEPALIVE_SECONDS * 1_000
