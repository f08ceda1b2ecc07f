"""A lost log is made again from its archive: all of it, or nothing, and what is wrong is named."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from hub import registry
from hub.access.keys import Sender
from hub.archive import beside, writing
from hub.archive.manifest import MANIFEST, ArchiveError, lines, read_manifest
from hub.archive.restoring import UnknownTopicError, plan
from hub.cli import app
from hub.log.log import Acknowledgement, Submission
from hub.log.refill import NotEmptyError, WrongProfileError
from hub.log.slices import Origin, slice_of_one
from hub.log.sqlite import SqliteLog
from hub.opening import OpenHub, open_hub
from hub.proof.verify import verify
from hub.repair.following import follow
from hub.settings import Settings
from hub.store.adopting import OtherLogError
from stream_jobs.worked import dossier, paid, received, salinity
from tests.parts.asking import close_period
from tests.parts.same import digests
from tests.parts.small import NOW, Json, in_this_process
from tests.unit.log.test_sqlite import AT

DOSSIER = registry.contracts()["dossier"]
SENDER = Sender("so-tu-phap")
TABLES = ("batch", "receipt")


def send(hub: OpenHub, name: str, items: list[Json], key: str | None = None) -> Json:
    """Send items as a department does, and apply them."""
    gateway = hub.gateway()
    body = json.dumps(items).encode()
    answer = gateway.accept(registry.contracts()[name], SENDER, body, idempotency_key=key)
    gateway.close()
    hub.runner.catch_up()
    return answer.body


def fill(hub: OpenHub) -> None:
    for i in range(8):
        events = [received(f"D{i}{j}", "2023-05-05") for j in range(6)]
        events += [dossier(f"D{i}{j}", "resolved", "2023-05-09") for j in range(0, 6, 2)]
        send(hub, "dossier", [*events, {"kind": "pigeon"}], key=f"key-{i}")
    send(hub, "dossier", [received("D00", "2023-05-05")])  # a repeat
    send(hub, "reading", [salinity("ST01", "2023-05-05T05:00", 4.2)])
    send(hub, "payment", [paid("cashless", "2023-05", customers=1, amount=10)])
    hub.log.set_checkpoints({"one_stop:live": "7"})
    close_period(hub, "2023-05")
    send(hub, "dossier", [received("LATE", "2023-05-20"), dossier("D00", "returned", "2023-05-30")])


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a hub and its archive, to be copied."""
    folder = tmp_path_factory.mktemp("filled")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(writing, "FILE_RECORDS", 10)
        patched.delenv("HUB_ARCHIVE_DIR", raising=False)
        with open_hub(Settings(data_dir=folder / "lost")) as hub:
            fill(hub)
            archive(hub, folder)
    return folder


@pytest.fixture
def lost(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenHub]:
    """A hub whose log is archived, in files of ten records, and will be lost."""
    monkeypatch.setattr(writing, "FILE_RECORDS", 10)
    monkeypatch.delenv("HUB_ARCHIVE_DIR", raising=False)
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    with open_hub(Settings(data_dir=tmp_path / "lost")) as hub:
        yield hub


def archive(hub: OpenHub, tmp_path: Path) -> dict[str, int]:
    return writing.archive(hub.log, hub.store, tmp_path / "archive")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """Run a command on a folder; give its exit code and what it wrote."""

    def command(folder: Path, *words: str, **env: str) -> tuple[int, str]:
        monkeypatch.setenv("HUB_DATA_DIR", str(folder))
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        with in_this_process():
            done = CliRunner().invoke(app, [*words])
        for name in env:
            monkeypatch.delenv(name)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            return 2, f"{type(done.exception).__name__} {done.exception}"
        return done.exit_code, done.output

    return command


def log_rows(folder: Path) -> dict[str, list[Any]]:
    """Read the log's rows, to the last byte."""
    connection = sqlite3.connect(folder / "log.sqlite3")
    try:
        return {
            t: connection.execute(f"SELECT * FROM {t} ORDER BY 1, 2").fetchall() for t in TABLES
        }
    finally:
        connection.close()


def said(hub: OpenHub) -> dict[str, Any]:
    """Say what people see: digests of tables, what became of each receipt, closed figures."""
    out: dict[str, Any] = dict(digests(hub.store, of_one_log=True))
    with hub.store.reading() as reading:
        for receipt in hub.log.receipts():
            kept = hub.log.receipt(receipt.id)
            assert kept is not None
            if kept.contract in hub.contracts:
                out[receipt.id] = follow(
                    hub.log, reading, hub.seals().opener(), receipt.id, kept, 0
                )
        out["cut"] = reading.cut()
    return out


def no_differences(hub: OpenHub) -> None:
    with in_this_process():
        findings = verify(hub.log, hub.store, hub.installed)
    assert (findings.differences, findings.read > 0) == ([], True)


def test_everything_is_there_again(lost: OpenHub, tmp_path: Path, run: Any) -> None:
    code, written = run(tmp_path / "new", "restore", str(tmp_path / "archive"))
    assert code == 0, written
    assert log_rows(tmp_path / "new") == log_rows(tmp_path / "lost")
    with open_hub(Settings(data_dir=tmp_path / "new")) as hub:
        assert hub.log.identity(DOSSIER.topic) != lost.log.identity(DOSSIER.topic)
        assert said(hub) == said(lost)
        assert hub.log.checkpoint("one_stop:live") == "7"
        # Closed periods are computed again at cuts that name the older log.
        no_differences(hub)
        again = send(hub, "dossier", [received("D00", "2023-05-05")], key="key-other")
        assert (again["accepted"], again["duplicates"]) == (1, 0)  # the counts are of a body
        with pytest.raises(Exception, match="key-3"):
            send(hub, "dossier", [received("D00", "2023-05-05")], key="key-3")
    assert run(tmp_path / "new", "verify")[0] == 0
    assert run(tmp_path / "new", "rebuild")[0] == 0


def test_without_any_one_file_nothing_is_restored_and_it_is_named(
    lost: OpenHub, tmp_path: Path, run: Any
) -> None:
    paths = sorted((tmp_path / "archive").rglob("*.avro"))
    assert len(paths) > 10
    for number, path in enumerate(paths):
        raw = path.read_bytes()
        if number % 2:
            path.unlink()
        else:
            path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
        code, written = run(tmp_path / "new", "restore", str(tmp_path / "archive"))
        assert code == 1, written
        assert f"{path} is {'missing' if number % 2 else 'damaged'}" in written.replace("\n", "")
        assert not (tmp_path / "new" / "log.sqlite3").exists()
        path.write_bytes(raw)
    manifest = tmp_path / "archive" / MANIFEST
    good = lines(tmp_path / "archive")[0]
    for changed in ([], good[:-1], good[1:], [*good[:3], *good[4:]]):
        manifest.write_bytes(b"".join(changed))
        assert run(tmp_path / "new", "restore", str(tmp_path / "archive"))[0] == 1
    manifest.write_bytes(b"".join(good))
    assert run(tmp_path / "new", "restore", str(tmp_path / "archive"))[0] == 0


def test_a_topic_without_its_contract_is_not_left_out(lost: OpenHub, tmp_path: Path) -> None:
    others = [c.topic for c in lost.store.definitions.applied.values() if c is not DOSSIER]
    with pytest.raises(UnknownTopicError, match=f"holds the topic {DOSSIER.topic}"):
        plan(tmp_path / "archive", others)


def test_what_breaks_while_it_is_read_leaves_an_empty_log(
    lost: OpenHub, tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(*_: object) -> None:
        raise ArchiveError("torn")

    with monkeypatch.context() as patched:
        patched.setattr("hub.archive.restoring.read_checkpoints", torn)
        assert run(tmp_path / "new", "restore", str(tmp_path / "archive"))[0] == 1
    assert log_rows(tmp_path / "new") == {"batch": [], "receipt": []}
    assert run(tmp_path / "new", "restore", str(tmp_path / "archive"))[0] == 0


def test_it_is_restored_into_an_empty_place_only(lost: OpenHub, tmp_path: Path, run: Any) -> None:
    before = log_rows(tmp_path / "lost")
    code, written = run(tmp_path / "lost", "restore", str(tmp_path / "archive"))
    assert (code, "holds events" in written, "giữ sự kiện" in written) == (2, True, True)
    assert log_rows(tmp_path / "lost") == before
    assert run(tmp_path / "new", "restore", str(tmp_path / "nowhere"))[0] == 2
    # A store that counts another hub's events is no place for these.
    shutil.copytree(tmp_path / "lost", tmp_path / "other")
    (tmp_path / "other" / "log.sqlite3").unlink()
    with sqlite3.connect(tmp_path / "other" / "store.sqlite3") as store:
        store.execute("UPDATE position SET log = 'another'")
    store.close()
    code, written = run(tmp_path / "other", "restore", str(tmp_path / "archive"))
    assert (code, OtherLogError.__name__ in written) == (2, True), written
    assert log_rows(tmp_path / "other") == {"batch": [], "receipt": []}


def history(folder: Path) -> list[Any]:
    connection = sqlite3.connect(folder / "store.sqlite3")
    query = "SELECT topic, partition, next_offset, at FROM cut ORDER BY 4, 1, 2, 3"
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def copy_of(path: Path, to: Path) -> None:
    """Copy a database that is in use into a folder."""
    to.mkdir(exist_ok=True)
    source, copy = sqlite3.connect(path), sqlite3.connect(to / path.name)
    source.backup(copy)
    source.close()
    copy.close()


def backup(folder: Path, to: Path) -> None:
    copy_of(folder / "store.sqlite3", to)


def test_a_backup_of_the_store_goes_on_under_the_new_log(
    lost: OpenHub, tmp_path: Path, run: Any
) -> None:
    backup(tmp_path / "lost", tmp_path / "new")
    send(lost, "dossier", [received("AFTER", "2023-06-20")])
    archive(lost, tmp_path)
    known = history(tmp_path / "new")
    code, written = run(tmp_path / "new", "restore", str(tmp_path / "archive"))
    assert (code, "\n1 events applied" in written) == (0, True), written
    assert history(tmp_path / "new")[: len(known)] == known
    with open_hub(Settings(data_dir=tmp_path / "new")) as hub:
        assert said(hub) == said(lost)
        no_differences(hub)


def test_a_backup_that_is_ahead_of_the_archive_is_counted_anew(
    lost: OpenHub, tmp_path: Path, run: Any
) -> None:
    known = said(lost)
    send(lost, "dossier", [received("AFTER", "2023-06-20")])
    backup(tmp_path / "lost", tmp_path / "new")
    code, written = run(tmp_path / "new", "restore", str(tmp_path / "archive"))
    assert (code, "counted anew" in written) == (0, True), written
    with open_hub(Settings(data_dir=tmp_path / "new")) as hub:
        assert said(hub) == known
        no_differences(hub)
    # Copied back after the log was restored, it is not taken for the log's own.
    backup(tmp_path / "lost", tmp_path / "later")
    shutil.copy(tmp_path / "new" / "log.sqlite3", tmp_path / "later")
    assert run(tmp_path / "later", "kpi")[0] == 2
    assert run(tmp_path / "later", "rebuild", "--replace")[0] == 0
    assert run(tmp_path / "later", "verify")[0] == 0


def test_a_restored_hub_goes_on_in_the_same_archive_and_is_restored_again(
    lost: OpenHub, tmp_path: Path, run: Any
) -> None:
    folder = tmp_path / "archive"
    assert run(tmp_path / "new", "restore", str(folder))[0] == 0
    settings = Settings(data_dir=tmp_path / "new", archive_dir=folder)
    with open_hub(settings) as hub:
        files = len(read_manifest(folder).entries)
        assert set(archive(hub, tmp_path).values()) == {0}
        assert len(read_manifest(folder).entries) == files
        close_period(hub, "2023-06")
        send(hub, "dossier", [received("MORE", "2023-06-20")])
        assert archive(hub, tmp_path)[DOSSIER.topic] == 1
        assert writing.check(hub.log, hub.store, folder) == []
        no_differences(hub)
        known = said(hub)
        # The log may forget what the archive has from before it was restored.
        connection = sqlite3.connect(tmp_path / "new" / "log.sqlite3")
        with connection:
            connection.execute("DELETE FROM batch WHERE base_offset < 20")
        connection.close()
        no_differences(hub)
    shutil.copytree(folder, tmp_path / "copy")
    assert run(tmp_path / "third", "restore", str(tmp_path / "copy"))[0] == 0
    with open_hub(Settings(data_dir=tmp_path / "third")) as hub:
        assert said(hub) == known
        no_differences(hub)
        # Into another folder all is archived from the start.
        counts = writing.archive(hub.log, hub.store, tmp_path / "fresh")
        assert sum(counts.values()) > 80
        assert writing.check(hub.log, hub.store, tmp_path / "fresh") == []
    assert run(tmp_path / "fourth", "restore", str(tmp_path / "fresh"))[0] == 0
    with open_hub(Settings(data_dir=tmp_path / "fourth")) as hub:
        assert said(hub) == known
        no_differences(hub)


def test_an_older_copy_of_the_archive_is_filled_up(lost: OpenHub, tmp_path: Path, run: Any) -> None:
    shutil.copytree(tmp_path / "archive", tmp_path / "older")
    send(lost, "dossier", [received("AFTER", "2023-06-20")])
    archive(lost, tmp_path)
    assert run(tmp_path / "new", "restore", str(tmp_path / "archive"))[0] == 0
    with open_hub(Settings(data_dir=tmp_path / "new", archive_dir=tmp_path / "older")) as hub:
        counts = writing.archive(hub.log, hub.store, tmp_path / "older")
        assert counts[DOSSIER.topic] == hub.log.ends(DOSSIER.topic)[0]
        assert writing.check(hub.log, hub.store, tmp_path / "older") == []
        no_differences(hub)
    assert run(tmp_path / "third", "restore", str(tmp_path / "older"))[0] == 0
    with open_hub(Settings(data_dir=tmp_path / "third")) as hub:
        assert said(hub) == said(lost)
        no_differences(hub)


def test_checkpoints_come_back_only_with_all_that_they_speak_of(
    lost: OpenHub, tmp_path: Path, run: Any
) -> None:
    gateway = lost.gateway()
    gateway.accept(DOSSIER, SENDER, json.dumps([received("WAITS", "2023-06-20")]).encode())
    gateway.close()
    lost.log.set_checkpoints({"one_stop:live": "8"})
    assert archive(lost, tmp_path)["checkpoints"] == 1  # not applied, so not archived yet
    assert run(tmp_path / "early", "restore", str(tmp_path / "archive"))[0] == 0
    lost.runner.catch_up()
    assert archive(lost, tmp_path)[DOSSIER.topic] == 1
    assert run(tmp_path / "late", "restore", str(tmp_path / "archive"))[0] == 0
    for folder, value in (("early", "7"), ("late", "8")):
        with open_hub(Settings(data_dir=tmp_path / folder)) as hub:
            assert hub.log.checkpoint("one_stop:live") == value


def test_a_receipt_that_comes_after_its_records_is_archived_later(
    lost: OpenHub, tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a gateway on Kafka keeps receipts when all replicas have the records."""
    late = send(lost, "dossier", [received("ONE", "2023-06-20")])["receipt"]
    whole = SqliteLog.acknowledgements

    def without_late(log: SqliteLog, names: Sequence[str]) -> list[Acknowledgement]:
        return [k for k in whole(log, names) if k.id != late]

    with monkeypatch.context() as patched:
        patched.setattr(SqliteLog, "acknowledgements", without_late)
        assert archive(lost, tmp_path)["receipts"] == 0
        send(lost, "dossier", [received("TWO", "2023-06-20")])
        assert archive(lost, tmp_path)["receipts"] == 1
        # Nothing names it any more but the manifest.
        assert archive(lost, tmp_path)["receipts"] == 0
    monkeypatch.setattr(beside, "AT_ONCE", 1)
    send(lost, "dossier", [received("THREE", "2023-06-20")])
    assert archive(lost, tmp_path)["receipts"] == 2
    assert archive(lost, tmp_path)["receipts"] == 0
    assert run(tmp_path / "new", "restore", str(tmp_path / "archive"))[0] == 0
    assert log_rows(tmp_path / "new") == log_rows(tmp_path / "lost")


def test_an_idempotency_key_that_was_used_again_is_the_latest_receipts(
    tmp_path: Path, run: Any
) -> None:
    now = [NOW]
    with open_hub(Settings(data_dir=tmp_path / "lost"), lambda: now[0]) as hub:
        first = send(hub, "dossier", [received("A", "2023-05-05")], key="again")
        archive(hub, tmp_path)
        now[0] += timedelta(days=8)
        second = send(hub, "dossier", [received("B", "2023-05-05")], key="again")
        archive(hub, tmp_path)
        assert first["receipt"] != second["receipt"]
    assert run(tmp_path / "new", "restore", str(tmp_path / "archive"))[0] == 0
    assert log_rows(tmp_path / "new") == log_rows(tmp_path / "lost")
    keys = {row[0]: row[6] for row in log_rows(tmp_path / "new")["receipt"]}
    assert keys == {first["receipt"]: None, second["receipt"]: "again"}


def test_an_archive_of_another_log_is_not_taken_for_this_ones(
    lost: OpenHub, tmp_path: Path, run: Any
) -> None:
    """It was read as nothing: 44,026 archived records were rebuilt as 0 events, 0 differences."""
    env = {"HUB_ARCHIVE_DIR": str(tmp_path / "archive")}
    expected = {"rebuild": 2, "verify": 2, "archive": 2, "archive --check": 1,
                "rebuild --replace": 2, "kpi": 2}  # fmt: skip
    for command, code in expected.items():
        found, written = run(tmp_path / "new", *command.split(), **env)
        assert (found, "hub restore" in written) == (code, True), (command, written)
    assert run(tmp_path / "new", "restore", str(tmp_path / "archive"), **env)[0] == 0
    for command in expected:
        assert run(tmp_path / "new", *command.split(), **env)[0] == 0, command
    # The log alone was lost, and a new one begun under the tables of the old.
    (tmp_path / "new" / "log.sqlite3").unlink()
    for command in ("rebuild", "verify", "kpi"):
        found, written = run(tmp_path / "new", command)
        assert (found, OtherLogError.__name__ in written) == (2, True), (command, written)
    assert run(tmp_path / "new", "rebuild", "--replace")[0] == 1  # nothing is in it


def test_an_older_copy_of_the_log_is_not_taken_for_the_log(
    lost: OpenHub, tmp_path: Path, run: Any
) -> None:
    """What came next would get offsets that count as applied, and would never be."""
    copy_of(tmp_path / "lost" / "log.sqlite3", tmp_path / "new")
    send(lost, "dossier", [received("AFTER", "2023-06-20")])
    copy_of(tmp_path / "lost" / "store.sqlite3", tmp_path / "new")
    for command in ("kpi", "verify", "rebuild"):
        code, written = run(tmp_path / "new", command)
        assert (code, "applied further" in written) == (2, True), (command, written)
    assert run(tmp_path / "new", "rebuild", "--replace")[0] == 0
    assert run(tmp_path / "new", "verify")[0] == 0


def test_what_read_nothing_proves_nothing(tmp_path: Path, run: Any) -> None:
    env = {"HUB_ARCHIVE_DIR": str(tmp_path / "archive")}
    (tmp_path / "empty").mkdir()
    for command in ("verify", "rebuild", "rebuild --replace"):
        code, written = run(tmp_path / "empty", *command.split())
        assert (code, "nothing was read" in written) == (1, True), (command, written)
    code, written = run(tmp_path / "empty", "archive", "--check", **env)
    assert (code, "holds nothing" in written) == (1, True), written


def test_an_archive_of_the_other_profile_is_refused(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite3")
    origin = Origin("s", AT, "r")
    for partition in (0, 1):
        one = slice_of_one(DOSSIER.topic, (partition, 0), origin, 1, (b"x", np.array([1])))
        if not partition:
            one = one.between(0, 1)
            object.__setattr__(one, "is_admitted", False)
        with pytest.raises(WrongProfileError, match="HUB_KAFKA_BOOTSTRAP"), log.refilling() as into:
            into.put(one)
    assert log.is_empty
    log.append([Submission("a", "s", "dossier", AT, 0, 0, [])])
    with pytest.raises(NotEmptyError), log.refilling():
        pass
    log.close()
