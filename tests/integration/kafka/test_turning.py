"""Certificates and their authority are changed while a gateway and a worker run on."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.kafka.credentials import Credentials
from hub.kafka.log import KafkaLog
from hub.log.log import LogUnavailableError
from hub.store.store import Store
from stream_jobs.worked import received
from tests.integration.conftest import _running
from tests.integration.kafka.test_rights import may_produce, produce
from tests.parts.authority import Authority
from tests.parts.province import Province
from tests.parts.secured import (
    OPERATOR,
    OPERATOR_PASSWORD,
    SecuredKafka,
    write_both,
    write_trust,
)
from tests.parts.starting import run_hub
from tests.parts.waiting import until

GATEWAY, WORKER, OTHER = "gateway", "worker", "other"
PROCESSES = {GATEWAY: "serve", WORKER: "work", OTHER: "serve"}
ANSWER_SECONDS = 10


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    yield from _running(SecuredKafka(tmp_path_factory.mktemp("secured")))


class Turning:
    """A broker's door for machines, and what each of them shows there."""

    def __init__(self, kafka: SecuredKafka, folder: Path) -> None:
        self._kafka = kafka
        self._folder = folder
        self._ca = folder / "ca.pem"
        self.trust(kafka.authority)
        for name in PROCESSES:
            self.renew(name, kafka.authority)

    def trust(self, *authorities: Authority) -> None:
        """Let the hub's processes believe whom these signed."""
        write_trust(self._ca, *authorities)

    def renew(self, name: str, authority: Authority) -> None:
        """Give a process a new key and certificate."""
        write_both(self._both(name), authority, name)

    def environment(self, name: str) -> dict[str, str]:
        """Give the settings of a process."""
        both = str(self._both(name))
        return {
            "HUB_KAFKA_BOOTSTRAP": self._kafka.machines,
            "HUB_KAFKA_CA": str(self._ca),
            "HUB_KAFKA_CERTIFICATE": both,  # and key: in one file, they change together
            "HUB_KAFKA_KEY": both,
        }

    def log(self, name: str, store: Store) -> KafkaLog:
        """Open the log as a process does."""
        both = self._both(name)
        return KafkaLog(
            self._kafka.machines, store, ANSWER_SECONDS, Credentials(self._ca, both, both)
        )

    def _both(self, name: str) -> Path:
        return self._folder / f"{name}.both.pem"


def allow(kafka: SecuredKafka, folder: Path, database_url: str) -> None:
    """Make topics and rights, as the operator."""
    file = folder / "operator.password"
    file.write_text(OPERATOR_PASSWORD)
    env = {
        **os.environ,
        "HUB_DATABASE_URL": database_url,
        "HUB_KAFKA_BOOTSTRAP": kafka.users,
        "HUB_KAFKA_CA": str(kafka.authority.file),
        "HUB_KAFKA_USER": OPERATOR,
        "HUB_KAFKA_PASSWORD_FILE": str(file),
    }
    asked = [["topics", "apply"]]
    asked += [["topics", "rights", p, "--user", f"CN={n}", "--apply"] for n, p in PROCESSES.items()]
    for words in asked:
        done = run_hub(*words, env=env, timeout=300)
        assert done.returncode == 0, done.stderr


def test_an_authority_gives_way_to_another_while_all_goes_on(
    secured: SecuredKafka, database_url: str, store: Store, tmp_path: Path
) -> None:
    allow(secured, tmp_path, database_url)
    turning = Turning(secured, tmp_path)
    (tmp_path / "second").mkdir()
    first, second = secured.authority, Authority(tmp_path / "second", "second")
    province = Province(secured, database_url, tmp_path)
    served = province.served
    served.env |= turning.environment(GATEWAY)
    province.workers._environment |= turning.environment(WORKER)

    def is_counted(codes: str) -> bool:
        province.workers.check()
        return province.rows("SELECT count(*) FROM fact_dossier") == [(len(codes),)]

    def goes_on(codes: str) -> None:
        answer = served.post("dossier", [received(codes[-1], "2023-05-17")])
        assert answer.status_code == 202, answer.text
        until(lambda: is_counted(codes), f"{codes[-1]} is counted", 120)

    try:
        province.workers.start()
        served.create_key()
        served.start()
        goes_on("A")
        # Both are believed, at the broker and at its clients, before anybody shows the second's.
        secured.trust(first, second)
        turning.trust(first, second)
        secured.show(second)
        turning.renew(OTHER, second)
        other = turning.log(OTHER, store)
        until(lambda: may_produce(other), "who shows the second's is let in, the broker still runs")
        other.close()
        goes_on("AB")
        for name in (GATEWAY, WORKER):
            turning.renew(name, second)
        secured.stop()  # nobody's connection stays
        secured.start()
        goes_on("ABC")
        # Then the first goes: whoever has not changed is not let in any more.
        secured.trust(second)
        turning.trust(second)
        secured.stop()
        secured.start()
        goes_on("ABCD")
        turning.renew(OTHER, first)
        late = turning.log(OTHER, store)
        with pytest.raises(LogUnavailableError):
            produce(late, "lgsp.dossier.v1", b"late")
        late.close()
    finally:
        province.close()
