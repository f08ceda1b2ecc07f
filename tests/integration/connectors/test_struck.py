"""What upstreams that can be struck say is true, held against what the hub counts of it.

Here nothing is killed: each behaves in its ways in turn, and the connector reads on in between.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from deploy.local.services.kafka import Kafka
from deploy.local.services.postgres import Postgres
from hub import registry
from hub.clock import system_clock
from hub.connecting.connection import Connection
from hub.connecting.feeds import Context, Feed, UpstreamError
from hub.connecting.struck import MANNERS, Truth, Upstream
from hub.settings import Settings, read_own
from hub.store.exchanges import Exchanges
from tests.chaos.connected import differences, taking_part
from tests.conftest import Hub
from tests.parts.waiting import until

THINGS = 2  # in each manner
POLL = timedelta(
    seconds=20
)  # by a clock that goes faster: a message waits before it is tried again


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """Open a hub whose clock a test moves."""
    (tmp_path / "hub").mkdir()
    opened = Hub(tmp_path / "hub")
    yield opened
    opened.close()


@pytest.mark.parametrize("name", sorted(taking_part()))
def test_what_an_upstream_says_is_true_is_what_the_hub_counts(
    name: str,
    hub: Hub,
    kafka: Kafka,
    postgres: Postgres,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub.now = system_clock()
    services = {"HUB_KAFKA_BOOTSTRAP": kafka.address, "HUB_DATABASE_URL": postgres.address}
    upstream: Upstream = taking_part()[name].struck(tmp_path / name, 7, services)
    with ExitStack() as stack:
        stack.callback(upstream.close)
        for key, value in upstream.settings.items():
            monkeypatch.setenv(key, value)
        running, feed = connection(hub, name)
        stack.callback(feed.close)
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
        for what, other in altered(upstream.truth()):
            _, wrong = differences(hub.store, name, other)
            assert any(what in line for line in wrong), f"{what} is not held against anything"


def altered(truth: Truth) -> Iterator[tuple[str, Truth]]:
    """Say one thing otherwise at a time; with what is to be found wrong then."""
    yield "facts", replace(truth, facts=truth.facts + 1)
    if truth.rejected is not None:
        yield "rejected", replace(truth, rejected=truth.rejected + 1)
    for column in truth.sums:
        yield f"sum of {column}", replace(truth, sums=truth.sums + Counter({column: 1}))
    for column in truth.present:
        yield f"with {column}", replace(truth, present=truth.present + Counter({column: 1}))
    if truth.exchanged is not None:
        code = next(iter(truth.exchanged))
        states = dict(truth.exchanged)
        yield f"message about {code}", replace(truth, exchanged=states | {code: "2 times"})
        del states[code]
        yield f"message about {code}", replace(truth, exchanged=states)
    if truth.whole is not None:
        page = json.loads(truth.whole)
        record = next(r for r in page["duLieu"] if r["NgayTiepNhan"])
        record["NgayHenTra"] = f"{int(record['NgayTiepNhan'][:4]) + 1}1231170000"
        yield record["MaHoSo"], replace(truth, whole=json.dumps(page).encode())


def connection(hub: Hub, name: str) -> tuple[Connection, Feed]:
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
    return made, feed
