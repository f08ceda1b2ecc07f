"""PostgreSQL is crowded, read for long or locked: the hub answers what it can, loses nothing."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from deploy.local.services.kafka import Kafka
from deploy.local.services.ports import HOST, free_port
from deploy.local.services.postgres import Postgres
from hub import registry
from hub.access import keys
from hub.access.scope import WHOLE
from hub.clock import DAY_US, to_us
from hub.http.app import create_app
from hub.opening import OpenHub, open_hub
from hub.proof.verify import verify
from hub.store import postgres as of_postgres
from hub.store.cuts import thin
from hub.store.store import Store
from hub.store.troubles import StoreUnavailableError
from stream_jobs.worked import received
from tests.integration.conftest import new_schema
from tests.parts import lists
from tests.parts.province import Province
from tests.parts.small import in_this_process
from tests.parts.waiting import until

PLACES = 40  # connections of the narrow server
READERS = 60
QUESTION = "/v1/kpis/dossier_received_new?period=2023"
CROWD = "crowd"


class Narrow(Postgres):
    """A server with few places."""

    is_brief = True

    def _command(self) -> list[str]:
        return [*super()._command(), f"--max_connections={PLACES}"]


class Crowd:
    """Others, who take each connection that is free, and keep it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._held: list[psycopg.Connection[tuple[Any, ...]]] = []
        self._over = threading.Event()
        self.is_full = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Crowd":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for connection in self._held:
            connection.close()

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._held.append(psycopg.connect(self._url, application_name=CROWD))
            except psycopg.OperationalError:
                self.is_full.set()
                self._over.wait(0.02)


class Edge:
    """The gateway's application in this process, with a key."""

    def __init__(self, hub: OpenHub) -> None:
        key = keys.create(hub.store, hub.clock, "one_stop", WHOLE)
        self._headers = {"Authorization": f"Bearer {key}"}
        self._app = create_app(hub, hub.gateway())

    def ask(self, count: int = 1) -> list[httpx.Response]:
        """Ask for a figure, so many times at once."""
        return self._do(*(("GET", QUESTION, None) for _ in range(count)))

    def counted(self) -> int:
        """Give how many are counted."""
        (answer,) = self.ask()
        figures = answer.json()["figures"]
        return int(figures[0]["numerator"]) if figures else 0

    def send(self, code: str) -> httpx.Response:
        """Send a dossier."""
        (answer,) = self._do(("POST", "/v1/events/dossier", [received(code, "2023-05-17")]))
        return answer

    def _do(self, *asked: tuple[str, str, object]) -> list[httpx.Response]:
        async def do() -> list[httpx.Response]:
            transport = httpx.ASGITransport(self._app, client=(HOST, 1))
            async with httpx.AsyncClient(
                transport=transport, base_url=f"http://{HOST}", timeout=60
            ) as client:
                return await asyncio.gather(
                    *(client.request(m, p, json=j, headers=self._headers) for m, p, j in asked)
                )

        # In a thread of its own: a browser's loop may be running in this one.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: asyncio.run(do())).result()


@pytest.fixture
def narrow(tmp_path: Path, _ends_in_order: None) -> Iterator[Narrow]:
    opened = Narrow(tmp_path / "narrow", free_port())
    try:
        opened.start()
        yield opened
    finally:
        opened.kill()


@contextmanager
def another(province: Province) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Open a connection of somebody else's."""
    url = province.settings.database_url.replace("+psycopg", "")
    with psycopg.connect(url, application_name=CROWD) as connection:
        yield connection
        connection.rollback()


def test_a_storm_of_connections_loses_nothing_that_was_answered(
    kafka: Kafka, topics: None, narrow: Narrow, tmp_path: Path
) -> None:
    province = Province(kafka, new_schema(narrow), tmp_path)
    served = province.served
    served.env["HUB_SPOOL_DIR"] = str(tmp_path / "spool")
    url = narrow.address.replace("+psycopg", "")

    def counted() -> int:
        answer = served.get(QUESTION)
        figures = answer.json()["figures"] if answer.status_code == 200 else []
        return int(figures[0]["numerator"]) if figures else 0

    try:
        served.create_key()
        served.start()
        province.workers.start()
        assert served.post("dossier", [received("A", "2023-05-17")]).status_code == 202
        until(lambda: counted() == 1, "the first is counted")
        with Crowd(url) as crowd:
            until(crowd.is_full.is_set, "no connection is free")
            # What the hub has is cut, so that it must come again, among all the others.
            with psycopg.connect(url.replace("lgsp@", "postgres@")) as administrator:
                administrator.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE usename = 'lgsp' AND application_name <> %s",
                    (CROWD,),
                )
            told: list[httpx.Response] = []

            def is_refused() -> bool:
                """Ask; a moment later a connection may be free for who asks again."""
                told.append(served.get(QUESTION))
                return told[-1].status_code == 503

            until(is_refused, "it says that it cannot answer")
            assert told[-1].headers["retry-after"] == "5"
            sent = [served.post("dossier", [received(f"B{n}", "2023-05-17")]) for n in range(20)]
        assert [a.status_code for a in sent] == [202] * 20
        until(lambda: counted() == 21, "all are counted, by who applied before")
        province.workers.check()
        for one in sent:
            receipt = one.json()["receipt"]
            assert served.get(f"/v1/receipts/{receipt}").json()["states"] == {"applied": 1}
        done = served.run("verify")
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        province.close()


def test_many_readers_at_once_take_no_more_connections_than_are_said(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = of_postgres.CONNECTIONS_MAX
    with open_hub(province.settings) as hub:
        edge = Edge(hub)
        answers = edge.ask(READERS)
        assert Counter(a.status_code for a in answers) == {200: READERS}
        query = f"SELECT count(*) FROM pg_stat_activity WHERE application_name <> '{CROWD}'"
        with another(province) as other:
            row = other.execute(query + " AND usename = 'lgsp'").fetchone()
        assert row is not None
        assert 0 < row[0] <= most
    monkeypatch.setattr(of_postgres, "READERS", 1)
    monkeypatch.setattr(of_postgres, "MORE", 0)
    monkeypatch.setattr(of_postgres, "FREE_SECONDS_MAX", 0.2)
    with open_hub(province.settings) as hub:
        edge = Edge(hub)
        with hub.store.reading():  # the only one that there is
            (answer,) = edge.ask()
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert edge.ask()[0].status_code == 200


def test_a_reader_whose_snapshot_stays_open_holds_nothing_up(province: Province) -> None:
    seen = "SELECT (SELECT count(*) FROM cut), (SELECT count(*) FROM fact_dossier)"
    with open_hub(province.settings) as hub, another(province) as other:
        edge = Edge(hub)
        edge.send("A0")
        hub.runner.catch_up()
        other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        before = other.execute(seen).fetchone()
        for number in range(1, 4):
            assert edge.send(f"A{number}").status_code == 202
            hub.runner.catch_up()
            assert edge.counted() == number + 1
        # A hundred days later, one cut of that day answers; what is asked meanwhile stands.
        assert thin(hub.store, to_us(hub.clock()) + 100 * DAY_US) > 0
        assert edge.counted() == 4
        assert other.execute(seen).fetchone() == before
        other.rollback()
        assert other.execute(seen).fetchone() != before
        with in_this_process():
            assert verify(hub.log, hub.store, lists.installed()).differences == []


def test_while_somebody_holds_a_lock_what_is_sent_is_kept_and_questions_are_told_to_wait(
    province: Province, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_postgres, "READ_LOCK_SECONDS_MAX", 1)
    monkeypatch.setattr(of_postgres, "WRITE_LOCK_SECONDS_MAX", 1)
    settings = province.settings.model_copy(update={"spool_dir": tmp_path / "spool"})
    with open_hub(settings) as hub, another(province) as other:
        edge = Edge(hub)
        assert edge.send("A").status_code == 202
        hub.runner.catch_up()
        assert edge.counted() == 1
        edge.send("B")
        other.execute("LOCK TABLE position, receipt IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreUnavailableError, match="lock timeout"):
            hub.runner.catch_up()
        (answer,) = edge.ask()
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        kept = edge.send("C")
        assert kept.status_code == 202
        other.rollback()
        receipt = kept.json()["receipt"]
        until(lambda: hub.log.receipt(receipt) is not None, "its receipt is where it belongs")
        hub.runner.catch_up()
        assert edge.counted() == 3


def test_a_server_that_takes_a_connection_and_says_nothing_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(of_postgres, "CONNECT_SECONDS_MAX", 2)
    with socket.create_server((HOST, 0)) as silent:
        url = f"postgresql+psycopg://lgsp@{HOST}:{silent.getsockname()[1]}/lgsp"
        with pytest.raises(StoreUnavailableError, match="timeout"):
            Store(url, registry.definitions())
