"""The command `hub connect`: one connector, from its upstream to the log."""

import signal
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from typing import Annotated

import typer

from hub import registry
from hub.connecting.connection import Connection
from hub.connecting.feeds import Context
from hub.opening import open_hub
from hub.operating.logs import log_as_json
from hub.operating.probe import probe
from hub.settings import read_own, read_settings

app = typer.Typer()


@app.command()
def connect(
    source: Annotated[str, typer.Argument(help="The name of a folder of `connectors`.")],
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Load history from this day on, beside."),
    ] = None,
) -> None:
    """Run a connector until stopped: what its upstream has goes to the log."""
    log_as_json()
    settings = read_settings()
    connector = registry.connectors().get(source)
    if connector is None:
        raise typer.BadParameter(f"one of {', '.join(registry.connectors())}")
    if since and not connector.takes_since:
        raise typer.BadParameter(f"{source} has no history to load from; --since is not for it")
    own = read_own(source, connector.settings)
    listed = registry.sources()[source]
    with open_hub(settings, check=False) as hub:
        feed = connector.open(own, Context(hub.log, hub.clock, since.date() if since else None))
        contract = hub.contracts[listed.contract]
        seal = hub.seals().seal
        connection = Connection(listed, contract, feed, hub.log, hub.clock, settings, seal)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: connection.stopping.set())
        with ExitStack() as stack:
            stack.callback(feed.close)
            # Several connectors may run on one machine: each has a probe where it is told one.
            if "listen" in settings.model_fields_set:
                alive = partial(connection.is_alive, settings.stall_seconds)
                stack.enter_context(probe(settings.host, settings.port, alive))
            connection.run()
