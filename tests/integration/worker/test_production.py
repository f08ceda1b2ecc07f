"""The production profile as processes: gateway, workers, topics, commands, on real parts."""

import base64
import io
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import fastavro
import pytest
from faust.types import TP

from deploy.local.services.ports import free_port
from deploy.local.services.registry import Registry
from hub.apply.applier import Applier
from hub.clock import system_clock
from hub.definitions import revisions
from hub.definitions.contract import Contract
from hub.definitions.originals import in_log
from hub.kafka import wire
from hub.log.slices import Slice
from hub.opening import open_hub
from hub.worker.work import Work
from stream_jobs.worked import dossier, received
from tests.parts import lists, loopback
from tests.parts.foreign import Foreign, everything, record, wire_values
from tests.parts.province import DOSSIER, QUARANTINE_TOPIC, TESTER, Province, plain_read
from tests.parts.same import Workers, compare
from tests.parts.waiting import SECONDS_MAX, until
from tests.stories.conftest import Served


def test_the_same_year_through_both_profiles_with_faults(tmp_path: Path) -> None:
    said: list[str] = []
    assert compare(tmp_path, 0.01, is_calm=False, say=said.append) == []
    assert [s.split(": ")[1] for s in said if " of " in s] == [
        "a worker joins",
        "a worker is killed",
        "a worker is frozen and thawed",
        "the broker restarts",
        "PostgreSQL restarts",
    ]


def test_an_event_travels_from_the_gateway_to_the_kpi_topic(province: Province) -> None:
    province.served.create_key()
    province.served.start()
    worker = province.workers.start()
    posted = province.served.post(
        "dossier", [received("A", "2023-05-17", channel="online"), {"kind": "pigeon"}]
    )
    assert (posted.status_code, posted.json()["accepted"]) == (202, 1)
    figure = province.served.figure("dossier_received_new", period="2023")
    assert (figure["numerator"], "dossier=1" in figure["cut"]) == (1, True)

    def told() -> list[dict[str, Any]]:
        values = [plain_read(m.value() or b"") for m in everything(bootstrap, "lgsp.kpi.v1")]
        mine = [v for v in values if v["kpi"] == "dossier_received_new" and v["period"] == "2023"]
        return sorted(mine, key=lambda v: v["revision"])

    bootstrap = province.settings.kafka_bootstrap
    until(told, "the figure is told")
    assert (told()[-1]["numerator"], told()[-1]["value"], told()[-1]["dims"]) == (1, "1", "")
    province.served.post("dossier", received("B", "2023-05-18"))
    until(lambda: told()[-1]["numerator"] == 2, "the changed figure is told")
    assert told()[-1]["revision"] > told()[0]["revision"]
    # kcat, which knows nothing of the hub: key, headers, and the schema id in front of the datum.
    shown = subprocess.run(
        ["kcat", "-q", "-b", bootstrap, "-C", "-t", "lgsp.kpi.v1", "-e", "-f", r"%k\t%h\t%S\n"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    assert "dossier_received_new|2023|\t" in shown
    assert "ce_specversion=1.0" in shown
    shown = subprocess.run(
        ["kcat", "-q", "-b", bootstrap, "-C", "-t", DOSSIER.topic, "-e", "-s", "value=>bI"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    schema_id = revisions.latest("dossier").schema_id
    assert shown.split() == [f"0{schema_id}"] * 2
    (rejected,) = [plain_read(m.value() or b"") for m in everything(bootstrap, QUARANTINE_TOPIC)]
    with open_hub(province.settings) as hub:
        opens = hub.seals().opener()
        senders = province.rows("SELECT sender, event_id FROM quarantine")
        assert [opens(s, name, rejected["original"]).raw for s, name in senders] == [
            b'{"kind": "pigeon"}'
        ]
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0, province.workers.logs()
    province.workers.running.clear()
    done = province.served.run("verify")
    assert done.returncode == 0, done.stdout + done.stderr


def test_codes_in_several_partitions_are_one_dossier(province: Province) -> None:
    """Each code is applied by the worker of its partition; which came first is nobody's to say."""
    codes = [f"H57.1-230517-{n:04}" for n in range(1, 9)]
    province.served.create_key()
    province.served.start()
    workers = [province.workers.start() for _ in range(2)]
    claims = [
        dossier(code, "aliased", "2023-06-01", same_as=before) for before, code in pairwise(codes)
    ]
    for event in [*claims[::2], *(received(code, "2023-05-17") for code in codes), *claims[1::2]]:
        assert province.served.post("dossier", event).status_code == 202
    count = "SELECT COUNT(DISTINCT log_partition), SUM(events) FROM fact_dossier"
    until(lambda: province.rows(count)[0][1] == len(codes) + len(claims), "all are applied")
    assert province.rows(count)[0][0] > 1
    figure = province.served.figure("dossier_received_new", period="2023")
    assert figure["numerator"] == 1
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0, province.workers.logs()
    province.workers.running.clear()
    done = province.served.run("verify")
    assert done.returncode == 0, done.stdout + done.stderr
    explained = json.loads(province.served.run("explain", codes[-1]).stdout)
    assert explained["entity"] == f"dossier/{codes[0]}"
    assert len(explained["codes"]) == len(codes)


def test_a_foreign_producer_is_counted_or_quarantined_by_its_digest(province: Province) -> None:
    foreign = Foreign(province.settings.kafka_bootstrap)
    good = wire_values("dossier", received("F", "2023-05-17"))
    value = record("dossier", good)
    foreign.send(DOSSIER.topic, value, "F")
    poison = [b"junk", value[:-3], value + b"\x00", b"\x00\x00\x00\x27\x0f" + value[5:]]
    places = [foreign.send(DOSSIER.topic, v, f"P{i}") for i, v in enumerate(poison)]
    foreign.send(DOSSIER.topic, None, "F")
    other = wire_values("dossier", received("F", "2023-05-18"))
    foreign.send(DOSSIER.topic, record("dossier", other | {"event_id": good["event_id"]}), "F")
    with open_hub(province.settings):
        pass  # makes the tables that are asked below
    province.workers.start()
    until(lambda: province.rows("SELECT SUM(count) FROM ledger") == [(7,)], "all seven are applied")
    kinds = dict(province.rows("SELECT class, SUM(count) FROM ledger GROUP BY 1"))
    assert kinds == {"applied": 1, "conflict": 1, "quarantined": 5}
    kept = dict(province.rows("SELECT event_id, original FROM quarantine"))
    for (partition, offset), original in zip(places, poison, strict=True):
        assert kept[f"{DOSSIER.topic}/{partition}/{offset}"] == in_log(original)

    def told() -> list[Any]:
        return everything(province.settings.kafka_bootstrap, QUARANTINE_TOPIC)

    until(lambda: len(told()) >= 6, "others are told of what was set aside")
    notices = [plain_read(m.value() or b"") for m in told()]
    assert {dict(m.headers() or [])["ce_source"] for m in told()} == {wire.OWN_SOURCE.encode()}
    assert sorted({n["rule"] for n in notices}) == [
        "conflict",
        "no_value",
        "not_wire_format",
        "undecodable",
        "unknown_schema",
    ]
    done = province.served.run("verify")
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_error_that_is_not_the_datas_stops_the_worker_and_skips_nothing(
    province: Province,
) -> None:
    Foreign(province.settings.kafka_bootstrap).send(
        DOSSIER.topic, record("dossier", wire_values("dossier", received("A", "2023-05-17"))), "A"
    )
    with open_hub(province.settings):
        pass
    province.rows("ALTER TABLE ledger RENAME TO gone")
    worker = province.workers.start()
    assert worker.wait(60) != 0
    province.workers.running.clear()
    assert province.rows("SELECT * FROM position WHERE next_offset > 0") == []
    province.rows("ALTER TABLE gone RENAME TO ledger")
    province.workers.start()
    until(lambda: province.rows("SELECT count FROM ledger") == [(1,)], "applied after mending")


def test_what_others_applied_is_gone_on_from_and_the_rest_applied_at_once(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_hub(province.settings) as hub:
        gateway = hub.gateway()
        body = [received(f"D{i}", "2023-05-18") for i in range(60)]
        gateway.accept(DOSSIER, TESTER, json.dumps(body).encode())
        gateway.close()
        ends = hub.log.ends(DOSSIER.topic)
        slices = [s for p in ends for s in hub.log.read(DOSSIER.topic, 0, partition=p)]
        assert len(slices) == 3
        work = Work(province.settings, lists.installed())
        before = dict.fromkeys(ends, 0)

        def at() -> dict[int, int]:
            with hub.store.reading() as reading:
                identity = hub.log.identity(DOSSIER.topic)
                return before | reading.positions(identity, DOSSIER.topic)

        # Another worker is ahead in one partition.
        Applier(hub.store, hub.log.identity, system_clock).apply(DOSSIER, slices[1:2])
        transactions: list[int] = []
        apply = work._applier.apply

        def counted(contract: Contract, waiting: list[Slice], shard: int) -> None:
            transactions.append(len(waiting))
            apply(contract, waiting, shard)

        monkeypatch.setattr(work._applier, "apply", counted)
        assert work.apply(slices, 0) == [None, slices[1].following, None]
        assert transactions == [3, 2]
        assert at() == before | {s.partition: s.following for s in slices}

        # Told to stop, it begins nothing more.
        gateway = hub.gateway()
        gateway.accept(DOSSIER, TESTER, json.dumps([received("L", "2023-05-18")]).encode())
        gateway.close()
        (late,) = [s for p, n in at().items() for s in hub.log.read(DOSSIER.topic, n, partition=p)]
        work.stopping.set()
        assert work.apply([late], 0) == [None]
        assert len(transactions) == 2
        work.close()


def test_a_worker_does_not_go_on_by_other_definitions(province: Province) -> None:
    foreign = Foreign(province.settings.kafka_bootstrap)
    values = [record("dossier", wire_values("dossier", received(k, "2023-05-17"))) for k in "AB"]
    with open_hub(province.settings):
        pass  # makes the tables that are asked below
    worker = province.workers.start()
    foreign.send(DOSSIER.topic, values[0], "A")
    until(lambda: province.rows("SELECT entity FROM fact_dossier") == [("A",)], "it applies")
    province.rows("UPDATE definition SET digest = 'other'")
    foreign.send(DOSSIER.topic, values[1], "B")
    assert worker.wait(60) != 0
    province.workers.running.clear()
    assert province.rows("SELECT entity FROM fact_dossier") == [("A",)]


def test_rebuild_makes_the_same_figures_anew(province: Province) -> None:
    with open_hub(province.settings) as hub:
        gateway = hub.gateway()
        body = [received(f"D{i}", "2023-05-17") for i in range(50)]
        body += [dossier(f"D{i}", "resolved", "2023-05-20") for i in range(25)]
        gateway.accept(DOSSIER, TESTER, json.dumps(body).encode())
        gateway.close()
        hub.runner.catch_up()
    before = province.rows("SELECT entity, d0, d1, d2, d3 FROM fact_dossier ORDER BY 1")
    assert len(before) == 50
    province.rows(
        "UPDATE cell SET count = count + 1 WHERE cell_set = 'dossier.received/received_by'"
    )
    done = province.served.run("verify")
    assert done.returncode == 1
    assert "cell dossier.received/received_by/2023-05-17" in done.stdout
    for command in (["rebuild", "--approve"], ["rebuild"], ["rebuild", "--replace"], ["verify"]):
        if command[-1] == "--approve":
            named = province.served.run("rebuild")
            assert named.returncode == 1
            assert "cell dossier.received/received_by/2023-05-17" in named.stdout
        done = province.served.run(*command)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        assert province.rows("SELECT entity, d0, d1, d2, d3 FROM fact_dossier ORDER BY 1") == before


def test_liveness_is_of_positions(province: Province) -> None:
    settings = province.settings.model_copy(update={"stall_seconds": 0.0})
    with open_hub(settings) as hub:
        gateway = hub.gateway()
        gateway.accept(DOSSIER, TESTER, json.dumps(received("A", "2023-05-17")).encode())
        (partition,) = [p for p, end in hub.log.ends(DOSSIER.topic).items() if end]
        work = Work(settings, lists.installed())
        tps = [TP(DOSSIER.topic, p) for p in hub.log.ends(DOSSIER.topic)]
        assert work.stalled(tps) == []  # first seen now
        until(lambda: work.stalled(tps) == [TP(DOSSIER.topic, partition)], "it stands still")
        hub.runner.catch_up()
        assert work.stalled(tps) == []
        work.close()


def test_who_asks_whether_it_lives_does_not_wait_for_kafka(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_hub(province.settings) as hub:
        tps = [TP(DOSSIER.topic, p) for p in hub.log.ends(DOSSIER.topic)]
        work = Work(province.settings, lists.installed())
        watching = threading.Thread(target=work.check_logs)
        watching.start()
        until(lambda: DOSSIER.topic in work._ends, "the logs were looked at")
        work.stopping.set()
        watching.join(SECONDS_MAX)
        monkeypatch.setattr(work.log, "ends", None)
        assert work.stalled(tps) == []
        work.close()


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"HUB_KAFKA_BOOTSTRAP": "127.0.0.1:9"}, "HUB_DATABASE_URL must be postgresql"),
        ({"HUB_DATABASE_URL": "postgresql+psycopg://x@127.0.0.1:9/x"}, "needs HUB_KAFKA_BOOTSTRAP"),
        ({"HUB_KAFKA_BOOTSTRAP": "nowhere"}, "HUB_KAFKA_BOOTSTRAP='nowhere'"),
        ({"HUB_SCHEMA_REGISTRY_URL": "ftp://x"}, "HUB_SCHEMA_REGISTRY_URL='ftp://x'"),
    ],
)
def test_a_mixture_of_profiles_is_refused_by_name(
    tmp_path: Path, environment: dict[str, str], words: str
) -> None:
    served = Served(tmp_path)
    served.env |= environment
    done = served.run("kpi")
    assert done.returncode == 2
    assert words in done.stderr


def test_ids_come_from_a_registry_where_one_is_set(province: Province, tmp_path: Path) -> None:
    schemas = Registry(tmp_path, free_port())
    try:
        schemas.start()
        other = json.dumps({"type": "record", "name": "other", "fields": []})
        loopback.post(
            f"{schemas.address}/subjects/other/versions",
            json={"schema": other},
            headers={"Content-Type": "application/vnd.schemaregistry.v1+json"},
        ).raise_for_status()
        province.served.env["HUB_SCHEMA_REGISTRY_URL"] = schemas.address
        os.environ["HUB_SCHEMA_REGISTRY_URL"] = schemas.address
        try:
            province.workers = Workers(province.settings, tmp_path)
        finally:
            del os.environ["HUB_SCHEMA_REGISTRY_URL"]
        province.served.create_key()
        province.served.start()
        province.workers.start()
        province.served.post("dossier", received("A", "2023-05-17"))
        figure = province.served.figure("dossier_received_new", period="2023")
        assert figure["numerator"] == 1
        (message,) = everything(province.settings.kafka_bootstrap, DOSSIER.topic)
        value = message.value() or b""
        schema_id = int.from_bytes(value[1:5], "big")
        assert schema_id != revisions.latest("dossier").schema_id
        found = loopback.get(f"{schemas.address}/schemas/ids/{schema_id}").json()["schema"]
        stream = io.BytesIO(value[5:])
        event: Any = fastavro.schemaless_reader(stream, json.loads(found), None)
        assert (event["dossier_code"], stream.read()) == ("A", b"")
        done = province.served.run("verify")
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        schemas.kill()
        schemas.wipe()


def test_the_demo_runs_on_kafka_too(new_topics: Callable[[int], None], province: Province) -> None:
    done = province.served.run("demo", "--once", "--scale", "0.002")
    assert done.returncode == 2
    assert "has 3 partitions, must have 12" in done.stderr
    new_topics(12)
    done = province.served.run("demo", "--once", "--scale", "0.002")
    assert done.returncode == 0, done.stderr
    assert "38.19 %" in done.stdout


def test_what_was_sent_of_a_person_is_in_no_topic_and_no_table(province: Province) -> None:
    """But where a foreign producer wrote it itself: of that nothing is copied."""
    name, phone = "Nguyễn Thị Mốc Dấu", "0912347119"
    province.served.create_key()
    province.served.start()
    wrong = received("A", "2023-05-17") | {"Họ tên": name, "channel": f"gọi {phone}"}
    sent = json.dumps([wrong, wrong | {"Họ tên": f"{name}, {phone}"}], ensure_ascii=False)
    assert province.served.post("dossier", sent.encode()).status_code == 422
    foreign = Foreign(province.settings.kafka_bootstrap)
    value = wire_values("dossier", received("F", "2023-05-17")) | {"channel": f"{name} {phone}"}
    foreign.send(DOSSIER.topic, record("dossier", value), "F")
    province.workers.start()
    classed = "SELECT SUM(count) FROM ledger WHERE contract = 'dossier'"
    until(lambda: province.rows(classed) == [(3,)], "all are applied")

    def told() -> list[Any]:
        return everything(province.settings.kafka_bootstrap, QUARANTINE_TOPIC)

    until(lambda: len(told()) >= 3, "the third is told by the hub")
    written = b"".join(m.value() or b"" for m in told())
    tables = province.rows("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    for (table,) in tables:
        written += repr(province.rows(f'SELECT * FROM "{table}"')).encode()
    assert len(tables) > 10
    for mark in (name.encode(), phone.encode(), json.dumps(name)[1:-1].encode()):
        assert mark not in written
        assert base64.b64encode(mark)[:-4] not in written
    assert "[SĐT ••••••••19]".encode() in written
