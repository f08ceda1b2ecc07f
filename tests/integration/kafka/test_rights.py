"""Kafka with TLS, users and rights: each process does its work by its own, and nothing else."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from hub import registry
from stream_jobs.worked import received
from tests.integration.conftest import _running
from tests.parts.province import Province
from tests.parts.secured import OPERATOR, OPERATOR_PASSWORD, SecuredKafka
from tests.parts.starting import run_hub
from tests.parts.waiting import until

CONTRACTS = registry.contracts().values()


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    yield from _running(SecuredKafka(tmp_path_factory.mktemp("secured")))


def set_password(kafka: SecuredKafka, user: str, password: str, file: Path) -> None:
    """Give a user a password at the broker, and write it into its file."""
    admin = KafkaAdminClient(bootstrap_servers=[kafka.address])
    told = UserScramCredentialUpsertion(user, ScramMechanism.SCRAM_SHA_512, password.encode())
    admin.alter_user_scram_credentials([told])
    admin.close()
    file.write_text(f"{password}\n")


def as_user(kafka: SecuredKafka, user: str, folder: Path) -> dict[str, str]:
    """Make a user; give the settings of a process that is this one."""
    file = folder / f"{user}.password"
    set_password(kafka, user, f"password-of-{user}", file)
    return {
        "HUB_KAFKA_BOOTSTRAP": kafka.users,
        "HUB_KAFKA_CA": str(kafka.authority.file),
        "HUB_KAFKA_USER": user,
        "HUB_KAFKA_PASSWORD_FILE": str(file),
    }


@pytest.fixture
def operator(secured: SecuredKafka, database_url: str, tmp_path: Path) -> dict[str, str]:
    """The settings of the operator, who has made the topics."""
    file = tmp_path / "operator.password"
    file.write_text(OPERATOR_PASSWORD)
    return {
        "HUB_DATABASE_URL": database_url,
        "HUB_KAFKA_BOOTSTRAP": secured.users,
        "HUB_KAFKA_CA": str(secured.authority.file),
        "HUB_KAFKA_USER": OPERATOR,
        "HUB_KAFKA_PASSWORD_FILE": str(file),
    }


def hub(*words: str, env: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return run_hub(*words, env={**os.environ, **env}, timeout=300)


def test_each_process_has_what_it_needs_and_no_more(
    secured: SecuredKafka,
    operator: dict[str, str],
    database_url: str,
    tmp_path: Path,
) -> None:
    made = hub("topics", "apply", env=operator)
    assert made.returncode == 0, made.stderr
    assert "create" in made.stdout
    users = {
        "gateway": ("serve", as_user(secured, "gateway", tmp_path)),
        "worker": ("work", as_user(secured, "worker", tmp_path)),
        "banks": ("connect payments", as_user(secured, "banks", tmp_path)),
    }
    for user, (process, _) in users.items():
        asked = ("topics", "rights", process, "--user", user)
        before = hub(*asked, env=operator)
        assert before.returncode == 1, before.stderr
        assert f"grant   {user}  WRITE topic lgsp." in before.stdout
        assert hub(*asked, "--apply", env=operator).returncode == 0
        after = hub(*asked, env=operator)
        assert (after.returncode, after.stdout) == (0, "nothing to do\n")
    province = Province(secured, database_url, tmp_path)
    try:
        province.served.env |= users["gateway"][1]
        province.workers._environment |= users["worker"][1]
        province.workers.start()
        province.served.create_key()
        province.served.start()
        answer = province.served.post("dossier", [received("A", "2023-05-02")])
        assert answer.status_code == 202, answer.text
        until(
            lambda: (
                province.workers.check()
                or province.rows("SELECT count(*) FROM fact_dossier") == [(1,)]
            ),
            "the dossier is applied",
        )
        until(
            lambda: province.rows("SELECT min(is_published) FROM figure") == [(1,)],
            "figures are out on their topic",
        )
    finally:
        province.close()
