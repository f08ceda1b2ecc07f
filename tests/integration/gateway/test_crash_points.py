"""The gateway may end at any step: what was acknowledged is in the log, and counts once.

Each run is a process that serves the real application and kills itself at the point; the sender,
who got no answer, sends the same body with the same idempotency key to the next one. The points are
the request, the append, each step of it in the log, the receipt and its commit, and the answer.
"""

import json
import multiprocessing
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from sqlalchemy.engine.default import DefaultDialect

from deploy.local.services.kafka import Kafka
from deploy.local.services.ports import free_port
from deploy.local.services.postgres import Postgres
from hub import registry
from hub.access import keys
from hub.access.scope import WHOLE
from hub.clock import system_clock
from hub.definitions.own.rejection import REJECTION
from hub.gateway.gateway import Gateway
from hub.http import sending
from hub.http.app import create_app
from hub.kafka.log import KafkaLog
from hub.log.sqlite import SqliteLog
from hub.opening import open_hub
from hub.proof.verify import verify
from hub.settings import Settings
from hub.store import receipts
from hub.store.store import Store
from stream_jobs.worked import received
from tests.integration.conftest import delete_topics, make_topics, new_schema
from tests.parts import lists, loopback
from tests.parts.crash_points import SIDES, Point, Points, Touched, kill_this_process
from tests.parts.small import Json, in_this_process
from tests.parts.waiting import until

DOSSIER = registry.contracts()["dossier"]
TOUCHED: dict[str, Touched] = {
    "embedded": [
        (sending, "take"),
        (Gateway, "prepare"),
        (Gateway, "commit"),
        (SqliteLog, "append"),
        (SqliteLog, "_append_one"),
        (SqliteLog, "_end"),
    ],
    "production": [
        (sending, "take"),
        (Gateway, "prepare"),
        (Gateway, "commit"),
        (KafkaLog, "append"),
        (KafkaLog, "produce"),
        (receipts, "_row"),
        (DefaultDialect, "do_commit"),
    ],
}
PROCESSES = multiprocessing.get_context("forkserver")
# A good body but for one item.
WRONG = {"kind": "pigeon"}


class Noted(list[str]):
    """Names that others can read from a file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def append(self, name: str) -> None:
        super().append(name)
        with self._path.open("a") as file:
            file.write(f"{name}\n")


async def nothing(_: object) -> None:
    """Do nothing beside answering."""


def serve(settings: Settings, profile: str, cut_at: Point | None, calls: Path) -> None:
    """Serve until killed, by others or by oneself; note the calls that requests make."""
    with open_hub(settings) as hub:
        app = create_app(hub, hub.gateway())
        patch = pytest.MonkeyPatch()
        # No request makes their calls.
        for work in (
            "erase_hourly",
            "thin_hourly",
            "mend_often",
            "tell_alerts",
            "deliver_alerts",
            "issue_bulletins",
            "tend_columns",
            "dispatch_reports",
        ):
            patch.setattr(f"hub.http.app.{work}", nothing)
        points = Points(patch, TOUCHED[profile], cut=kill_this_process)
        points.skip(patch, Store, "reading")
        points.called = Noted(calls)
        points.cut_at = cut_at
        uvicorn.run(app, host=settings.host, port=settings.port, log_config=None)


class Province:
    """One hub, and processes that serve it; each has a port of its own."""

    def __init__(self, settings: Settings, is_embedded: bool, folder: Path) -> None:
        self._settings = settings
        self._is_embedded = is_embedded
        self._calls = folder / "calls"
        self._processes: list[Any] = []
        with open_hub(settings) as hub:
            self._key = keys.create(hub.store, system_clock, "tester", WHOLE)

    def start(self, cut_at: Point | None = None) -> "Serving":
        own = self._settings.model_copy(update={"listen": f"127.0.0.1:{free_port()}"})
        self._calls.unlink(missing_ok=True)
        profile = "embedded" if self._is_embedded else "production"
        process = PROCESSES.Process(
            target=serve, args=(own, profile, cut_at, self._calls), daemon=True
        )
        process.start()
        self._processes.append(process)
        url = f"http://{own.listen}"

        def is_there() -> bool:
            assert process.exitcode is None
            try:
                return loopback.get(f"{url}/healthz", timeout=30).status_code in (200, 503)
            except httpx.TransportError:
                return False

        until(is_there, "it serves")
        return Serving(url, self._key, process)

    def calls(self) -> list[str]:
        return self._calls.read_text().split()

    def check(self, answers: dict[str, tuple[int, Json]]) -> None:
        """What was acknowledged is in the log, counts once, and is what verify finds."""
        with open_hub(self._settings) as hub:
            hub.runner.catch_up()
            in_log: Counter[tuple[str, str]] = Counter()
            for topic in (DOSSIER.topic, REJECTION.topic):
                for partition in hub.log.ends(topic):
                    for one in hub.log.read(topic, 0, partition=partition):
                        origins = [one.origins[i].receipt for i in one.origin.tolist()]
                        in_log.update((topic, receipt) for receipt in origins)
            receipts = {r.id: (r.accepted, r.rejected) for r in hub.log.receipts()}
            assert receipts == {told["receipt"]: (2, 1) for _, told in answers.values()}
            for receipt in receipts:
                assert in_log[DOSSIER.topic, receipt] == 2
                assert in_log[REJECTION.topic, receipt] == 1
            with hub.store.reading() as reading:
                facts: dict[str, int] = dict(
                    reading.rows("SELECT entity, events FROM fact_dossier")
                )
                ledger: dict[str, int] = dict(
                    reading.rows("SELECT class, SUM(count) FROM ledger GROUP BY 1")
                )
            names = [f"{name}-{i}".upper() for name in answers for i in (1, 2)]
            assert facts == dict.fromkeys(names, 1)
            # Sent again, what a gateway produced before it died is a repeat, rejected items too.
            goods, bads = (
                sum(n for (t, _), n in in_log.items() if t == topic)
                for topic in (DOSSIER.topic, REJECTION.topic)
            )
            repeats = [goods - len(names), bads - len(answers)]
            assert [n > 0 for n in repeats] == [hub.log.is_open] * 2
            counted = {
                "applied": len(names),
                "duplicate": sum(repeats),
                "quarantined": len(answers),
            }
            assert ledger == {k: n for k, n in counted.items() if n}
            with in_this_process():
                assert verify(hub.log, hub.store, lists.installed()).differences == []

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.join()


class Serving:
    """One process that serves."""

    def __init__(self, url: str, key: str, process: Any) -> None:
        self._url = url
        self._key = key
        self.process = process

    def post(self, name: str, body: bytes) -> tuple[int, Json]:
        answer = loopback.post(
            f"{self._url}/v1/events/dossier",
            content=body,
            headers={"Authorization": f"Bearer {self._key}", "Idempotency-Key": name},
            timeout=30,
        )
        return answer.status_code, answer.json()

    def post_until_it_ends(self, name: str, body: bytes) -> None:
        with pytest.raises(httpx.TransportError):
            self.post(name, body)
        self.process.join(30)
        assert self.process.exitcode == -signal.SIGKILL


@pytest.fixture(params=["embedded", "production"])
def province(
    request: pytest.FixtureRequest, tmp_path: Path, kafka: Kafka, postgres: Postgres
) -> Iterator[Province]:
    is_embedded = request.param == "embedded"
    if is_embedded:
        settings = Settings(data_dir=tmp_path / "hub")
    else:
        delete_topics(kafka)
        make_topics(kafka, 2)
        settings = Settings(kafka_bootstrap=kafka.address, database_url=new_schema(postgres))
    PROCESSES.set_forkserver_preload([__name__])  # else each would import everything anew
    opened = Province(settings, is_embedded, tmp_path)
    yield opened
    opened.close()


def body_of(name: str) -> bytes:
    codes = [f"{name}-1".upper(), f"{name}-2".upper()]
    return json.dumps([*(received(c, "2023-05-17") for c in codes), WRONG]).encode()


def test_gateway(province: Province) -> None:
    another = province.start()
    answers: dict[str, tuple[int, Json]] = {}
    body = body_of("calm")
    answers["calm"] = another.post("calm", body)
    calls = province.calls()
    # The first item that is rejected makes a key, which is committed by itself.
    steps = [c for c in calls if c != "do_commit"]
    assert steps[:4] == ["take", "prepare", "commit", "append"]
    assert len(calls) >= 6
    for number in range(len(calls)):
        for comes in SIDES:
            name = f"{number}-{comes}"
            body = body_of(name)
            province.start((number, comes)).post_until_it_ends(name, body)
            answers[name] = another.post(name, body)
            assert another.post(name, body) == answers[name], name
    for status, told in answers.values():
        assert (status, told["accepted"] + told["duplicates"], len(told["rejected"])) == (202, 2, 1)
    province.close()
    province.check(answers)
