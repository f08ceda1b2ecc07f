"""PostgreSQL fails over to its standby while a gateway takes and a worker applies."""

import threading
import time
from pathlib import Path

import httpx
import psycopg

from deploy.local.services.kafka import Kafka
from stream_jobs.worked import received
from tests.parts.failover import Pair
from tests.parts.province import Province
from tests.parts.small import Json
from tests.parts.waiting import SECONDS_MAX, until

BEFORE, AFTER = 20, 10
RETRY_SECONDS = 0.1


class Sender:
    """Sends a dossier after another, each until it is acknowledged, and notes the receipts.

    `unanswered` has the keys of those that had to be sent more than once.
    """

    def __init__(self, province: Province) -> None:
        self.receipts: dict[str, str] = {}
        self.at: list[float] = []
        self.statuses: set[int] = set()
        self.unanswered: set[str] = set()
        self._events: dict[str, Json] = {}
        self._province = province
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Sender":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            key = f"k{len(self.receipts)}"
            try:
                answer = self.send(key)
            except httpx.TransportError:
                self.unanswered.add(key)
                continue
            self.statuses.add(answer.status_code)
            if answer.status_code == 202:
                self.receipts[key] = answer.json()["receipt"]
                self.at.append(time.monotonic())
            else:
                self.unanswered.add(key)
                self._over.wait(RETRY_SECONDS)

    def send(self, key: str) -> httpx.Response:
        """Send what this key stands for, the same each time."""
        event = self._events.setdefault(key, received(key.upper(), "2023-05-17"))
        return self._province.served.post("dossier", [event], **{"Idempotency-Key": key})


def test_a_failover_loses_nothing_that_was_answered(
    kafka: Kafka, topics: None, pair: Pair, tmp_path: Path
) -> None:
    province = Province(kafka, pair.address, tmp_path)
    served = province.served
    try:
        served.create_key()
        served.start()
        province.workers.start()
        with Sender(province) as sender:
            until(lambda: len(sender.receipts) >= BEFORE, "some are acknowledged")
            until(lambda: counted(province) > 0, "the worker applies")
            other = served.run("keys", "create", "other", "--all").stdout.splitlines()[-1]
            pair.primary.kill()  # the moment after it was answered
            before = dict(sender.receipts)
            pair.standby.promote()
            until(lambda: len(sender.receipts) >= len(before) + AFTER, "it is acknowledged again")
        assert sender.statuses <= {202, 503}
        until(lambda: counted(province) == len(sender.receipts), "each is counted, and once")
        for key, receipt in sender.receipts.items():
            kept = served.get(f"/v1/receipts/{receipt}").json()
            # What was not answered may be in the log all the same; sent again, it is a repeat.
            repeats = ({"duplicate": 1},) if key in sender.unanswered else ()
            assert kept["states"] in ({"applied": 1}, *repeats), kept
        # A request that was answered before is known again by its key, and answered the same.
        last = list(before)[-1]
        again = sender.send(last).json()
        assert again["receipt"] == before[last]
        served.key = other
        assert sender.send("other").status_code == 202
        until(lambda: counted(province) == len(sender.receipts) + 1, "the other's is counted too")
        done = served.run("verify")
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        province.close()


def test_without_a_standby_that_follows_nothing_is_answered(pair: Pair) -> None:
    """Hold that the leader waits: what it tells is on both."""
    pair.standby.kill()
    url = pair.address.replace("+psycopg", "")

    def write() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE written (n int)")

    def is_waiting() -> bool:
        query = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        with psycopg.connect(url, autocommit=True) as connection:
            return connection.execute(query).fetchone() is not None

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    until(is_waiting, "it waits for the standby")
    assert thread.is_alive()
    pair.standby.start()
    thread.join(SECONDS_MAX)
    assert not thread.is_alive()


def counted(province: Province) -> int:
    found = province.served.get("/v1/kpis/dossier_received_new?period=2023")
    if found.status_code != 200:
        return 0
    figures = found.json()["figures"]
    return int(figures[0]["numerator"]) if figures else 0
