"""Serving: the application of an opened hub, on a socket, until somebody ends it."""

import gc
import signal
from contextlib import suppress

import uvicorn

from hub.http import protocol
from hub.http.app import create_app
from hub.http.boards import Progress
from hub.opening import OpenHub


def make_server(hub: OpenHub, progress: Progress = lambda: None) -> uvicorn.Server:
    """Make the server of an opened hub."""
    config = uvicorn.Config(
        create_app(hub, hub.gateway(), progress),
        host=hub.settings.host,
        port=hub.settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=3,
        **protocol.options(hub.settings),
    )
    return uvicorn.Server(config)


def serve(server: uvicorn.Server) -> None:
    """Serve until SIGTERM or Ctrl-C, then let everything end in order.

    uvicorn raises the signal again when it has stopped; by itself that would end the process there
    and then.
    """

    def leave(*_: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, leave)
    gc.freeze()  # what is there now stays: looking through it again and again finds nothing
    with suppress(KeyboardInterrupt):
        server.run()
