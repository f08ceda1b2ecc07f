"""A lost log in Kafka made again from its archive, with PostgreSQL lost too, or from a backup."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.services.kafka import Kafka
from deploy.local.services.postgres import Postgres
from hub import registry
from hub.archive import writing
from hub.archive.manifest import read_manifest
from hub.log.log import Acknowledgement, Log
from hub.opening import open_hub
from hub.proof.verify import verify
from tests.integration.archive.test_archive import fill, whole
from tests.integration.conftest import bare_schema, delete_topics
from tests.laws.test_archive import records
from tests.parts.province import DOSSIER, Province
from tests.parts.same import digests
from tests.parts.small import in_this_process

TOPIC = DOSSIER.topic


def receipts(log: Log) -> list[Acknowledgement]:
    return log.acknowledgements([r.id for r in log.receipts()])


def test_topics_get_every_record_back_at_its_offset(
    province: Province, kafka: Kafka, postgres: Postgres, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(writing, "FILE_RECORDS", 30)
    folder = tmp_path / "archive"
    fill(province, 0, 60)
    with open_hub(province.settings) as hub:
        hub.log.set_checkpoints({"one_stop:live": "7"})
        writing.archive(hub.log, hub.store, folder)
        before = {p: records(s) for p, s in whole(hub.log).items()}
        ends = {c.topic: hub.log.ends(c.topic) for c in hub.store.definitions.applied.values()}
        figures, kept = digests(hub.store, of_one_log=True), receipts(hub.log)
        identity = hub.log.identity(TOPIC)
    assert {r[2] for s in before.values() for r in s} > {"not_wire_format", "no_value"}
    assert len(kept) == 1
    refused = province.served.run("restore", str(folder))
    assert (refused.returncode, "holds records" in refused.stderr) == (2, True), refused.stderr
    delete_topics(kafka)

    empty = province.settings.model_copy(update={"database_url": bare_schema(postgres)})
    province.served.env["HUB_DATABASE_URL"] = empty.database_url
    done = province.served.run("restore", str(folder), "--partitions", "3")
    assert done.returncode == 0, done.stdout + done.stderr
    with open_hub(empty) as hub:
        assert hub.log.identity(TOPIC) != identity
        assert {p: records(s) for p, s in whole(hub.log).items()} == before
        assert {t: hub.log.ends(t) for t in ends} == ends
        assert digests(hub.store, of_one_log=True) == figures
        assert receipts(hub.log) == kept
        assert hub.log.checkpoint("one_stop:live") == "7"
        with in_this_process():
            assert verify(hub.log, hub.store, registry.installed()).differences == []
        # Only what comes from now on is archived of the new log, and both are one archive.
        files = len(read_manifest(folder).entries)
        writing.archive(hub.log, hub.store, folder)
        assert len(read_manifest(folder).entries) == files
        assert writing.check(hub.log, hub.store, folder) == []


def test_a_backup_of_the_database_goes_on_and_says_what_is_lost(
    province: Province, kafka: Kafka, tmp_path: Path, new_topics: Callable[[int], None]
) -> None:
    folder = tmp_path / "archive"
    fill(province, 0, 20)
    with open_hub(province.settings) as hub:
        writing.archive(hub.log, hub.store, folder)
        (kept,) = receipts(hub.log)
        cuts = province.rows("SELECT topic, partition, next_offset, at FROM cut ORDER BY 1, 2, 3")
        figures = digests(hub.store, of_one_log=True)
    new_topics(3)
    done = province.served.run("restore", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 events applied" in done.stdout
    assert (
        province.rows("SELECT topic, partition, next_offset, at FROM cut ORDER BY 1, 2, 3") == cuts
    )
    # More came, and was applied and acknowledged, after the archive: it is lost, and said to be.
    fill(province, 20, 30)
    new_topics(3)
    done = province.served.run("restore", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("lost: receipt") == 1
    assert "counted anew" in done.stderr
    with open_hub(province.settings) as hub:
        assert receipts(hub.log) == [replace(kept)]
        assert digests(hub.store, of_one_log=True) == figures
        with in_this_process():
            assert verify(hub.log, hub.store, registry.installed()).differences == []
