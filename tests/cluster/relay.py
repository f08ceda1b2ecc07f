"""A relay of TCP: what listens on loopback is reached at another address of this machine."""

import contextlib
import socket
import threading

from deploy.local.services.ports import HOST, free_port


class Relay:
    """Carries bytes both ways between an address of a bridge and a port of loopback."""

    def __init__(self, address: str, to: int) -> None:
        self.address, self.port, self._to = address, free_port(), to
        self._listener: socket.socket | None = None

    def start(self) -> None:
        """Listen."""
        self._listener = socket.create_server((self.address, self.port), backlog=128)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        """Take no more."""
        if self._listener is not None:
            self._listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection((HOST, self._to))
            except OSError:
                return
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=_carry, args=(one, other), daemon=True).start()


def _carry(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while content := one.recv(1 << 16):
            other.sendall(content)
    for end in (one, other):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
