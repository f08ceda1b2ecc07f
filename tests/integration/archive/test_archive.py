"""Archive and rebuild on real Kafka and PostgreSQL, with workers, and a log that forgets."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from deploy.local.services.kafka import Kafka
from hub import registry
from hub.apply.rebuild import Rebuild
from hub.archive import writing
from hub.archive.log import Archive, ArchivedLog
from hub.log.log import Log, NotInLogError
from hub.log.slices import Slice
from hub.opening import open_hub
from hub.proof.verify import verify
from hub.store import postgres
from hub.store.postgres import Postgres
from hub.store.store import Store
from hub.store.troubles import TablesInUseError
from stream_jobs.worked import dossier, received
from tests.laws.test_archive import records
from tests.parts import lists
from tests.parts.foreign import Foreign, record, wire_values
from tests.parts.province import DOSSIER, TESTER, Province
from tests.parts.small import NOW, in_this_process
from tests.parts.waiting import until
from tests.stories.test_archive import Traffic

TOPIC = DOSSIER.topic


@pytest.fixture
def province(kafka: Kafka, topics: None, database_url: str, tmp_path: Path) -> Iterator[Province]:
    opened = Province(kafka, database_url, tmp_path)
    yield opened
    opened.close()


def fill(province: Province, first: int, following: int) -> None:
    """Send dossiers by the gateway and others by a foreign producer, good and bad; apply all."""
    foreign = Foreign(province.settings.kafka_bootstrap, "in transactions")
    values = [wire_values("dossier", received(f"F{first}-{i}", "2023-05-17")) for i in range(5)]
    # Aborted records and the marks of transactions leave gaps in the offsets.
    for is_kept in (True, False, True):
        foreign.producer.begin_transaction()
        for value in values:
            foreign.send(TOPIC, record("dossier", value), value["dossier_code"])
        if is_kept:
            foreign.producer.commit_transaction()
        else:
            foreign.producer.abort_transaction()
    plain = Foreign(province.settings.kafka_bootstrap)
    plain.send(TOPIC, b"junk", "J")
    plain.send(TOPIC, None, "N")
    with open_hub(province.settings) as hub:
        gateway = hub.gateway()
        body = [received(f"D{i}", "2023-05-18") for i in range(first, following)]
        body += [dossier(f"D{i}", "resolved", "2023-05-20") for i in range(first, following, 2)]
        gateway.accept(DOSSIER, TESTER, json.dumps([*body, {"kind": "pigeon"}]).encode())
        gateway.close()
        hub.runner.catch_up()


def forget(province: Province, ends: dict[int, int]) -> None:
    """Let Kafka delete what stands before these offsets."""
    admin = AdminClient({"bootstrap.servers": province.settings.kafka_bootstrap})
    gone = admin.delete_records([TopicPartition(TOPIC, p, at) for p, at in ends.items()])
    for done in gone.values():
        done.result(30)


def whole(log: Log) -> dict[int, list[Slice]]:
    """Read all partitions of the topic; slices must follow on each other."""
    out: dict[int, list[Slice]] = {}
    for partition, end in log.ends(TOPIC).items():
        at = 0
        out[partition] = []
        while at < end:
            found = log.read(TOPIC, at, partition=partition, events_max=40)
            for one in found:
                assert one.first == at
                at = one.following
            out[partition] += found
    return out


def test_what_kafka_has_deleted_is_read_from_the_archive(
    province: Province, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "FILE_RECORDS", 30)
    fill(province, 0, 100)
    folder = tmp_path / "archive"
    with open_hub(province.settings) as hub:
        before = {p: records(s) for p, s in whole(hub.log).items()}
        assert {r[2] for s in before.values() for r in s} > {"not_wire_format", "no_value"}
        counts = writing.archive(hub.log, hub.store, folder)
        assert counts[TOPIC] == sum(map(len, before.values()))
        assert counts["lgsp.quarantine.v1"] == 1
        assert writing.check(hub.log, hub.store, folder) == []
        ends = hub.log.ends(TOPIC)
    fill(province, 100, 130)  # stands in the log alone
    forget(province, {p: end - 3 * (p == 0) for p, end in ends.items()})
    with open_hub(province.settings.model_copy(update={"archive_dir": folder})) as hub:
        assert isinstance(hub.log, ArchivedLog)
        found = whole(hub.log)
        for partition, one in found.items():
            assert records(one)[: len(before[partition])] == before[partition]
            assert len(records(one)) > len(before[partition])
        assert not any(s.is_admitted for one in found.values() for s in one)
        with in_this_process():
            assert verify(hub.log, hub.store, lists.installed()).differences == []
        assert Rebuild(hub.log, hub.store, hub.clock).build().count == 0
        writing.archive(hub.log, hub.store, folder)
        assert writing.check(hub.log, hub.store, folder) == []
        place = (hub.log.identity(TOPIC), TOPIC, 0)
        assert Archive(folder).end(place) == hub.log.ends(TOPIC)[0]
    # Without the archive it is an error that says where what is, at once.
    with open_hub(province.settings) as hub:
        begin, end = hub.log.begins(TOPIC)[1], hub.log.ends(TOPIC)[1]
        with pytest.raises(NotInLogError) as raised:
            hub.log.read(TOPIC, 0, partition=1)
        assert str(raised.value) == (
            f"{TOPIC}/1 cannot be read from offset 0: the log holds {begin} to {end} only;"
            " set HUB_ARCHIVE_DIR to the archive that holds what stood before them"
        )
        assert hub.log.read(TOPIC, begin, partition=1)[0].first == begin
    told = province.served.run("verify")
    assert (told.returncode, "HUB_ARCHIVE_DIR" in told.stderr) == (2, True)
    assert "Traceback" not in told.stderr


def test_a_worker_with_an_empty_store_does_not_skip_what_kafka_has_deleted(
    province: Province, tmp_path: Path
) -> None:
    fill(province, 0, 60)
    folder = tmp_path / "archive"
    with open_hub(province.settings) as hub:
        writing.archive(hub.log, hub.store, folder)
        said = hub.store.facts
        ends = hub.log.ends(TOPIC)
    rows = "SELECT entity, events, d0, d1, d2, d3 FROM fact_dossier ORDER BY 1"
    before = province.rows(rows)
    forget(province, ends)
    with open_hub(province.settings) as hub:
        hub.store.clear_derived()
    worker = province.workers.start()
    assert worker.wait(60) != 0
    assert "run `hub rebuild`" in province.workers.logs()
    assert "cannot be read from 0" in province.workers.logs()
    province.workers.running.clear()
    dossiers = province.rows(f"SELECT * FROM position WHERE topic = '{TOPIC}' AND next_offset > 0")
    assert dossiers == []
    refused = province.served.run("rebuild")
    assert (refused.returncode, "HUB_ARCHIVE_DIR" in refused.stderr) == (2, True)
    province.served.env["HUB_ARCHIVE_DIR"] = str(folder)
    done = province.served.run("rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    assert province.rows(rows) == before
    assert said
    worker = province.workers.start()
    value = wire_values("dossier", received("NEW", "2023-06-01"))
    Foreign(province.settings.kafka_bootstrap).send(TOPIC, record("dossier", value), "NEW")
    query = "SELECT entity FROM fact_dossier WHERE entity = 'NEW'"
    until(lambda: province.rows(query), "the worker goes on from there")
    assert province.served.run("verify").returncode == 0


def test_a_rebuild_goes_on_beside_workers(province: Province) -> None:
    province.served.create_key()
    province.served.start()
    for _ in range(2):
        province.workers.start()
    first = [received(f"A{i}", "2026-01-04") for i in range(300)]
    assert province.served.post("dossier", first).status_code == 202
    province.served.settle()
    with Traffic(province.served) as traffic:
        answered = len(traffic.answers)
        done = province.served.run("rebuild")
        assert done.returncode == 0, done.stdout + done.stderr
        assert len(traffic.answers) > answered
        province.rows(
            "UPDATE cell SET count = count + 1000000 WHERE cell_set ="
            " 'dossier.received/received_by' AND period = '2026-01-04'"
        )
        named = province.served.run("rebuild")
        assert named.returncode == 1, named.stdout + named.stderr
        assert "cell dossier.received/received_by/2026-01-04/received_by=H57.1" in named.stdout
        answered = len(traffic.answers)
        approved = province.served.run("rebuild", "--approve")
        assert approved.returncode == 0, approved.stdout + approved.stderr
        assert len(traffic.answers) > answered
    assert traffic.failures == []
    province.workers.check()  # nobody was fenced off for good
    honest = [n for n in traffic.answers if n < 1_000_000]
    assert honest == sorted(honest)
    figure = province.served.figure("dossier_received_new", period="2026")
    assert figure["numerator"] == len(first) + traffic.sent
    assert set(province.workers.stop()) == {0}
    done = province.served.run("verify")
    assert (done.returncode, "0 differences" in done.stdout) == (0, True), done.stdout
    left = province.rows("SELECT nspname FROM pg_namespace WHERE nspname LIKE '%rebuild'")
    assert left == []


def test_a_worker_of_other_definitions_stops_at_the_switch(province: Province) -> None:
    fill(province, 0, 20)
    province.workers.start()
    foreign = Foreign(province.settings.kafka_bootstrap)

    def send(code: str) -> None:
        value = wire_values("dossier", received(code, "2023-06-01"))
        foreign.send(TOPIC, record("dossier", value), code)

    send("B1")
    until(lambda: province.rows("SELECT 1 FROM fact_dossier WHERE entity = 'B1'"), "it applies")
    # What is built says that it follows other definitions than those of the worker that runs.
    with open_hub(province.settings) as hub:
        province.rows(
            "UPDATE cell SET count = count + 1 WHERE cell_set = 'dossier.left/received_by'"
        )
        assert Rebuild(hub.log, hub.store, hub.clock).build().count
        second = hub.store.second()
        (name,) = [n for n in second.digests if n == "dossier"]
        with second.administering() as c:
            c.exec_driver_sql("UPDATE definition SET digest = 'other' WHERE contract = %s", (name,))
        second.close()
        changed = Store(province.settings.database_url, registry.definitions())
        changed.digests["dossier"] = "other"
        original = Store.second

        def second_of_others(self: Store) -> Store:
            found = original(self)
            found.digests["dossier"] = "other"
            return found

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Store, "second", second_of_others)
            send("B2")
            until(lambda: province.rows("SELECT 1 FROM fact_dossier WHERE entity = 'B2'"),
                  "the old tables follow on")  # fmt: skip
            Rebuild(hub.log, changed, hub.clock).approve()
        changed.close()
    send("B3")
    (worker,) = province.workers.running
    assert worker.wait(60) != 0
    assert "the store follows other definitions" in province.workers.logs()
    province.workers.running.clear()
    assert province.rows("SELECT entity FROM fact_dossier WHERE entity = 'B3'") == []
    assert len(province.rows("SELECT entity FROM fact_dossier WHERE entity IN ('B1', 'B2')")) == 2


def test_who_reads_sees_one_set_of_tables_and_is_waited_for(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(province, 0, 20)
    monkeypatch.setattr(postgres, "LOCK_MS", 50)
    monkeypatch.setattr(postgres, "LOCK_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(postgres, "LOCK_TRIES_MAX", 3)
    with open_hub(province.settings) as hub:
        rebuilding = Rebuild(hub.log, hub.store, lambda: NOW)
        with hub.store.reading() as reading:
            # Nothing was asked yet: already then it is waited for.
            with pytest.raises(TablesInUseError, match="hub rebuild --approve"):
                rebuilding.build()
            assert reading.build() is None
            assert reading.rows("SELECT COUNT(*) FROM fact_dossier")[0][0] > 0
        assert rebuilding.approve() == 0
        with hub.store.reading() as reading:
            assert reading.build() is not None
        with in_this_process():
            assert verify(hub.log, hub.store, lists.installed()).differences == []


def test_tables_that_changed_places_have_the_same_keys_and_indexes(province: Province) -> None:
    fill(province, 0, 20)
    query = "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1"
    before = province.rows(query)
    assert len(before) > 10
    with open_hub(province.settings) as hub:
        assert Rebuild(hub.log, hub.store, hub.clock).build().count == 0
    assert province.rows(query) == before


def test_a_crash_before_the_commit_leaves_the_tables_in_force(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(province, 0, 20)
    take_over = Postgres.take_over
    with open_hub(province.settings) as hub:
        rebuilding = Rebuild(hub.log, hub.store, hub.clock)

        def crash(*given: object) -> None:
            take_over(*given)  # type: ignore[arg-type]
            raise psycopg.OperationalError("power cut")

        with monkeypatch.context() as patched:
            patched.setattr(Postgres, "take_over", crash)
            with pytest.raises(psycopg.OperationalError, match="power cut"):
                rebuilding.build()
        with hub.store.reading() as reading:
            assert reading.build() is None
        fill(province, 20, 30)
        assert rebuilding.approve() == 0
        with hub.store.reading() as reading:
            assert reading.build() is not None
        with in_this_process():
            assert verify(hub.log, hub.store, lists.installed()).differences == []
