"""The archive: what goes in comes out to the bit, each once, wherever the power is cut."""

import io
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pytest

from hub import registry
from hub.archive import files, writing
from hub.archive.log import Archive, ArchivedLog
from hub.archive.manifest import MANIFEST, ArchiveError, lines
from hub.locks import AlreadyRunningError, held
from hub.log.log import NotInLogError
from hub.log.slices import Origin, Refused, Slice
from hub.proof.verify import verify
from stream_jobs.worked import dossier, received, salinity
from tests.parts import lists
from tests.parts.small import Prepared, Sent, Small, in_this_process

DOSSIER = registry.contracts()["dossier"]
READING = registry.contracts()["reading"]
TOPIC = DOSSIER.topic
STEPS = ("_write", "_rename", "_append")
Record = tuple[int, Origin, int | str, bytes]


def records(slices: Sequence[Slice]) -> list[Record]:
    """Give each record with all that is known of it, in the order of the log."""
    out: list[Record] = []
    for one in slices:
        columns = (one.offsets.tolist(), one.origin.tolist(), one.schema_ids.tolist())
        for offset, origin, schema_id, datum in zip(*columns, one.datums(), strict=True):
            out.append((offset, one.origins[origin], schema_id, datum))
        out += [(r.offset, r.origin, r.rule, r.value) for r in one.refused]
    return sorted(out, key=lambda r: r[0])


def whole(log: Any, topic: str = TOPIC, events_max: int = 100_000) -> list[Slice]:
    """Read a topic from its start, so many at a time; slices must follow on each other."""
    out: list[Slice] = []
    at, end = 0, log.ends(topic)[0]
    while at < end:
        found = log.read(topic, at, events_max=events_max)
        for one in found:
            assert one.first == at
            at = one.following
        out += found
    assert at == end
    return out


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Small]:
    """A log of sixteen dossier batches and some readings, applied; files hold ten records."""
    monkeypatch.setattr(writing, "FILE_RECORDS", 10)
    with FILLED.open(tmp_path / "small") as opened:
        yield opened


def fill(small: Small, first: int, following: int) -> None:
    for i in range(first, following):
        events = [received(f"D{i:03}", "2023-05-05"), dossier(f"D{i:03}", "resolved", "2023-05-09")]
        events += [received(f"E{i:03}", "2023-05-06")] * (i % 3)
        small.append(DOSSIER, [Sent(f"s{i % 2}", 20_400 + i, e) for e in events])
    small.append(READING, [Sent("s", 20_400, salinity("ST01", "2023-05-05T05:00", 4.2))])
    for contract in (DOSSIER, READING):
        small.apply(contract, 4)


FILLED = Prepared(lambda small: fill(small, 0, 16))


def forget(small: Small, before: int) -> None:
    """Let the log forget the dossier batches before an offset, as Kafka's retention does."""
    connection = sqlite3.connect(small._folder / "log.sqlite3")
    with connection:
        connection.execute("DELETE FROM batch WHERE topic = ? AND base_offset < ?", (TOPIC, before))
    connection.close()


def archived(small: Small, folder: Path) -> ArchivedLog:
    return ArchivedLog(small.log, Archive(folder))


def a_slice() -> Slice:
    """A slice with gaps, several origins and revisions, and records that were refused."""
    origins = [
        Origin("", 0, ""),
        Origin("sở tư pháp", 1_700_000_000_000_001, "r-1"),
        Origin("/hub", 2**52, "x" * 128),
        Origin("", 0, ""),
    ]
    datums = [b"", b"\x00", b"datum", "ạ".encode(), bytes(range(256)) * 3]
    return Slice(
        topic=TOPIC,
        partition=7,
        first=90,
        following=200,
        offsets=np.array([100, 101, 150, 151, 190]),
        schema_ids=np.array([1, 2, 1, 300_000, 2**31]),
        origins=origins,
        origin=np.array([1, 1, 0, 2, 1]),
        payload=b"".join(datums),
        ends=np.cumsum([len(d) for d in datums]),
        refused=(
            Refused(95, origins[1], "no_value", b""),
            Refused(160, origins[3], "not_wire_format", b"\xff\x00junk"),
        ),
    )


def test_a_slice_comes_back_with_its_gaps_origins_and_refused_records() -> None:
    one = a_slice()
    frame = files.frame_of([one])
    raw = files.encode(frame, {"topic": TOPIC})
    assert raw == files.encode(frame, {"topic": TOPIC})
    again = files.slice_of(files.decode(raw, one.count), TOPIC, 7, (90, 200), is_admitted=False)
    assert records([again]) == records([one])
    assert (again.first, again.following, again.topic, again.partition) == (90, 200, TOPIC, 7)
    assert again.is_admitted is False
    # Without records, as where a transaction was aborted, there is still a file.
    empty = files.encode(files.frame_of([one.between(102, 150)]), {})
    assert len(files.decode(empty, 0)) == 0


def test_any_avro_tool_reads_a_file() -> None:
    one = a_slice()
    raw = files.encode(files.frame_of([one]), {"topic": TOPIC, "first": "90"})
    reader: Any = fastavro.reader(io.BytesIO(raw))
    found = [
        (r["offset"], Origin(r["sender"], r["accepted_at"], r["receipt"]),
         r["rule"] or r["schema_id"], r["value"])
        for r in reader
    ]  # fmt: skip
    assert found == records([one])
    assert reader.metadata["avro.codec"] == "deflate"
    assert (reader.metadata["lgsp.topic"], reader.metadata["lgsp.first"]) == (TOPIC, "90")


@pytest.mark.parametrize("bytes_max", [1, 4, 6, 700, 10_000])
def test_a_slice_is_cut_into_parts_that_are_no_larger(bytes_max: int) -> None:
    one = a_slice()
    found = files.parts(one, bytes_max)
    assert [p.first for p in found] == [90, *(p.following for p in found[:-1])]
    assert found[-1].following == 200
    assert records(found) == records([one])
    assert all(len(p.payload) <= bytes_max or np.diff(p.ends, prepend=0).max() > bytes_max
               for p in found)  # fmt: skip


def test_a_log_is_read_from_the_archive_as_from_itself(filled: Small, tmp_path: Path) -> None:
    before = records(whole(filled.log))
    counts = writing.archive(filled.log, filled.store, tmp_path / "archive")
    assert counts[TOPIC] == len(before) == filled.log.ends(TOPIC)[0]
    assert counts[READING.topic] == 1
    log = archived(filled, tmp_path / "archive")
    assert writing.check(log, filled.store, tmp_path / "archive") == []
    forget(filled, 30)
    for events_max in (1, 7, 25, 100_000):
        found = whole(log, events_max=events_max)
        assert records(found) == before
        assert all(s.is_admitted for s in found)
    assert log.begins(TOPIC) == {0: 0}
    with in_this_process():
        assert verify(log, filled.store, lists.installed()).differences == []
    # Nothing is applied that is not there already, so that nothing is archived twice.
    again = writing.archive(log, filled.store, tmp_path / "archive")
    assert set(again.values()) == {0}


def test_reading_goes_on_over_the_border_of_archive_and_log(filled: Small, tmp_path: Path) -> None:
    writing.archive(filled.log, filled.store, tmp_path / "archive")
    border = filled.log.ends(TOPIC)[0]
    fill(filled, 16, 20)
    forget(filled, border)
    log = archived(filled, tmp_path / "archive")
    found = whole(log)
    assert border in [s.first for s in found]
    assert len(records(found)) == log.ends(TOPIC)[0] > border
    with in_this_process():
        assert verify(log, filled.store, lists.installed()).differences == []
    # What another process archives meanwhile is seen by who has the log open.
    writing.archive(filled.log, filled.store, tmp_path / "archive")
    forget(filled, filled.log.read(TOPIC, border)[-1].first)
    assert records(whole(log)) == records(found)


def test_without_the_archive_what_the_log_forgot_is_an_error_that_names_it(
    filled: Small, tmp_path: Path
) -> None:
    forget(filled, 10)
    begin, end = filled.log.begins(TOPIC)[0], filled.log.ends(TOPIC)[0]
    said = f"{TOPIC}/0 cannot be read from offset 0: the log holds {begin} to {end} only"
    for until in (None, 5):
        with pytest.raises(NotInLogError, match=said) as raised:
            filled.log.read(TOPIC, 0, until=until)
        assert "HUB_ARCHIVE_DIR" in str(raised.value)
    folder = tmp_path / "archive"
    with pytest.raises(NotInLogError, match=f"the archive in {folder} ends at 0"):
        archived(filled, folder).read(TOPIC, 0)
    with pytest.raises(NotInLogError, match=said):
        writing.archive(filled.log, filled.store, folder)
    with in_this_process(), pytest.raises(NotInLogError, match=said):
        verify(filled.log, filled.store, lists.installed())
    differences = writing.check(filled.log, filled.store, folder)
    assert differences == [
        f"{TOPIC}/0: the archive ends at 0 and the log begins at {begin}: what is between is in"
        " neither"
    ]


def test_what_is_not_applied_is_not_archived(filled: Small, tmp_path: Path) -> None:
    applied = filled.log.ends(TOPIC)[0]
    filled.append(DOSSIER, [Sent("s", 20_500, received("F", "2023-06-01"))])
    writing.archive(filled.log, filled.store, tmp_path / "archive")
    place = (filled.log.identity(TOPIC), TOPIC, 0)
    assert Archive(tmp_path / "archive").end(place) == applied < filled.log.ends(TOPIC)[0]


class PowerCutError(BaseException):
    """Nothing may catch it."""


class Steps:
    """Numbers the steps in which files are written; at one of them the power is cut."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.called: list[str] = []
        self.cut_at: tuple[int, str] | None = None
        for name in STEPS:
            monkeypatch.setattr(writing, name, self._wrapped(getattr(writing, name), name))

    def _wrapped(self, call: Callable[..., None], name: str) -> Callable[..., None]:
        def wrapped(path: Path, given: Any) -> None:
            at = len(self.called)
            self.called.append(name)
            if self.cut_at == (at, "before"):
                raise PowerCutError
            if self.cut_at == (at, "amid"):
                if name != "_rename":  # a name is changed or it is not
                    call(path, given[: len(given) // 2])
                raise PowerCutError
            call(path, given)
            if self.cut_at == (at, "after"):
                raise PowerCutError

        return wrapped


@pytest.mark.slow
def test_after_a_crash_at_any_step_it_goes_on_without_gap_or_overlap(
    filled: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = records(whole(filled.log))
    steps = Steps(monkeypatch)
    writing.archive(filled.log, filled.store, tmp_path / "calm")
    calls = list(steps.called)
    assert calls == [*STEPS] * (len(calls) // 3)
    assert len(calls) >= 15
    written = {p.relative_to(tmp_path / "calm"): p.read_bytes()
               for p in (tmp_path / "calm").rglob("*.avro")}  # fmt: skip
    for number in range(len(calls)):
        for when in ("before", "amid", "after"):
            folder = tmp_path / f"{number}-{when}"
            steps.called.clear()
            steps.cut_at = (number, when)
            with pytest.raises(PowerCutError):
                writing.archive(filled.log, filled.store, folder)
            # What is there is read, and what is not comes from the log.
            assert records(whole(archived(filled, folder))) == before
            steps.cut_at = None
            writing.archive(filled.log, filled.store, folder)
            assert writing.check(filled.log, filled.store, folder) == []
            assert written == {p.relative_to(folder): p.read_bytes()
                               for p in folder.rglob("*.avro")}  # fmt: skip
            assert (folder / MANIFEST).read_bytes() == (tmp_path / "calm" / MANIFEST).read_bytes()
            assert list(folder.rglob("*.tmp")) == []


def test_a_file_that_a_crash_left_unnamed_ends_where_it_ended_though_more_is_applied(
    filled: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(filled, 16, 17)
    steps = Steps(monkeypatch)
    writing.archive(filled.log, filled.store, tmp_path / "calm")
    named = [json.loads(line) for line in lines(tmp_path / "calm")[0]]
    (number, last) = [(i, e) for i, e in enumerate(named) if e["topic"] == TOPIC][-1]
    assert last["records"] < writing.FILE_RECORDS  # else it would end there anyway
    folder = tmp_path / "archive"
    steps.called.clear()
    steps.cut_at = (len(STEPS) * number + 2, "before")
    with pytest.raises(PowerCutError):
        writing.archive(filled.log, filled.store, folder)
    assert (folder / last["file"]).exists()
    steps.cut_at = None
    fill(filled, 17, 20)
    writing.archive(filled.log, filled.store, folder)
    assert last["file"] in [json.loads(line)["file"] for line in lines(folder)[0]]
    assert writing.check(filled.log, filled.store, folder) == []


def damaged(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def test_a_damaged_or_missing_file_is_an_error_and_never_skipped(
    filled: Small, tmp_path: Path
) -> None:
    folder = tmp_path / "archive"
    writing.archive(filled.log, filled.store, folder)
    paths = sorted((folder / TOPIC).rglob("*.avro"))
    damaged(paths[1])
    paths[2].unlink()
    named = writing.check(filled.log, filled.store, folder)
    assert [n.split(" ")[0] for n in named] == [str(paths[1]), str(paths[2])]
    assert "is damaged" in named[0]
    assert "is missing" in named[1]
    assert all("restore it" in n for n in named)
    log = archived(filled, folder)
    # The log itself has it still; but that is no reason to go on as if the archive were whole.
    with pytest.raises(ArchiveError, match="is damaged"):
        whole(log)
    with in_this_process(), pytest.raises(ArchiveError, match="is damaged"):
        verify(log, filled.store, lists.installed())
    start = int(paths[2].stem.split("-")[0])
    with pytest.raises(ArchiveError, match="is missing"):
        log.read(TOPIC, start)


def test_the_manifest_is_a_chain(filled: Small, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    writing.archive(filled.log, filled.store, folder)
    manifest = folder / MANIFEST
    good = lines(folder)[0]

    def named(*changed: bytes) -> str:
        manifest.write_bytes(b"".join(changed))
        (found,) = writing.check(filled.log, filled.store, folder)
        with pytest.raises(ArchiveError):
            writing.archive(filled.log, filled.store, folder)
        with pytest.raises(ArchiveError):
            whole(archived(filled, folder))
        return found

    assert "line 2 does not follow" in named(good[0], *good[2:])
    assert "line 2 does not follow" in named(good[0].replace(b"s", b"t", 1), *good[1:])
    assert "line 2 is no line" in named(good[0], b"{}\n", *good[1:])
    assert "line 2 does not" in named(good[0], good[0], *good[1:])
    other = json.loads(good[1]) | {"first": json.loads(good[1])["first"] + 1}
    assert "line 2 does not begin at" in named(good[0], json.dumps(other).encode() + b"\n")
    # Lines that are taken off the end leave files that nobody names, and a log that begins later.
    manifest.write_bytes(b"".join(good[:2]))
    forget(filled, 40)
    differences = writing.check(filled.log, filled.store, folder)
    assert len([d for d in differences if "not in the manifest" in d]) == len(good) - 2
    assert "what is between is in neither" in differences[-1]


def test_one_process_archives_at_a_time(filled: Small, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    with held(folder / writing.LOCK), pytest.raises(AlreadyRunningError, match=r"archive\.lock"):
        writing.archive(filled.log, filled.store, folder)
