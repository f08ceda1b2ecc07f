"""The audit log: nothing in it is changed, taken away or put in without being seen."""

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.access.audit import Audit, Auditor, Entry
from hub.clock import system_clock
from hub.store.sqlite import Sqlite


@pytest.fixture
def database(tmp_path: Path) -> Sqlite:
    return Sqlite(f"sqlite:///{tmp_path / 'audit.sqlite3'}", is_original=True)


@pytest.fixture
def audit(database: Sqlite) -> Audit:
    opened = Audit(database, system_clock)
    opened.append([Entry("sở", "send dossier", detail={"receipt": str(i)}) for i in range(3)])
    opened.append([Entry("", "send dossier", "unauthorized", {"peer": "10.0.0.9", "times": 4})])
    return opened


def run(database: Sqlite, *statements: str) -> None:
    with database.writer.begin() as c:
        for statement in statements:
            c.execute(sa.text(statement))


def test_what_was_written_holds_and_is_read_in_order(audit: Audit) -> None:
    (number, digest), wrong = audit.check()
    assert (number, wrong) == (4, None)
    rows = list(audit.rows())
    assert [r[0] for r in rows] == [1, 2, 3, 4]
    assert rows[-1][2:5] == ("", "send dossier", "unauthorized")
    assert rows[-1][-1] == digest
    assert list(audit.rows(3)) == rows[2:]
    assert audit.check((2, rows[1][-1]))[1] is None


@pytest.mark.parametrize(
    ("statement", "holds", "said"),
    [
        ("UPDATE audit SET actor = 'other' WHERE number = 2", 1, "its digest is not"),
        ("UPDATE audit SET at = at + 1 WHERE number = 4", 3, "its digest is not"),
        ("UPDATE audit SET digest = '0' WHERE number = 1", 0, "its digest is not"),
        ("UPDATE audit SET detail = '{}' WHERE number = 3", 2, "its digest is not"),
        ("DELETE FROM audit WHERE number = 2", 1, "2: missing"),
        ("DELETE FROM audit WHERE number = 1", 0, "1: missing"),
        ("UPDATE audit SET number = 9 WHERE number = 4", 3, "4: missing"),
    ],
)
def test_what_was_tampered_with_is_named(
    audit: Audit, database: Sqlite, statement: str, holds: int, said: str
) -> None:
    run(database, statement)
    (number, _), wrong = audit.check()
    assert number == holds
    assert said in str(wrong)


def test_an_end_that_was_cut_off_or_written_anew_is_seen_by_a_noted_head(
    audit: Audit, database: Sqlite
) -> None:
    noted, _ = audit.check()
    run(database, "DELETE FROM audit WHERE number > 2")
    assert audit.check()[1] is None
    assert "missing; 4 entries were noted" in str(audit.check(noted)[1])
    audit.append([Entry("a", "b"), Entry("a", "b")])
    assert "is not the one that was noted" in str(audit.check(noted)[1])


def test_writers_at_once_make_one_chain(audit: Audit, database: Sqlite) -> None:
    other = Audit(database, system_clock)

    def write(mine: Audit, name: str) -> None:
        for i in range(20):
            mine.append([Entry(name, str(i))])

    threads = [threading.Thread(target=write, args=(a, n)) for a, n in ((audit, "x"), (other, "y"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert audit.check()[0][0] == 44
    assert audit.check()[1] is None


def test_uses_are_durable_before_they_are_answered_and_refusals_are_counted(audit: Audit) -> None:
    auditor = Auditor(audit)
    done = [auditor.record(Entry("a", "send", detail={"i": i})) for i in range(2_500)]
    for future in done:
        future.result(30)
    auditor.record().result(30)
    assert audit.check()[0][0] == 4 + len(done)
    for _ in range(500):
        auditor.note("", "send dossier", "unauthorized", "10.0.0.9")
    auditor.note("a", "send dossier", "contract_not_allowed", "10.0.0.9")
    auditor.close()
    found = [r[2:6] for r in audit.rows(5 + len(done))]
    times = sum(int(r[3].split('"times": ')[1].rstrip("}")) for r in found if r[0] == "")
    assert times == 500
    assert len(found) <= 4
    assert [r[2] for r in found if r[0] == "a"] == ["contract_not_allowed"]


def test_what_cannot_be_written_is_told_and_refusals_are_kept(
    audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = audit.append

    def full(_: object) -> None:
        raise OSError("disk full")

    auditor = Auditor(audit)
    monkeypatch.setattr(audit, "append", full)
    auditor.note("", "send", "unauthorized", "p")
    with pytest.raises(OSError, match="disk full"):
        auditor.record(Entry("a", "send")).result(10)
    monkeypatch.setattr(audit, "append", append)
    auditor.close()
    assert [r[4] for r in audit.rows(5)] == ["unauthorized"]
