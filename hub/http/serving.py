"""Serving: the application of an opened hub, on a socket, until somebody ends it."""

import gc
import signal
import socket
from contextlib import suppress

import uvicorn

from hub.http import protocol
from hub.http.app import create_app
from hub.http.boards import Progress
from hub.opening import OpenHub
from hub.operating.logs import told_of
from hub.settings import Settings, SettingsError


class Server(uvicorn.Server):
    """A server on a socket that listens already: its address is taken before anybody is told it."""

    def __init__(self, config: uvicorn.Config, listening: socket.socket) -> None:
        super().__init__(config)
        self._listening = listening

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until it is to exit."""
        super().run(sockets or [self._listening])


def listen(settings: Settings) -> socket.socket:
    """Listen where the settings say, at `[::]` by IPv4 too; raise `SettingsError` if it fails."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    is_both = settings.host == "::" and socket.has_dualstack_ipv6()
    try:
        return socket.create_server(
            (settings.host, settings.port), family=family, backlog=2048, dualstack_ipv6=is_both
        )
    except OSError as error:
        raise SettingsError(
            f"HUB_LISTEN={settings.listen}: không mở được, có thể chương trình khác đang dùng |"
            f" cannot listen there, perhaps another program does ({error.strerror or error})"
        ) from None


def make_server(hub: OpenHub, progress: Progress = lambda: None) -> Server:
    """Make the server of an opened hub; it listens. Raises `SettingsError` where it cannot."""
    config = uvicorn.Config(
        create_app(hub, hub.gateway(), progress),
        host=hub.settings.host,
        port=hub.settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=3,
        **protocol.options(hub.settings),
    )
    return Server(config, listen(hub.settings))


def serve(server: Server) -> None:
    """Serve until SIGTERM or Ctrl-C, then let everything end in order.

    uvicorn raises the signal again when it has stopped; by itself that would end the process there
    and then.
    """

    def leave(*_: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, leave)
    gc.freeze()  # what is there now stays: looking through it again and again finds nothing
    with told_of("serving"), suppress(KeyboardInterrupt):
        server.run()
