"""The command `hub connect`: one connector, from its upstream to the log."""

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from typing import Annotated, Any, ParamSpec, TypeVar

import typer

from hub import registry
from hub.clock import from_us
from hub.commands.console import read_period
from hub.connecting import reconciling
from hub.connecting.connection import Connection
from hub.connecting.feeds import Connector, Context, UpstreamError
from hub.definitions.contract import Contract
from hub.opening import OpenHub, applied, catch_up, open_hub
from hub.operating.logs import log_as_json, told_of
from hub.operating.probe import probe
from hub.reference.periods import Period
from hub.settings import read_own, read_settings
from hub.store.exchanges import Exchanges
from hub.store.mappings import Mappings
from hub.store.troubles import StoreUnavailableError

app = typer.Typer()
P = ParamSpec("P")
T = TypeVar("T")
EXAMPLES = {
    "connect": ("hub connect one_stop", "hub connect one_stop --since 2023-01-01"),
}
APPLIED_SECONDS_MAX, APPLIED_POLL_SECONDS = 10.0, 0.05


@app.command()
def connect(
    source: Annotated[str, typer.Argument(help="The name of a folder of `connectors`.")],
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Load history from this day on, beside."),
    ] = None,
    reconcile: Annotated[
        str | None,
        typer.Option(
            metavar="PERIOD",
            help="Only hold the upstream's records that last changed in a period against what is"
            " here, name those that lack, and end.",
        ),
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
    if reconcile is not None and connector.reconcile is None:
        raise typer.BadParameter(f"{source} has no list of its records to ask for; see its folder")
    own = read_own(source, connector.settings)
    listed = registry.sources()[source]
    with open_hub(settings, check=False) as hub:
        contract = hub.contracts[listed.contract]
        first, ranges = since.date() if since else None, waited_for(hub.store.ranges)
        known = waited_for(partial(known_facts, hub, contract))
        mapping = waited_for(partial(Mappings(hub.store).in_force, contract.name, source))
        rows = waited_for(partial(listed_rows, hub))
        exchanges = Exchanges(hub.store, UpstreamError)
        context = Context(hub.log, hub.clock, first, ranges, known, mapping, rows, exchanges)
        if reconcile is not None:
            _reconcile(hub, source, connector, own, context, read_period(reconcile))
            return
        feed = connector.open(own, context)
        seal = hub.seals().seal
        connection = Connection(listed, contract, feed, hub.log, hub.clock, settings, seal, ranges)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: connection.stopping.set())
        with ExitStack() as stack:
            stack.callback(feed.close)
            # Several connectors may run on one machine: each has a probe where it is told one.
            if "listen" in settings.model_fields_set:
                alive = partial(connection.is_alive, settings.stall_seconds)
                stack.enter_context(probe(settings.host, settings.port, alive))
            stack.enter_context(told_of(f"reading {source}"))
            connection.run()


def waited_for(ask: Callable[P, T]) -> Callable[P, T]:
    """Let what is asked of the database be asked again by reading again, while that is away.

    What is given raises `UpstreamError` then: a connector that ended would begin anew all the time.
    """

    def asked(*given: P.args, **named: P.kwargs) -> T:
        try:
            return ask(*given, **named)
        except StoreUnavailableError as error:
            raise UpstreamError(f"cơ sở dữ liệu của hub | the hub's database: {error}") from error

    return asked


def listed_rows(hub: OpenHub, name: str) -> Sequence[Mapping[str, str]]:
    """Give the rows of a list in force."""
    catch_up(hub)
    return hub.store.listed(name)


def _reconcile(
    hub: OpenHub, source: str, connector: Connector, own: Any, context: Context, period: Period
) -> None:
    """Hold an upstream's records of a period against what is here; keep and print what lacks."""
    assert connector.reconcile is not None
    reconciled = reconciling.begun(source, period.text, hub.clock)
    start, until = (from_us(us) for us in (period.start, period.end))
    for records, lacking in connector.reconcile(own, context, start, until):
        reconciled.add(records, lacking)
        for one in lacking:
            print("\t".join((one.name, one.changed_at, one.why, *one.items)))
    reconciling.keep(hub.log, reconciled)
    lacks, records = reconciled.lacking_count, reconciled.records
    print(f"{lacks}/{records} bản ghi của nguồn chưa có ở đây như ở nguồn | lack here")


def known_facts(
    hub: OpenHub, contract: Contract, entities: Sequence[str], columns: Sequence[str]
) -> dict[str, tuple[Any, ...]]:
    """Give columns of those facts that are known, once all that is in the log now is applied.

    Raises `UpstreamError` where that takes too long: the file is tried again.
    """
    if not entities:
        return {}
    is_applied = applied(hub, contract)
    until = time.monotonic() + APPLIED_SECONDS_MAX
    catch_up(hub)
    while not is_applied():
        if time.monotonic() >= until:
            raise UpstreamError("what came before is still to be applied; is a server running?")
        time.sleep(APPLIED_POLL_SECONDS)
    return hub.store.known(contract.name, entities, columns)
