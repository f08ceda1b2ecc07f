"""What upstreams that can be struck say is true, held against what the hub counts of it.

Here nothing is killed: each behaves in its ways in turn, and the connector reads on in between.
"""

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from hub import registry
from hub.clock import system_clock
from hub.connecting.connection import Connection
from hub.connecting.feeds import Context, UpstreamError
from hub.connecting.struck import MANNERS, Upstream
from hub.settings import Settings, read_own
from hub.store.exchanges import Exchanges
from tests.chaos.connected import differences, taking_part
from tests.conftest import Hub
from tests.parts.waiting import until

# What they run on is struck too, and runs in `make chaos` alone; or they need a broker beside.
ELSEWHERE = {"land_office", "tax_fees", "salinity"}
THINGS = 2  # in each manner
POLL = timedelta(
    seconds=20
)  # by a clock that goes faster: a message waits before it is tried again


@pytest.mark.parametrize("name", sorted(taking_part().keys() - ELSEWHERE))
def test_what_an_upstream_says_is_true_is_what_the_hub_counts(
    name: str, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.now = system_clock()
    upstream: Upstream = taking_part()[name].struck(tmp_path / name, 7, {})
    try:
        for key, value in upstream.settings.items():
            monkeypatch.setenv(key, value)
        running = connection(hub, name)
        for manner in (*MANNERS[1:], MANNERS[0]):
            upstream.be(manner)
            for _ in range(THINGS):
                upstream.happen()
            for _ in range(3):
                running.step(0.3)
        upstream.be(MANNERS[0])

        def is_the_same() -> bool:
            hub.now += POLL
            running.step(0.3)
            hub.runner.catch_up()
            return not upstream.waiting and not differences(hub.store, name, upstream.truth())[1]

        try:
            until(is_the_same, f"{name} is as its upstream says")
        except AssertionError as error:
            error.add_note(str(differences(hub.store, name, upstream.truth())))
            raise
    finally:
        upstream.close()


def connection(hub: Hub, name: str) -> Connection:
    connector, source = registry.connectors()[name], registry.sources()[name]
    contract = registry.contracts()[source.contract]
    context = Context(
        hub.log,
        lambda: hub.now,
        known=partial(hub.store.known, contract.name),
        exchanges=Exchanges(hub.store, UpstreamError),
    )
    feed = connector.open(read_own(name, connector.settings), context)
    settings = Settings(data_dir=hub.folder, breaker_share_max=0.9)
    made = Connection(source, contract, feed, hub.log, lambda: hub.now, settings, hub.seals.seal)
    made.stopping.set()  # so that it does not wait after an error
    return made
