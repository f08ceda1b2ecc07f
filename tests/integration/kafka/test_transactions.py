"""Offsets with gaps: what a transaction's marks and aborted records leave in the log."""

import pytest

from deploy.local.services.kafka import Kafka
from hub.apply.runner import Runner
from hub.kafka import log as kafka_log
from hub.kafka.log import KafkaLog
from hub.store.store import Store
from stream_jobs.worked import dossier
from tests.parts.foreign import Foreign, record
from tests.parts.on_kafka import TOPIC, catch_up, differences, dossiers, event, facts, offsets
from tests.parts.small import NOW
from tests.parts.waiting import until
from tests.unit.log.test_sqlite import submission


@pytest.fixture
def transactions(kafka: Kafka) -> Foreign:
    return Foreign(kafka.address, "foreign")


def _in_transaction(
    log: KafkaLog, transactions: Foreign, ids: list[str], *, is_kept: bool
) -> list[int]:
    transactions.producer.begin_transaction()
    at = [transactions.send(TOPIC, record("dossier", event("A", i)), "A")[1] for i in ids]
    if is_kept:
        transactions.producer.commit_transaction(30)
    else:
        transactions.producer.abort_transaction(30)
    # The broker writes the marker a little later.
    until(lambda: log.ends(TOPIC) == {0: at[-1] + 2}, "the transaction's marker is there")
    return at


def test_gaps_are_passed_and_aborted_records_never_count(
    log: KafkaLog, store: Store, transactions: Foreign
) -> None:
    kept = _in_transaction(log, transactions, ["1", "2", "3"], is_kept=True)
    _in_transaction(log, transactions, ["4", "5"], is_kept=False)
    kept += _in_transaction(log, transactions, ["6"], is_kept=True)
    _in_transaction(log, transactions, ["7"], is_kept=False)
    (end,) = log.ends(TOPIC).values()
    assert kept == [0, 1, 2, 7]
    assert end == 11  # each transaction ends in a marker, the last offset is one
    (one,) = log.read(TOPIC, 0)
    assert (one.offsets.tolist(), one.first, one.following) == (kept, 0, end)
    for a in range(end):
        for b in range(a + 1, end + 1):
            found = log.read(TOPIC, a, until=b)
            assert offsets(found) == [o for o in kept if a <= o < b]
            assert (found[0].first, found[-1].following) == (a, b)
    at, spans = 0, []
    while found := log.read(TOPIC, at, events_max=1):
        spans.append((found[0].first, found[-1].following, found[0].count))
        at = found[-1].following
    assert at == end
    assert [a for a, _, _ in spans] == [0, *(b for _, b, _ in spans[:-1])]
    assert sum(n for _, _, n in spans) == len(kept)

    catch_up(log, store)
    assert Runner(log, store, None, lambda: NOW).lag()[TOPIC] == 0
    assert facts(store) == {"A": 4}
    assert differences(log, store) == []
    # What comes after trailing markers is found from where the position stands.
    log.append([submission("r", dossiers(dossier("B", "processing", "2023-05-01")))])
    catch_up(log, store)
    assert facts(store) == {"A": 4, "B": 1}
    _in_transaction(log, transactions, ["8"], is_kept=False)
    catch_up(log, store)
    assert facts(store) == {"A": 4, "B": 1}
    assert Runner(log, store, None, lambda: NOW).lag()[TOPIC] == 0
    assert differences(log, store) == []


def test_one_log_reads_on_over_gaps_that_come_while_it_reads(
    log: KafkaLog, transactions: Foreign
) -> None:
    at, found = 0, []
    for i in range(6):
        _in_transaction(log, transactions, [str(i)], is_kept=i % 2 == 0)
        (end,) = log.ends(TOPIC).values()
        while at < end:
            for one in log.read(TOPIC, at):
                found += one.offsets.tolist()
                at = one.following
    assert found == [0, 4, 8]
    assert at == 12


def test_an_open_transaction_holds_up_what_is_behind_it_and_nothing_else(
    log: KafkaLog, store: Store, transactions: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_log, "READ_SECONDS_MAX", 3)
    log.append([submission("a", dossiers(dossier("A", "processing", "2023-05-01"), receipt="a"))])
    transactions.producer.begin_transaction()
    transactions.send(TOPIC, record("dossier", event("B", "open")), "B")
    log.append([submission("c", dossiers(dossier("C", "processing", "2023-05-01"), receipt="c"))])
    assert catch_up(log, store) == 1
    assert facts(store) == {"A": 1}
    transactions.producer.commit_transaction(30)
    until(lambda: log.ends(TOPIC) == {0: 4}, "the transaction's marker is there")
    catch_up(log, store)
    assert facts(store) == {"A": 1, "B": 1, "C": 1}
    assert differences(log, store) == []
