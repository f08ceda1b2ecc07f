"""Ports of loopback: which is free."""

import random
import socket

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server may listen at this port of loopback."""
    with socket.socket() as probe:
        # As servers do, so that connections that have just ended do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Find a port that is free and that no outgoing connection is given by the kernel."""
    while True:
        port = random.randrange(20_000, 32_000)
        if is_free(port):
            return port
