"""Kafka with TLS, users and rights: each process does its work by its own, and nothing else."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from hub.clock import system_clock, to_us
from hub.kafka import rates
from hub.kafka.credentials import Credentials
from hub.kafka.log import KafkaLog
from hub.kafka.rights import Right, grant
from hub.kafka.topics import Topics
from hub.log.log import LogUnavailableError
from hub.settings import SettingsError, read_settings
from hub.store.store import Store
from stream_jobs.worked import received
from tests.integration.conftest import _running
from tests.parts.province import Province
from tests.parts.secured import OPERATOR, OPERATOR_PASSWORD, SecuredKafka
from tests.parts.starting import run_hub, start_hub
from tests.parts.waiting import until

REPORT = """Đơn vị báo cáo;Dịch vụ;Hình thức;Địa bàn;Kỳ;Lần báo cáo;Số giao dịch;Số khách hàng;Số tiền
NH01;điện;Không dùng tiền mặt;H57;2023;1;1;1;1.000 đồng
"""  # noqa: E501


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


def test_each_process_has_what_it_needs_and_goes_on_with_a_new_password(
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
            lambda: has_dossiers(province, 1),
            "the dossier is applied",
        )
        until(
            lambda: province.rows("SELECT min(is_published) FROM figure") == [(1,)],
            "figures are out on their topic",
        )
        for user, (_, env) in users.items():
            set_password(secured, user, "another", Path(env["HUB_KAFKA_PASSWORD_FILE"]))
        secured.stop()  # nobody's connection stays
        secured.start()
        answer = province.served.post("dossier", [received("B", "2023-05-02")])
        assert answer.status_code == 202, answer.text
        until(
            lambda: has_dossiers(province, 2),
            "the worker reads on by its new password",
            120,
        )
    finally:
        province.close()


def has_dossiers(province: Province, count: int) -> bool:
    """Tell whether so many are applied; raise where the worker has ended."""
    province.workers.check()
    return province.rows("SELECT count(*) FROM fact_dossier") == [(count,)]


def open_log(store: Store, env: dict[str, str], seconds: int = 20) -> KafkaLog:
    """Open the log as the process of these settings does."""
    certificate, key = env.get("HUB_KAFKA_CERTIFICATE"), env.get("HUB_KAFKA_KEY")
    password = env.get("HUB_KAFKA_PASSWORD_FILE")
    credentials = Credentials(
        Path(env["HUB_KAFKA_CA"]),
        Path(certificate) if certificate else None,
        Path(key) if key else None,
        env.get("HUB_KAFKA_USER", ""),
        Path(password) if password else None,
    )
    return KafkaLog(env["HUB_KAFKA_BOOTSTRAP"], store, seconds, credentials)


def produce(log: KafkaLog, topic: str, value: bytes) -> None:
    log.produce([(topic, to_us(system_clock()), b"A", value, [])])


def test_a_connector_that_writes_elsewhere_is_refused_and_says_so_once(
    secured: SecuredKafka, operator: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    assert hub("topics", "apply", env=operator).returncode == 0
    stations = as_user(secured, "stations", tmp_path)
    given = ("topics", "rights", "connect salinity", "--user", "stations", "--apply")
    assert hub(*given, env=operator).returncode == 0
    drop = tmp_path / "drop"
    drop.mkdir()
    (drop / "a.csv").write_text(REPORT, "utf-8")
    log = tmp_path / "connect.log"
    env = {
        **os.environ,
        **stations,
        "HUB_DATABASE_URL": database_url,
        "HUB_PAYMENTS_FOLDER": str(drop),
        "HUB_PAYMENTS_SETTLE_SECONDS": "0.05",
    }
    with log.open("wb") as out:
        process = start_hub("connect", "payments", env=env, stdout=out, stderr=out)
    try:
        until(lambda: process.poll() is not None or "log_away" in log.read_text(), "it says")
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        process.wait(60)
    (line,) = [json.loads(n) for n in log.read_text().splitlines() if "may not" in n]
    assert "stations may not write lgsp.payment.v1" in line["error"]
    assert "`hub topics rights`" in line["error"]
    assert [p.name for p in drop.glob("*.csv")] == ["a.csv"]  # it waits for its right


def test_a_password_is_changed_without_a_stop(
    secured: SecuredKafka, operator: dict[str, str], store: Store, tmp_path: Path
) -> None:
    assert hub("topics", "apply", env=operator).returncode == 0
    env = as_user(secured, "turning", tmp_path)
    given = ("topics", "rights", "serve", "--user", "turning", "--apply")
    assert hub(*given, env=operator).returncode == 0
    log = open_log(store, env)
    try:
        before = log.ends("lgsp.dossier.v1")
        produce(log, "lgsp.dossier.v1", b"one")
        file = Path(env["HUB_KAFKA_PASSWORD_FILE"])
        set_password(secured, "turning", "another", file)
        secured.stop()  # connections that are open end
        secured.start()
        produce(log, "lgsp.dossier.v1", b"two")
        after = log.ends("lgsp.dossier.v1")
        assert sum(after.values()) == sum(before.values()) + 2
        file.write_text("wrong")
        with pytest.raises(LogUnavailableError, match="Kafka does not let turning in"):
            produce(log, "lgsp.dossier.v1", b"three")
    finally:
        log.close()


def test_a_certificate_is_a_user_too(
    secured: SecuredKafka, operator: dict[str, str], store: Store, tmp_path: Path
) -> None:
    assert hub("topics", "apply", env=operator).returncode == 0
    certificate, key = secured.authority.issue("machine")
    env = {
        "HUB_KAFKA_BOOTSTRAP": secured.machines,
        "HUB_KAFKA_CA": str(secured.authority.file),
        "HUB_KAFKA_CERTIFICATE": str(certificate),
        "HUB_KAFKA_KEY": str(key),
    }
    log = open_log(store, env)
    try:
        with pytest.raises(LogUnavailableError, match=r"may not write lgsp\.dossier\.v1"):
            produce(log, "lgsp.dossier.v1", b"one")
        given = ("topics", "rights", "serve", "--user", "CN=machine", "--apply")
        assert hub(*given, env=operator).returncode == 0
        until(lambda: may_produce(log), "the right is known to the broker")
    finally:
        log.close()


def may_produce(log: KafkaLog) -> bool:
    try:
        produce(log, "lgsp.dossier.v1", b"two")
    except LogUnavailableError:
        return False
    return True


def test_who_has_rights_beyond_its_need_loses_them(
    secured: SecuredKafka, operator: dict[str, str]
) -> None:
    topics = Topics(secured.address)
    try:
        grant(topics, "greedy", [Right("topic", "lgsp.kpi.v1", "WRITE")])
    finally:
        topics.close()
    asked = ("topics", "rights", "connect salinity", "--user", "greedy")
    plan = hub(*asked, env=operator)
    assert plan.returncode == 1
    assert "revoke  greedy  WRITE topic lgsp.kpi.v1" in plan.stdout
    assert hub(*asked, "--apply", env=operator).returncode == 0
    assert hub(*asked, env=operator).stdout == "nothing to do\n"
    unknown = hub("topics", "rights", "connect nobody", "--user", "greedy", env=operator)
    assert unknown.returncode == 2
    assert "connect salinity" in unknown.stderr


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"HUB_KAFKA_USER": "a"}, "HUB_KAFKA_PASSWORD_FILE"),
        ({"HUB_KAFKA_USER": "a", "HUB_KAFKA_PASSWORD_FILE": "/p"}, "HUB_KAFKA_CA"),
        ({"HUB_KAFKA_CERTIFICATE": "/c"}, "HUB_KAFKA_KEY"),
    ],
)
def test_half_of_what_shows_who_comes_is_refused(
    given: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=named):
        read_settings()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"HUB_KAFKA_CA=.*none\.pem"):
        Credentials(tmp_path / "none.pem").for_python()
    (tmp_path / "none.pem").write_text("no certificate")
    with pytest.raises(SettingsError, match="PEM"):
        Credentials(tmp_path / "none.pem").for_python()


def test_a_connector_is_slowed_and_the_gateway_is_not(
    secured: SecuredKafka, operator: dict[str, str], store: Store, tmp_path: Path
) -> None:
    assert hub("topics", "apply", env=operator).returncode == 0
    env = as_user(secured, "hasty", tmp_path)
    given = ("topics", "rights", "connect payments", "--user", "hasty", "--apply")
    assert hub(*given, env=operator).returncode == 0
    asked = ("topics", "limits", "connect payments", "--user", "hasty")
    before = hub(*asked, env=operator)
    assert before.returncode == 1, before.stderr
    assert "hasty  producer_byte_rate  none -> 4,194,304\n" in before.stdout
    assert hub(*asked, "--apply", env=operator).returncode == 0
    assert hub(*asked, env=operator).stdout == "nothing to do\n"
    # The gateway's alone: what only a connector is limited in is taken.
    gateway = hub("topics", "limits", "serve", "--user", "hasty", env=operator)
    assert "hasty  request_percentage  50 -> none\n" in gateway.stdout
    topics = Topics(secured.address)
    log = open_log(store, env)
    try:
        until(lambda: may_produce_payment(log), "the right is known to the broker")
        free = seconds_to_write(log)
        rates.limit(topics, "hasty", {rates.WRITE: SLOW_BYTES})
        assert rates.in_force(topics, "hasty") == {rates.WRITE: SLOW_BYTES}
        until(lambda: seconds_to_write(log) > SLOW_SECONDS_MIN, f"it waits, not {free:.1f} s")
        # It lost nothing by that, and with its limit gone it waits no longer.
        rates.limit(topics, "hasty", {})
        assert rates.in_force(topics, "hasty") == {}
    finally:
        log.close()
        topics.close()


SLOW_BYTES = 50_000.0  # a second
WRITTEN_BYTES, TIMES = 40_000, 5
SLOW_SECONDS_MIN = 2.0  # of the three that so much takes once the first second's worth is used up


def seconds_to_write(log: KafkaLog) -> float:
    """Write four seconds' worth, which no compression shortens; give how long it took."""
    begun = time.monotonic()
    for _ in range(TIMES):
        produce(log, "lgsp.payment.v1", os.urandom(WRITTEN_BYTES))
    return time.monotonic() - begun


def may_produce_payment(log: KafkaLog) -> bool:
    try:
        produce(log, "lgsp.payment.v1", b"one")
    except LogUnavailableError:
        return False
    return True
