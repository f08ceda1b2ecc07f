"""A tax office whose fees change: records in Debezium's envelope, published to Kafka.

`python -m connectors.tax_fees.simulator --bootstrap B --topic T --seed S --fees N` publishes some
and prints what must come of them. Debezium itself runs in the project's tests
(`deploy/local/services/debezium.py`). All fees are made up.
"""

import argparse
import json
import os
import random
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from hub.clock import VIETNAM
from hub.connecting.struck import Truth, Upstream, integers

TOPIC = "thue.public.khoan_thu"
BOOTSTRAP = "HUB_KAFKA_BOOTSTRAP"
BAD_EVERY = 60
DEMO_FIRST, DEMO_SECONDS = 100, 3.0
Message = tuple[bytes, bytes | None]


@dataclass
class Planned:
    """Records to be published, and what must come of them."""

    messages: list[Message] = field(default_factory=list)
    fees: int = 0
    assessed_vnd: int = 0
    paid_vnd: int = 0
    rejected: int = 0


def lacks() -> str:
    """Say what the demonstration lacks: a broker, where the hub has none itself."""
    return "" if os.environ.get(BOOTSTRAP) else f"{BOOTSTRAP} (make services)"


def plan(seed: int, first: int, fees: int, now: datetime) -> Planned:
    """Make what happens to so many fees, numbered from `first` on, in the days before `now`."""
    chance = random.Random(f"{seed} {first}")
    planned = Planned()
    for number in range(first, first + fees):
        at = now - timedelta(hours=chance.uniform(2, 700))
        unit = f"H57.{chance.randrange(32, 141)}"
        amount = chance.randrange(10, 500) * 1_000
        row: dict[str, Any] = {
            "id": 2 * number,
            "ma_ho_so": f"{unit}-{at:%y%m%d}-{seed % 10}{number:06}",
            "ma_khoan": "LP01",
            "don_vi": unit,
            "nghiep_vu": "PT",
            "luc": _micros(at),
            "so_tien": amount,
            "nguoi_nop": "Nguyễn Văn Mẫu",
        }
        planned.messages.append(_change("c", row, row["id"]))
        if chance.random() < 0.1:  # assessed too low at first
            amount += 5_000
            planned.messages.append(_change("u", {**row, "so_tien": amount}, row["id"]))
        planned.fees += 1
        planned.assessed_vnd += amount
        paid = {
            **row,
            **{"id": row["id"] + 1, "nghiep_vu": "NOP", "so_tien": amount, "hinh_thuc": "NH"},
            **{"luc": _micros(at + timedelta(hours=1)), "ma_giao_dich": f"GD{seed}-{number}"},
        }
        if chance.random() < 0.8:
            planned.messages.append(_change("c", paid, paid["id"]))
            if chance.random() < 0.05:  # entered by mistake, and deleted
                planned.messages += [_change("d", None, paid["id"]), (_key(paid["id"]), None)]
            else:
                planned.paid_vnd += amount
        if number % BAD_EVERY == BAD_EVERY - 1:
            wrong = {**row, "id": -number, "nghiep_vu": "KHAC"}
            planned.messages.append(_change("c", wrong, wrong["id"]))
            planned.rejected += 1
    return planned


def _micros(at: datetime) -> int:
    """Write local time as Debezium does: as if it were UTC."""
    local = at.astimezone(VIETNAM).replace(tzinfo=None)
    return int((local - datetime(1970, 1, 1)).total_seconds()) * 1_000_000


def _key(row: int) -> bytes:
    return json.dumps({"id": row}).encode()


def _change(op: str, after: dict[str, Any] | None, row: int) -> Message:
    said = json.dumps([op, row, after], sort_keys=True)
    source = {"connector": "postgresql", "table": "khoan_thu", "lsn": zlib.crc32(said.encode())}
    value = {"before": None, "after": after, "source": source, "op": op}
    return _key(row), json.dumps(value).encode()


def publish(bootstrap: str, topic: str, planned: Planned) -> None:
    """Publish records to a topic, which is made where there is none."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    if topic not in admin.list_topics(timeout=10).topics:
        try:
            admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
        except KafkaException as error:
            if "EXISTS" not in str(error):
                raise
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all"})
    for key, value in planned.messages:
        producer.produce(topic, value, key)
    if producer.flush(30):
        raise TimeoutError(f"{bootstrap} does not take what is published")


@contextmanager
def demonstrated(_: Path, seed: int, start: int) -> Iterator[dict[str, str]]:
    """Publish some fees, then one every few seconds; give the settings."""
    bootstrap = os.environ[BOOTSTRAP]
    first = start * 100_000
    publish(bootstrap, TOPIC, plan(seed, first, DEMO_FIRST, datetime.now(VIETNAM)))
    stopping = threading.Event()

    def live() -> None:
        number = first + DEMO_FIRST
        while not stopping.wait(DEMO_SECONDS):
            publish(bootstrap, TOPIC, plan(seed, number, 1, datetime.now(VIETNAM)))
            number += 1

    thread = threading.Thread(target=live, name="tax fees simulator", daemon=True)
    thread.start()
    try:
        yield {
            "HUB_TAX_FEES_BOOTSTRAP": bootstrap,
            "HUB_TAX_FEES_TOPIC": TOPIC,
            "HUB_TAX_FEES_TIMES": "micros",
        }
    finally:
        stopping.set()
        thread.join()


STRUCK_FEES = 6


class _Office(Upstream):
    """A change feed on the hub's own broker; said twice, a step's records are published again.

    Who refuses and hangs is the broker, when it is struck.
    """

    away = (TimeoutError, KafkaException)

    def __init__(self, seed: int, bootstrap: str) -> None:
        self._seed, self._bootstrap = seed, bootstrap
        self._now = datetime(2025, 3, 1, tzinfo=VIETNAM)
        super().__init__(
            {
                "HUB_TAX_FEES_BOOTSTRAP": bootstrap,
                "HUB_TAX_FEES_TOPIC": TOPIC,
                "HUB_TAX_FEES_TIMES": "micros",
            }
        )

    def step(self, number: int) -> Truth:
        """Let something happen to some fees."""
        planned = plan(self._seed, 1 + number * STRUCK_FEES, STRUCK_FEES, self._now)
        for _ in range(2 if self.manner == "twice" else 1):
            publish(self._bootstrap, TOPIC, planned)
        counted = integers(assessed_vnd=planned.assessed_vnd, paid_vnd=planned.paid_vnd)
        return Truth(planned.fees, planned.rejected, counted)


def struck(_: Path, seed: int, services: Mapping[str, str]) -> Upstream:
    """Publish changes to the hub's broker at each step, where faults strike."""
    return _Office(seed, services[BOOTSTRAP])


def main() -> None:
    """Publish what happens to fees, then print what must come of them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--topic", default=TOPIC)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fees", type=int, default=200)
    given = parser.parse_args()
    planned = plan(given.seed, 0, given.fees, datetime.now(VIETNAM))
    publish(given.bootstrap, given.topic, planned)
    said = {n: getattr(planned, n) for n in ("fees", "assessed_vnd", "paid_vnd", "rejected")}
    print(json.dumps(said))


if __name__ == "__main__":
    main()
