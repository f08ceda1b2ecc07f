"""PostgreSQL fails over while people close and repair: what was answered is there, once."""

import threading
from pathlib import Path

import httpx

from deploy.local.services.kafka import Kafka
from stream_jobs.worked import received
from tests.parts import loopback
from tests.parts.failover import Pair
from tests.parts.province import Province
from tests.parts.small import Json
from tests.parts.waiting import SECONDS_MAX, until

QUESTION = "/v1/kpis/dossier_received_new?period=2023-05"
ITEMS, BEFORE = 40, 10
RETRY_SECONDS = 0.1


class Clerk:
    """Discards one item after another, each until it is answered that it was done."""

    def __init__(self, province: Province, items: list[str]) -> None:
        self.done: list[str] = []
        self.statuses: set[int] = set()
        self._items = items
        self._province = province
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Clerk":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(SECONDS_MAX)
        assert not self._thread.is_alive(), self.statuses

    def _run(self) -> None:
        pause = threading.Event()
        for item in self._items:
            # 409: it had ended already, as an answer was lost on its way.
            while self._discard(item) not in (200, 409):
                pause.wait(RETRY_SECONDS)
            self.done.append(item)

    def _discard(self, item: str) -> int:
        try:
            answer = act(self._province, "discard", {"ids": [item], "reason": "gửi nhầm"})
        except httpx.TransportError:
            return 0
        self.statuses.add(answer.status_code)
        return answer.status_code


def act(province: Province, what: str, body: Json) -> httpx.Response:
    served = province.served
    return loopback.post(
        f"{served.url}/v1/quarantine/{what}",
        json=body,
        headers={"Authorization": f"Bearer {served.key}"},
        timeout=SECONDS_MAX,
    )


def acts(province: Province) -> list[tuple[str, str]]:
    found = province.rows("SELECT event_id, action FROM repair ORDER BY event_id, number")
    return [(str(item), str(action)) for item, action in found]


def test_what_was_closed_and_what_was_done_to_items_is_there_once(
    kafka: Kafka, topics: None, pair: Pair, tmp_path: Path
) -> None:
    province = Province(kafka, pair.address, tmp_path)
    served = province.served
    try:
        served.create_key()
        served.start()
        province.workers.start()
        wrong = {"kind": "pigeon"}
        sent = served.post("dossier", [received("A", "2023-05-17"), *[wrong] * ITEMS]).json()
        items = [f"{sent['receipt']}:{n}" for n in range(1, ITEMS + 1)]

        def figure() -> Json | None:
            answer = served.get(QUESTION)
            found = answer.json()["figures"] if answer.status_code == 200 else []
            return dict(found[0]) if found else None

        def waiting() -> int:
            return len(province.rows("SELECT 1 FROM quarantine"))

        until(lambda: figure() is not None and waiting() == ITEMS, "all is applied")
        mended = items.pop()
        fixed = act(province, "fix", {"id": mended, "item": received("B", "2023-05-18")})
        assert fixed.status_code == 200, fixed.text
        with Clerk(province, items) as clerk:
            until(lambda: len(clerk.done) >= BEFORE, "some are discarded")
            closed = served.run("period", "close", "2023-05", "--by", "An")
            assert closed.returncode == 0, closed.stderr
            pair.primary.kill()  # the moment after it was answered
            pair.standby.promote()
        assert clerk.statuses <= {200, 409, 503}
        # Each that was answered, and each that was tried meanwhile, is there, and once.
        assert acts(province) == sorted([(mended, "fixed"), *((i, "discarded") for i in items)])
        assert province.rows("SELECT period, closed_by FROM closing") == [("2023-05", "An")]
        until(lambda: (figure() or {}).get("status") == "official", "its figures are official")
        # What was corrected before is sent now: a closed period keeps its figures beside that.
        assert act(province, "replay", {"ids": [mended]}).json()["receipts"].keys() == {mended}
        until(lambda: (figure() or {}).get("status") == "restated", "what came later is seen")
        again = act(province, "discard", {"ids": [items[0]], "reason": "gửi nhầm"})
        assert (again.status_code, again.json()["title"]) == (409, "ended")
        done = served.run("verify")
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        province.close()
