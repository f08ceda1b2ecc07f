"""The real parts on loopback: they start, answer, survive a crash and leave nothing behind."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import paho.mqtt.client as mqtt
import psycopg
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from paho.mqtt.enums import CallbackAPIVersion

from deploy.local.services.kafka import Kafka
from deploy.local.services.mosquitto import Mosquitto
from deploy.local.services.part import Part
from deploy.local.services.ports import free_port
from deploy.local.services.postgres import Postgres
from deploy.local.services.process import Process, UnavailableError
from deploy.local.services.registry import Registry
from hub.definitions.revisions import read_revisions
from tests.parts.waiting import until

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module", autouse=True)
def _as_people_start_them() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Part, "is_brief", False)
        yield


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[Kafka]:
    part = Kafka(tmp_path, free_port(), free_port())
    yield part
    part.wipe()


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    # Below a folder that only its owner can pass, as root's own.
    folder = tmp_path_factory.mktemp("postgres") / "own"
    folder.mkdir(mode=0o700)
    part = Postgres(folder, free_port())
    yield part
    part.wipe()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    part = Registry(tmp_path, free_port())
    yield part
    part.wipe()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    part = Mosquitto(tmp_path, free_port())
    yield part
    part.wipe()


def processes(folder: Path) -> list[str]:
    """The commands of all processes that name the folder or work in it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
                if str(folder) in command or (entry / "cwd").readlink().is_relative_to(folder):
                    found.append(command)
            except OSError:
                continue
    return found


def connect(part: Postgres) -> psycopg.Connection:
    return psycopg.connect(part.address.replace("+psycopg", ""), autocommit=True)


def test_kafka_keeps_records_over_a_crash(kafka: Kafka, tmp_path: Path) -> None:
    kafka.start()
    client: dict[str, str | int | float | bool] = {"bootstrap.servers": kafka.address}
    admin = AdminClient(client)
    admin.create_topics([NewTopic("t", 1, 1)])["t"].result(30)
    producer = Producer({**client, "acks": "all"})
    for n in range(3):
        producer.produce("t", str(n))
    assert producer.flush(30) == 0
    # A group needs the internal topics, whose one replica is the broker's.
    consumer = Consumer({**client, "group.id": "g", "auto.offset.reset": "earliest"})
    consumer.subscribe(["t"])
    assert [m.value() for m in consumer.consume(3, 30)] == [b"0", b"1", b"2"]
    consumer.commit(asynchronous=False)
    consumer.close()

    kafka.kill()
    assert not kafka.is_running
    assert processes(tmp_path) == []
    kafka.start()
    producer = Producer({**client, "acks": "all"})
    producer.produce("t", "3")
    assert producer.flush(30) == 0
    consumer = Consumer({**client, "group.id": "g", "auto.offset.reset": "earliest"})
    consumer.subscribe(["t"])
    assert [m.value() for m in consumer.consume(1, 30)] == [b"3"]
    consumer.close()

    kafka.stop()
    assert processes(tmp_path) == []


def test_postgres_keeps_rows_over_a_crash(postgres: Postgres) -> None:
    postgres.start()
    with connect(postgres) as connection:
        connection.execute("CREATE TABLE t AS SELECT generate_series(1, 3) AS n")
    postgres.kill()
    assert not postgres.is_running
    assert processes(postgres.root) == []
    postgres.start()
    with connect(postgres) as connection:
        assert connection.execute("SELECT sum(n) FROM t").fetchone() == (6,)


def test_postgres_is_as_durable_as_in_production(postgres: Postgres) -> None:
    postgres.start()
    with connect(postgres) as connection:

        def shown(name: str) -> str:
            row = connection.execute(f"SELECT current_setting('{name}')").fetchone()
            assert row is not None
            return str(row[0])

        names = ("fsync", "synchronous_commit", "full_page_writes")
        assert [shown(name) for name in names] == ["on"] * 3
        assert shown("listen_addresses") == "127.0.0.1"
        assert shown("server_encoding") == "UTF8"
        assert shown("is_superuser") == "off"


def test_stop_does_not_wait_for_clients_and_leaves_no_process(postgres: Postgres) -> None:
    postgres.start()
    with connect(postgres) as connection:
        same = Postgres(postgres.root, postgres.port)
        assert same.is_running
        same.start()
        same.stop()
        assert not postgres.is_running
        assert processes(postgres.root) == []
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_postgres_starts_after_its_parent_process_alone_was_killed(postgres: Postgres) -> None:
    postgres.start()
    record = json.loads((postgres.folder / "postgres.pid").read_text())
    os.kill(record["pid"], 9)
    postgres.start()
    with connect(postgres) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_registry_keeps_schemas_over_a_crash(registry: Registry, tmp_path: Path) -> None:
    registry.start()
    schema = json.dumps({"type": "record", "name": "R", "fields": [{"name": "n", "type": "int"}]})
    with httpx.Client(base_url=registry.address, timeout=30) as client:
        made = client.post("/subjects/t-value/versions", json={"schema": schema})
        assert made.status_code == 200, made.text
    registry.kill()
    assert processes(tmp_path) == []
    registry.start()
    with httpx.Client(base_url=registry.address, timeout=30) as client:
        found = client.get("/subjects/t-value/versions/1").json()
        assert found["id"] == made.json()["id"]
        assert json.loads(found["schema"]) == json.loads(schema)
    registry.stop()
    assert processes(tmp_path) == []


def test_registry_takes_what_the_hub_publishes_and_nothing_that_breaks_it(
    registry: Registry,
) -> None:
    registry.start()
    published = read_revisions()
    with httpx.Client(base_url=registry.address, timeout=30) as client:

        def offer(subject: str, schema: object) -> int:
            body = {"schema": json.dumps(schema, ensure_ascii=False)}
            return client.post(f"/subjects/{subject}/versions", json=body).status_code

        assert client.get("/config").json() == {"compatibilityLevel": "FULL_TRANSITIVE"}
        for name, revisions in published.items():
            for revision in revisions:
                assert offer(f"{name}-value", revision.schema) == 200, (name, revision.schema)
        broken = json.loads(json.dumps(published["dossier"][-1].schema))
        broken["fields"] = broken["fields"][1:]  # a field that old readers want
        assert offer("dossier-value", broken) == 409


def saved(part: Mosquitto) -> int:
    path = part.data / "mosquitto.db"
    return path.stat().st_mtime_ns if path.exists() else 0


def session(part: Mosquitto, taken: list[bytes]) -> mqtt.Client:
    """Connect as the one client whose session the broker keeps, subscribed."""
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, "s", clean_session=False, protocol=mqtt.MQTTv311
    )
    done: list[bool] = []
    client.on_subscribe = lambda *_: done.append(True)
    client.on_message = lambda _client, _told, message: taken.append(bytes(message.payload))
    client.connect("127.0.0.1", part.port)
    client.subscribe("t", 1)
    client.loop_start()
    until(lambda: done, "subscribed")
    return client


def leave(client: mqtt.Client) -> None:
    client.disconnect()
    client.loop_stop()


def test_mosquitto_keeps_messages_over_a_stop_and_over_a_crash(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    mosquitto.start()
    address = f"mqtt://127.0.0.1:{mosquitto.port}"
    assert (mosquitto.setting, mosquitto.address) == ("HUB_SALINITY_URL", address)
    leave(session(mosquitto, []))
    sender = mqtt.Client(CallbackAPIVersion.VERSION2)
    sender.connect("127.0.0.1", mosquitto.port)
    sender.loop_start()
    for n in range(2000):
        last = sender.publish("t", str(n), 1)
    last.wait_for_publish(30)
    leave(sender)

    mosquitto.stop()
    assert processes(tmp_path) == []
    mosquitto.start()
    before = saved(mosquitto)
    until(lambda: saved(mosquitto) > before, "saved by itself, as it is every second")
    mosquitto.kill()
    assert not mosquitto.is_running
    assert processes(tmp_path) == []
    mosquitto.start()
    taken: list[bytes] = []
    client = session(mosquitto, taken)
    until(lambda: len(taken) >= 2000, "all messages are there")
    assert taken == [str(n).encode() for n in range(2000)]
    leave(client)


def test_mosquitto_listens_on_loopback_alone(mosquitto: Mosquitto) -> None:
    mosquitto.start()
    wanted = f":{mosquitto.port:04X}"
    listening = [
        line.split()[1]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[1].endswith(wanted) and line.split()[3] == "0A"
    ]
    assert listening == [f"0100007F{wanted}"]


@pytest.mark.parametrize("variable", ["HUB_KAFKA_PORT", "HUB_KAFKA_CONTROLLER_PORT"])
def test_a_port_that_is_taken_is_named_with_its_variable(kafka: Kafka, variable: str) -> None:
    with socket.create_server(("127.0.0.1", kafka.ports[variable])):
        with pytest.raises(UnavailableError, match=rf"{kafka.ports[variable]}.*{variable} sets"):
            kafka.start()
        assert not kafka.is_running


def test_a_process_has_not_ended_before_its_last_thread() -> None:
    begun = (
        "import ctypes, threading, sys\n"
        "threading.Thread(target=sys.stdin.read).start()\n"
        "ctypes.CDLL(None).syscall(60, 0)\n"  # exit(2) of the first thread alone
    )
    with subprocess.Popen([sys.executable, "-c", begun], stdin=subprocess.PIPE) as child:
        assert child.stdin is not None
        stat = Path(f"/proc/{child.pid}/stat")
        until(lambda: stat.read_text().split()[2] == "Z", "the first thread has ended")
        process = Process(child.pid, int(stat.read_text().split()[21]))
        assert process.is_alive
        child.stdin.close()
        until(lambda: not process.is_alive, "all have")


def test_a_running_part_does_not_move_to_another_port(postgres: Postgres) -> None:
    postgres.start()
    with pytest.raises(UnavailableError, match=rf"already runs, .*{postgres.port}"):
        Postgres(postgres.root, free_port()).start()
    assert postgres.is_running


def test_a_later_process_with_the_same_id_is_left_alone(postgres: Postgres) -> None:
    postgres.start()
    postgres.stop()
    with subprocess.Popen(["sleep", "60"]) as other:
        record = {"pid": other.pid, "started": 1, "ports": postgres.ports}
        (postgres.folder / "postgres.pid").write_text(json.dumps(record))
        assert not postgres.is_running
        postgres.kill()
        assert other.poll() is None
        other.kill()


def test_the_command(postgres: Postgres) -> None:
    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deploy.local.services", *arguments],
            cwd=ROOT,
            env={
                **os.environ,
                "HUB_SERVICES_DIR": str(postgres.root),
                "HUB_POSTGRES_PORT": str(postgres.port),
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    postgres.stop()
    assert run("status", "postgres").stdout == "postgres: stopped\n"
    assert run("start", "postgres").stdout == f"export HUB_DATABASE_URL={postgres.address}\n"
    assert postgres.is_running
    assert run("status", "postgres").stdout == f"postgres: runs at {postgres.address}\n"
    assert run("stop").returncode == 0
    assert not postgres.is_running
    wrong = run("start", "postgres", HUB_POSTGRES_PORT="x")
    assert wrong.returncode == 1
    assert wrong.stderr == "HUB_POSTGRES_PORT='x': expected a port\n"


def test_a_start_that_fails_shows_the_end_of_the_log_and_a_wipe_mends_it(
    postgres: Postgres,
) -> None:
    postgres.start()
    postgres.stop()
    (postgres.data / "global" / "pg_control").unlink()
    with pytest.raises(
        UnavailableError, match=r"ended; the end of .*\.log:(.|\n)*could not find the data"
    ):
        postgres.start()
    assert not postgres.is_running
    postgres.wipe()
    assert not postgres.folder.exists()
    postgres.start()
