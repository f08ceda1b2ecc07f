"""The publisher may end at any step: whoever listens ends with the figures that the store has.

The points are all statements that it sends to the database, every commit, and each half of what it
produces. While it is away a day goes by, so that the next one has other figures to tell.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from confluent_kafka import Message
from sqlalchemy.engine import Connection
from sqlalchemy.engine.default import DefaultDialect

from deploy.local.services.kafka import Kafka
from hub import registry
from hub.access.keys import Sender
from hub.access.seals import Seals
from hub.apply.runner import Runner
from hub.clock import Clock, from_us, to_us
from hub.definitions import avro, revisions
from hub.definitions.own.kpi import FIGURE
from hub.definitions.own.rejection import REJECTION
from hub.figures.book import years
from hub.figures.compute import Question
from hub.figures.official import figures
from hub.gateway.gateway import Gateway
from hub.gateway.signing import Signer
from hub.kafka.log import KafkaLog, Record
from hub.reference.periods import parse_period
from hub.store.postgres import Postgres
from hub.store.reading import Row, dims_text
from hub.store.store import Store
from hub.store.tables import figure, notice
from hub.worker.publisher import Publisher
from stream_jobs.worked import Json, dossier, received
from tests.parts.crash_points import Points, Touched, carried, every_point
from tests.parts.foreign import Foreign, everything
from tests.parts.waiting import until

Patch = pytest.MonkeyPatch
DOSSIER = registry.contracts()["dossier"]
BEFORE = datetime(2026, 1, 14, 3, tzinfo=UTC)
DAYS = [BEFORE + timedelta(days=1), BEFORE + timedelta(days=2)]
# Few figures, so that there are few points; each is written and marked alike.
KPIS = ("dossier_received_new", "dossier_overdue")
TOUCHED: Touched = [
    (Connection, "execute"),
    (Connection, "exec_driver_sql"),
    (Postgres, "_copy"),
    (DefaultDialect, "do_commit"),
    (KafkaLog, "produce_some"),
]


class Told(NamedTuple):
    """A figure as it was told; the greatest is the one to keep."""

    revision: int
    numerator: int
    denominator: int
    value: str | None


class Listener:
    """Any consumer of both topics, which reads on from where a run began."""

    def __init__(self, kafka: Kafka) -> None:
        self._bootstrap = kafka.address
        self._at: dict[str, dict[int, int]] = defaultdict(dict)

    def new(self, topic: str) -> list[Message]:
        messages = everything(self._bootstrap, topic, self._at[topic])
        self._at[topic] |= {m.partition() or 0: (m.offset() or 0) + 1 for m in messages}
        return messages

    def figures(self, kept: dict[str, Told]) -> dict[str, Told]:
        """What was kept, and what is told since."""
        kept = dict(kept)
        for m in self.new(FIGURE.topic):
            said = avro.read_one(revisions.latest(FIGURE.name).plain, (m.value() or b"")[5:])
            key = "|".join((said["kpi"], said["period"], said["dims"]))
            assert m.key() == key.encode()
            told = Told(*(said[n] for n in Told._fields))
            known = kept.get(key, told)
            assert known.revision != told.revision or known == told
            kept[key] = max(known, told, key=lambda t: t.revision)
        return kept

    def notices(self) -> dict[str, set[bytes]]:
        """By name, every form in which it was told."""
        forms: dict[str, set[bytes]] = defaultdict(set)
        for m in self.new(REJECTION.topic):
            forms[(m.key() or b"").decode()].add(m.value() or b"")
        return forms


def figures_of(store: Store, now: datetime) -> dict[str, tuple[int, int, str | None]]:
    """What the store answers for the periods that are published."""
    at = from_us(to_us(now))
    found = {}
    with store.reading() as reading:
        book = registry.installed().book(reading)
        texts = [str(y) for y, _ in years(book)] + [at.strftime(f) for f in ("%Y-%m", "%Y-%m-%d")]
        for text in texts:
            for kpi in registry.installed().kpis.values():
                for f in figures(kpi, Question(parse_period(text), to_us(now), (), {}), book):
                    key = "|".join((kpi.id, text, dims_text(dict(f.dims))))
                    found[key] = (f.numerator, f.denominator, f.value)
    return found


@pytest.fixture
def log(
    kafka: Kafka, store: Store, new_topics: Callable[[int], None], monkeypatch: Patch
) -> Iterator[KafkaLog]:
    new_topics(1)
    few = {name: registry.kpis()[name] for name in KPIS}
    installed = replace(registry.installed(), kpis=few)
    monkeypatch.setattr(registry, "installed", lambda: installed)
    opened = KafkaLog(kafka.address, store)
    yield opened
    opened.close()


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer(tmp_path, 0)


def send(log: KafkaLog, store: Store, signer: Signer, *events: Json) -> None:
    gateway = Gateway(
        log, store, lambda: BEFORE, signer, Seals(store.database, lambda: BEFORE).seal
    )
    answer = gateway.accept(DOSSIER, Sender("s"), json.dumps(events).encode())
    gateway.close()
    assert answer.body["accepted"] == len(events)
    Runner(log, store, None, lambda: BEFORE).catch_up()


def tell_all(store: Store, log: KafkaLog, clock: Clock) -> None:
    publisher = Publisher(store, log, registry.installed(), clock)

    def told() -> bool:
        with publisher.leading() as c:
            while c is not None and publisher.round(c):
                pass
            return c is not None

    until(told, "the session of the one before, which holds the lock, has ended")


@contextmanager
def kept_tables(store: Store) -> Iterator[Callable[[], None]]:
    """Give what sets the publisher's tables back to what they are now."""
    tables = (figure, notice)
    with store.administering() as c:
        rows = {t.name: [r._asdict() for r in c.execute(sa.select(t))] for t in tables}

    def set_back() -> None:
        with store.administering() as c:
            for table in tables:
                c.execute(table.delete())
                c.execute(table.insert(), rows[table.name])

    yield set_back


def produce_in_two(monkeypatch: Patch) -> None:
    """Let half of what is produced be there before the rest."""
    monkeypatch.setattr(KafkaLog, "produce_some", KafkaLog.produce, raising=False)

    def in_two(self: Any, records: list[Record]) -> None:
        half = len(records) // 2
        self.produce_some(records[:half])
        self.produce_some(records[half:])

    monkeypatch.setattr(KafkaLog, "produce", in_two)


def test_publisher(
    kafka: Kafka, store: Store, log: KafkaLog, signer: Signer, monkeypatch: Patch
) -> None:
    only_one_of_2022 = received("OLD", "2022-05-17")
    first = received("A", "2023-05-17", due="2026-01-15")
    send(log, store, signer, only_one_of_2022, first, received("B", "2023-05-18"))
    tell_all(store, log, lambda: BEFORE)
    # What is to be told: changed figures, one that is gone, a conflict and what was set aside.
    foreign = Foreign(kafka.address)
    for junk in (b"junk", b"more junk", None):
        foreign.send(DOSSIER.topic, junk, "J")
    send(
        log,
        store,
        signer,
        dossier("OLD", "retracted", "2023-06-01", retracts=only_one_of_2022["event_id"]),
        first | {"event_id": "again", "channel": "online"},
        first | {"event_id": "again", "channel": "post"},
        received("C", "2023-05-19"),
    )
    listener = Listener(kafka)
    told_before = listener.figures({})
    assert {k: t.numerator for k, t in told_before.items() if "new|" in k and "|202" in k} == {
        "dossier_received_new|2022|": 1,
        "dossier_received_new|2023|": 2,
    }
    assert listener.notices() == {}
    noted = noted_in(store)
    assert len(noted) == 5  # three that were junk, and both contents of the conflict

    produce_in_two(monkeypatch)
    points = Points(monkeypatch, TOUCHED)
    points.drops(store.database.writer)
    points.skip(monkeypatch, Store, "reading")
    with kept_tables(store) as set_back:

        def run(name: str) -> None:
            days = list(DAYS)

            def carry() -> None:
                try:
                    for now in list(days):
                        del days[:-1]  # a day goes by, with a crash or without
                        tell_all(store, log, lambda now=now: now)  # type: ignore[misc]
                finally:
                    store.close()

            carried(points, carry)
            assert points.cut_at is None, f"no power cut at {name}"
            with points.paused():
                now_told = listener.figures(told_before)
                said = {k: (t.numerator, t.denominator, t.value) for k, t in now_told.items()}
                wanted = figures_of(store, DAYS[-1])
                assert {k: said.get(k) for k in wanted} == wanted, name
                assert wanted["dossier_overdue|2026-01-16|"][0] == 1
                assert said["dossier_received_new|2022|"][0] == 0
                assert listener.notices() == noted, name
                assert noted_in(store) == {}
                set_back()

        at_least = {"produce_some": 6, "do_commit": 10, "execute": 15, "exec_driver_sql": 2}
        set_back()
        points.called.clear()
        every_point(points, run, at_least, sides=["before"])


def noted_in(store: Store) -> dict[str, set[bytes]]:
    """The notices that wait, as they are to be told."""
    rows: list[Row]
    with store.reading() as reading:
        rows = reading.rows("SELECT event_id, datum FROM notice")
    schema_id = revisions.latest(REJECTION.name).schema_id
    return {name: {avro.wire(schema_id, bytes(datum))} for name, datum in rows}
