"""A drop folder: every file is taken once, whole, whoever writes, renames, repeats or kills."""

import csv
import io
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connectors.payments.connector import CONNECTOR, NAMED_BY, PaymentsSettings
from connectors.payments.simulator import HEADERS, Drop, drop, plan, truth
from hub import registry
from hub.clock import system_clock
from hub.commands.connect import known_facts
from hub.connecting.connection import Connection
from hub.connecting.feeds import Context, UpstreamError
from hub.opening import OpenHub, open_hub
from hub.proof.verify import verify
from hub.settings import Settings
from tests.parts import lists
from tests.parts.small import in_this_process
from tests.parts.starting import start_hub
from tests.parts.waiting import until

SETTLE = 0.05
KILLS = int(os.environ.get("HUB_TEST_KILLS", "8"))
HEADER = ";".join(HEADERS)
GOOD = "NGANHANG.1;điện;tiền mặt;H57;05/2023;1;1.234;1.000;12,5 triệu"
BAD = "NGANHANG.1;điện;quẹt thẻ;H57;06/2023;1;1;1;=1+1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "drop"
    made.mkdir()
    return made


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[OpenHub]:
    settings = Settings(data_dir=tmp_path / "hub", breaker_seconds=0, breaker_in_a_row_max=20)
    with open_hub(settings) as found:
        yield found


def connection(hub: OpenHub, folder: Path, settle: float = SETTLE) -> Connection:
    settings = PaymentsSettings(folder=folder, settle_seconds=settle)
    source, contract = registry.sources()["payments"], registry.contracts()["payment"]
    known = partial(known_facts, hub, contract)
    feed = CONNECTOR.open(settings, Context(hub.log, system_clock, known=known))
    found = Connection(
        source, contract, feed, hub.log, system_clock, hub.settings, hub.seals().seal
    )
    found.stopping.set()  # so that it does not wait after an error
    return found


def put(folder: Path, name: str, *lines: str) -> None:
    (folder / name).write_text("\n".join([HEADER, *lines]), "utf-8")


def waiting(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.is_file())


def names(folder: Path, state: str) -> list[str]:
    there = folder / state
    return sorted(p.name for p in there.iterdir()) if there.exists() else []


def carry(running: Connection, folder: Path) -> None:
    """Carry until nothing is left in the folder."""

    def is_empty() -> bool:
        running.step(SETTLE)
        return not waiting(folder)

    until(is_empty, "the folder is empty")


def ledger(hub: OpenHub) -> dict[str, int]:
    hub.runner.catch_up()
    with hub.store.reading() as reading:
        rows = reading.rows("SELECT class, SUM(count) FROM ledger GROUP BY 1")
    return {str(c): int(n) for c, n in rows}


def errors(folder: Path, name: str) -> list[list[str]]:
    raw = (folder / "failed" / name).read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=";"))


def check_against(hub: OpenHub, drops: list[Drop]) -> None:
    """Compare what the hub holds with what was dropped, and with its own log."""
    hub.runner.catch_up()
    expected = truth(drops)
    columns = (*NAMED_BY, "transactions", "customers", "amount_vnd")
    with hub.store.reading() as reading:
        found = reading.rows(f"SELECT {', '.join(columns)} FROM fact_payment")
    got = {row[:5]: dict(zip(columns, row, strict=True)) for row in found}
    assert got == expected.statistics
    counted = ledger(hub)
    assert counted == {"applied": expected.events, "quarantined": expected.rejected}
    with in_this_process():
        assert verify(hub.log, hub.store, lists.installed(), lambda *_: None).differences == []


def test_what_banks_drop_is_what_the_hub_holds(hub: OpenHub, folder: Path) -> None:
    drops = plan(7, 8)
    running = connection(hub, folder)
    threads = [threading.Thread(target=lambda d=d: list(drop(folder, d, 0.05))) for d in drops]
    for thread in threads:
        thread.start()
        running.step(SETTLE)
    for thread in threads:
        thread.join()
    carry(running, folder)
    check_against(hub, drops)
    assert len([n for n in names(folder, "failed") if n.endswith(".loi.csv")]) == 2


def test_a_file_that_is_written_slowly_is_taken_once_and_whole(hub: OpenHub, folder: Path) -> None:
    running = connection(hub, folder)
    with (folder / "a.csv").open("wb") as file:
        for line in (HEADER, GOOD, GOOD.replace("05/", "06/")):
            file.write(f"{line}\n".encode())
            file.flush()
            # It stands still for far longer than it must: only that it is open keeps it here.
            for _ in range(3):
                assert running.step(3 * SETTLE) == 0
    carry(running, folder)
    assert ledger(hub) == {"applied": 2}
    assert names(folder, "done") == ["a.csv"]


def test_a_file_that_grows_is_not_taken_before_it_stands_still(hub: OpenHub, folder: Path) -> None:
    running = connection(hub, folder, settle=30)
    put(folder, "a.csv", GOOD)
    assert running.step(3 * SETTLE) == 0
    assert waiting(folder) == ["a.csv"]


@pytest.mark.parametrize("name", [".a.csv", "a.csv.tmp", "a.PART", "~$a.xlsx"])
def test_an_unfinished_file_is_let_be(hub: OpenHub, folder: Path, name: str) -> None:
    put(folder, name, GOOD)
    os.mkfifo(folder / "pipe")
    (folder / "link.csv").symlink_to(folder / name)
    settings = PaymentsSettings(folder=folder, settle_seconds=0)
    assert CONNECTOR.open(settings, Context(hub.log, system_clock)).fetch(SETTLE) is None
    assert sorted(p.name for p in folder.iterdir()) == sorted([name, "pipe", "link.csv"])


def test_a_file_renamed_while_it_is_carried_is_known_again(hub: OpenHub, folder: Path) -> None:
    put(folder, "a.csv", GOOD, BAD)
    feed = CONNECTOR.open(
        PaymentsSettings(folder=folder, settle_seconds=0), Context(hub.log, system_clock)
    )
    delivery = feed.fetch(1)
    assert delivery is not None
    (folder / "a.csv").rename(folder / "b.csv")
    hub.log.set_checkpoints(delivery.checkpoints)  # as durable as with its events
    delivery.acknowledge([r.verdict for r in delivery.records if r.verdict])
    assert names(folder, "failed") == []
    assert feed.fetch(SETTLE) is None
    assert names(folder, "failed") == ["b.csv", "b.csv.loi.csv"]


def test_a_file_that_vanishes_is_no_trouble(hub: OpenHub, folder: Path) -> None:
    put(folder, "a.csv", GOOD)
    running = connection(hub, folder, settle=30)
    running.step(0)
    (folder / "a.csv").unlink()
    assert running.step(0) == 0


@pytest.mark.parametrize("again", ["a.csv", "other.csv"])
def test_the_same_content_again_is_not_taken_again(hub: OpenHub, folder: Path, again: str) -> None:
    running = connection(hub, folder)
    put(folder, "a.csv", GOOD)
    carry(running, folder)
    put(folder, again, GOOD)
    carry(running, folder)
    assert ledger(hub) == {"applied": 1}
    second = "a (2).csv" if again == "a.csv" else again
    assert names(folder, "done") == sorted(["a.csv", second, f"{second}.ghi-chu.txt"])
    assert "done/a.csv" in (folder / "done" / f"{second}.ghi-chu.txt").read_text("utf-8-sig")


def test_other_figures_under_the_same_revision_are_a_conflict(hub: OpenHub, folder: Path) -> None:
    running = connection(hub, folder)
    put(folder, "a.csv", GOOD)
    carry(running, folder)
    put(folder, "b.csv", GOOD.replace("1.234", "1.235"))
    carry(running, folder)
    assert ledger(hub) == {"applied": 1, "conflict": 1}


def test_bad_rows_are_named_in_an_error_file(hub: OpenHub, folder: Path) -> None:
    put(folder, "a.csv", GOOD, BAD, GOOD.replace("1.234", "-3").replace("05/", "07/"))
    carry(connection(hub, folder), folder)
    assert ledger(hub) == {"applied": 1, "quarantined": 2}
    assert names(folder, "failed") == ["a.csv", "a.csv.loi.csv"]
    header, first, also, second = errors(folder, "a.csv.loi.csv")
    assert header[0] == "Dòng / Row"
    assert first[:4] == ["3", "Hình thức", "quẹt thẻ", "unmapped_code"]
    assert also[:4] == ["3", "Số tiền", "'=1+1", "not_an_amount"], "all that is wrong with a row"
    assert second[:4] == ["4", "Số giao dịch", "'-3", "too_small"]
    assert first[4].startswith("dòng 3, cột Hình thức: “quẹt thẻ” ngoài danh mục")
    assert first[5].startswith("row 3, column Hình thức: “quẹt thẻ” not in the list")


def test_what_was_passed_over_is_told_beside_the_file(hub: OpenHub, folder: Path) -> None:
    total = "Tổng cộng;;;;;;1.234;1.000;2.500"
    put(folder, "a.csv", GOOD, total)
    carry(connection(hub, folder), folder)
    assert ledger(hub) == {"applied": 1}
    assert names(folder, "done") == ["a.csv", "a.csv.ghi-chu.txt"]
    said = (folder / "done" / "a.csv.ghi-chu.txt").read_text("utf-8-sig")
    assert "bỏ qua dòng 3, dòng tổng: “Tổng cộng;" in said
    assert "passed over: row 3, a total: “Tổng cộng;" in said
    put(folder, "b.csv", GOOD.replace("05/", "07/"), BAD, total)
    carry(connection(hub, folder), folder)
    assert names(folder, "failed") == ["b.csv", "b.csv.ghi-chu.txt", "b.csv.loi.csv"]


def test_a_file_without_its_columns_fails_as_a_whole(hub: OpenHub, folder: Path) -> None:
    (folder / "a.csv").write_bytes(b"x;y\n1;2\n")
    carry(connection(hub, folder), folder)
    assert ledger(hub) == {"quarantined": 1}
    assert errors(folder, "a.csv.loi.csv")[1][3] == "missing_header"


def test_a_file_that_opens_the_breaker_is_put_aside(hub: OpenHub, folder: Path) -> None:
    put(folder, "a.csv", GOOD, *[BAD] * 20)
    put(folder, "b.csv", GOOD.replace("05/", "08/"))
    carry(connection(hub, folder), folder)
    assert ledger(hub) == {"applied": 1}
    assert names(folder, "failed") == ["a.csv", "a.csv.loi.csv"]
    assert names(folder, "done") == ["b.csv"]
    found = errors(folder, "a.csv.loi.csv")
    assert "NOTHING WAS TAKEN" in found[0][0]
    assert len(found) == 2 + 20 * 2, "each row with its two faults"
    put(folder, "a.csv", GOOD, *[BAD] * 20)  # again, and again it is told why
    carry(connection(hub, folder), folder)
    assert "a (2).csv.loi.csv" in names(folder, "failed")


def test_a_folder_that_is_not_there_is_an_upstream_that_is_away(hub: OpenHub, folder: Path) -> None:
    gone = folder / "gone"
    feed = CONNECTOR.open(PaymentsSettings(folder=gone), Context(hub.log, system_clock))
    with pytest.raises(UpstreamError, match="gone"):
        feed.fetch(0)


def batches(folder: Path) -> int:
    """Count what was appended to a log, which may not be there yet."""
    try:
        with closing(sqlite3.connect(f"file:{folder}/log.sqlite3?mode=ro", uri=True)) as log:
            return int(log.execute("SELECT COUNT(*) FROM batch").fetchone()[0])
    except sqlite3.Error:
        return 0


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("lines", [(GOOD,), (GOOD, BAD)])
def test_killed_between_the_append_and_the_move(
    hub: OpenHub, folder: Path, monkeypatch: pytest.MonkeyPatch, lines: tuple[str, ...]
) -> None:
    put(folder, "a.csv", *lines)
    state = "failed" if BAD in lines else "done"
    with monkeypatch.context() as m:

        def die(*_: Any) -> None:
            raise Killed

        m.setattr(Path, "rename", die)
        running = connection(hub, folder, settle=0)
        with pytest.raises(Killed):
            running.step(1)
    assert waiting(folder) == ["a.csv"]
    counted = ledger(hub)
    (folder / state / "a.csv.loi.csv").unlink(missing_ok=True)
    carry(connection(hub, folder), folder)
    assert ledger(hub) == counted
    beside = ["a.csv.loi.csv"] if BAD in lines else []
    assert names(folder, state) == ["a.csv", *beside]


def test_killed_many_times_while_files_arrive(tmp_path: Path, folder: Path) -> None:
    """`hub connect payments` in a process of its own; `HUB_TEST_KILLS` says how often."""
    chance = random.Random(KILLS)
    drops = plan(11, 2 * KILLS + 4, rows=60)
    environment = {
        **os.environ,
        "HUB_DATA_DIR": str(tmp_path / "hub"),
        "HUB_PAYMENTS_FOLDER": str(folder),
        "HUB_PAYMENTS_SETTLE_SECONDS": "0.05",
    }

    def start() -> subprocess.Popen[bytes]:
        return start_hub("connect", "payments", env=environment)

    def settled() -> int:
        return len(names(folder, "done")) + len(names(folder, "failed"))

    may_come = threading.Semaphore(0)

    def bring() -> None:
        for one in drops:
            may_come.acquire()
            for _ in drop(folder, one, 0.02):
                pass

    def moment(number: int) -> Callable[[], bool]:
        """Choose what is waited for: something moved, or something appended and not yet moved."""
        if number % 2:
            moved = settled()
            return lambda: settled() > moved
        appended = batches(tmp_path / "hub")
        return lambda: batches(tmp_path / "hub") > appended

    bringing = threading.Thread(target=bring, daemon=True)
    bringing.start()
    process = start()
    try:
        for number in range(KILLS):
            reached = moment(number)
            may_come.release(2)
            until(reached, "a file is taken")
            time.sleep(chance.choice([0, 0.005, 0.05]))  # somewhere within what it does
            process.kill()
            assert process.wait() == -signal.SIGKILL
            process = start()
        may_come.release(len(drops))
        bringing.join()
        until(lambda: not waiting(folder), "the folder is empty")
    finally:
        process.terminate()
        process.wait(30)
    with open_hub(Settings(data_dir=tmp_path / "hub")) as hub:
        check_against(hub, drops)
    for one in drops:
        if one.bad:
            # By the name under which it came first; of two that come at once, either.
            stem = Path(one.name).stem
            (told,) = [n for n in names(folder, "failed") if n.startswith(stem) and "loi" in n]
            assert len(errors(folder, told)) == 1 + one.bad


def test_the_simulator_says_what_must_come_of_its_files(hub: OpenHub, folder: Path) -> None:
    command = [sys.executable, "-m", "connectors.payments.simulator", "--folder", str(folder)]
    command += ["--seed", "3", "--files", "3", "--rows", "50", "--pause", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    carry(connection(hub, folder), folder)
    hub.runner.catch_up()
    said = json.loads(done.stdout)
    assert said["events"] == ledger(hub)["applied"] == 150
    with hub.store.reading() as reading:
        ((count, amount),) = reading.rows("SELECT COUNT(*), SUM(amount_vnd) FROM fact_payment")
    assert (int(count), int(amount)) == (said["statistics"], said["amount_vnd"])


FIRST = "Đơn vị báo cáo;Dịch vụ;Hình thức;Địa bàn;Kỳ;Số giao dịch;Số khách hàng;Số tiền"


def bare(folder: Path, name: str, amounts: dict[str, str]) -> None:
    """Put a file of a sender who knows no revisions."""
    rows = [f"{who};học phí;tiền mặt;H57;03/2021;400;380;{vnd}" for who, vnd in amounts.items()]
    (folder / name).write_text("\n".join([FIRST, *rows]), "utf-8")


def held(hub: OpenHub) -> dict[str, tuple[int, int, int]]:
    hub.runner.catch_up()
    with hub.store.reading() as reading:
        rows = reading.rows("SELECT reporter, amount_vnd, revision, is_disputed FROM fact_payment")
    return {who: tuple(rest) for who, *rest in rows}


def test_a_corrected_file_replaces_all_its_rows(hub: OpenHub, folder: Path) -> None:
    """K8: not three of four by digest; a row that did not change is a repeat."""
    running = connection(hub, folder)
    schools = [f"TRUONG{n}" for n in range(12)]
    bare(folder, "thang3.csv", dict.fromkeys(schools, "20.000.000"))
    carry(running, folder)
    corrected = dict.fromkeys(schools[:11], "21.500.000") | {"TRUONG11": "20.000.000"}
    bare(folder, "thang3.csv", corrected)
    carry(running, folder)
    once = dict.fromkeys(schools[:11], (21500000, 1, 0)) | {"TRUONG11": (20_000_000, 0, 0)}
    assert held(hub) == once
    assert ledger(hub) == {"applied": 23, "duplicate": 1}
    (note,) = [n for n in names(folder, "done") if n.endswith(".ghi-chu.txt")]
    said = (folder / "done" / note).read_text("utf-8-sig")
    assert "11 dòng thay số liệu" in said
    assert "11 rows replace" in said
    # Back to what was said first: a third report, not the first one again.
    bare(folder, "thang3-cu.csv", dict.fromkeys(schools[:2], "20.000.000"))
    carry(running, folder)
    back = dict.fromkeys(schools[:2], (20000000, 2, 0))
    assert held(hub) == once | back
    with hub.store.reading() as reading:
        assert reading.rows("SELECT COUNT(*) FROM quarantine") == [(0,)]


def test_who_counts_revisions_is_taken_at_his_word(hub: OpenHub, folder: Path) -> None:
    running = connection(hub, folder)
    put(folder, "a.csv", GOOD)
    carry(running, folder)
    put(folder, "b.csv", GOOD.replace("12,5 triệu", "13,5 triệu"))
    carry(running, folder)
    assert ledger(hub) == {"applied": 1, "conflict": 1}


def test_a_new_file_waits_for_what_came_before(
    hub: OpenHub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.commands.connect.APPLIED_SECONDS_MAX", 0.05)
    running = connection(hub, folder)
    bare(folder, "a.csv", {"TRUONG1": "1.000"})
    carry(running, folder)
    hub.runner.lock()  # another process applies, and has not yet
    bare(folder, "b.csv", {"TRUONG1": "2.000"})
    with monkeypatch.context() as patched:
        patched.setattr("hub.commands.connect.catch_up", lambda _: None)
        time.sleep(2 * SETTLE)
        running.step(2 * SETTLE)
        assert waiting(folder) == ["b.csv"]
    hub.runner.stop()
    carry(running, folder)
    assert held(hub)["TRUONG1"] == (2000, 1, 0)


def test_a_column_of_revisions_with_nothing_in_it_says_as_much_as_none(
    hub: OpenHub, folder: Path
) -> None:
    """As a template has it that was filled in by who knows no revisions."""
    running = connection(hub, folder)
    for name, vnd in (("a.csv", "1.000"), ("b.csv", "2.000")):
        row = f"TRUONG1;học phí;tiền mặt;H57;03/2021;;400;380;{vnd}"
        put(folder, name, row)
        carry(running, folder)
    assert held(hub) == {"TRUONG1": (2000, 1, 0)}
    assert names(folder, "failed") == []
    put(folder, "c.csv", row, GOOD)
    carry(running, folder)
    assert errors(folder, "c.csv.loi.csv")[1][:4] == ["2", "Lần báo cáo", "", "required"]
