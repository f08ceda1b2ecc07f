"""Statements of banks: held against themselves, settled by cut-offs, without a word of payers."""

import io
from datetime import UTC, date, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from connectors.statements import simulator
from connectors.statements.connector import TRIED, StatementsSettings, read, read_with
from connectors.statements.settling import (
    Settling,
    installed_days_off,
    read_cut_off,
    read_cut_offs,
)
from connectors.wallets import vnpay
from connectors.wallets.simulator import signed
from hub import registry
from hub.clock import VIETNAM
from hub.connecting.connection import Connection
from hub.connecting.dropping import drop
from hub.connecting.feeds import Context
from hub.settings import Settings, SettingsError, read_own
from schemas.fee_reference import find_reference
from tests.conftest import Hub

HEAD = "Ngày giao dịch;Số bút toán;Ghi nợ;Ghi có;Số dư;Nội dung\n"
FILES = 4
CASES = resources.files("connectors.statements") / "cases"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("when", "bank", "settled"),
    [
        ("2025-05-16T16:29", "VCB", "2025-05-16"),  # a Friday
        ("2025-05-16T16:30", "VCB", "2025-05-19"),
        ("2025-05-16T23:59", "MOMO", "2025-05-16"),
        ("2025-05-17T08:00", "MOMO", "2025-05-19"),  # a Saturday
        ("2025-05-16T18:00", "ACB", "2025-05-16"),  # not named: 24:00
        ("2025-04-29T17:00", "VCB", "2025-05-05"),  # 30/4, 1/5, the day between, a weekend
        ("2025-01-24T17:00", "VCB", "2025-02-03"),  # Tết
    ],
)
def test_what_comes_after_the_cut_off_is_of_the_next_working_day(
    when: str, bank: str, settled: str
) -> None:
    settling = Settling(cut_offs=read_cut_offs("vcb=16:30,MOMO=24:00"), rows=installed_days_off())
    assert settling.day_of(at(when), bank) == date.fromisoformat(settled)


def test_a_days_end_is_an_hour() -> None:
    assert [read_cut_off(t) for t in ("00:00", "16:30", "24:00")] == [0, 990, 1440]
    for wrong in ("", "25:00", "24:01", "4pm"):
        with pytest.raises(ValueError, match=r"Invalid|hour must be"):
            read_cut_off(wrong)
    closed = Settling(990).closed_at(date(2025, 5, 16), "VCB")
    assert closed.isoformat() == "2025-05-16T16:30:00+07:00"
    assert Settling().closed_at(date(2025, 5, 16), "") == at("2025-05-17T00:00")


@pytest.mark.parametrize("name", ["CUT_OFF", "CUT_OFFS"])
def test_a_wrong_cut_off_stops_the_start(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_STATEMENTS_FOLDER", str(tmp_path))
    monkeypatch.setenv(f"HUB_STATEMENTS_{name}", "VCB:16h30")
    with pytest.raises(SettingsError, match=f"HUB_STATEMENTS_{name}"):
        read_own("statements", StatementsSettings)


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("NGUYEN VAN A nop phi H57.132-250516-0001 LP01", "H57.132-250516-0001 LP01"),
        ("h57 132 250516 0001 lp01", "H57.132-250516-0001 LP01"),
        ("MBVCB.99.H57-250516-0001.LP01.CT tu 0123", "H57-250516-0001 LP01"),
        ("000.00.19.H57-250516-0001/PH02", "000.00.19.H57-250516-0001 PH02"),
        ("000 00 19 H57 250516 0001 PH02", "000.00.19.H57-250516-0001 PH02"),
        ("H57.132-250516-0001 LP01 va H57.132-250516-0001 LP01", "H57.132-250516-0001 LP01"),
        ("H57.132-250516-0001 LP01 va H57.132-250516-0002 LP01", None),
        ("H571322505160001LP01", None),
        ("H57.132-250516-0001", None),
        ("XH57.132-250516-0001 LP01", None),
        ("H57.132-250516-0001 LP012", None),
        ("", None),
    ],
)
def test_a_reference_is_found_among_words(text: str, reference: str | None) -> None:
    found = find_reference(text)
    assert (found and str(found)) == reference


def rules(rows: str) -> list[str]:
    """Give the rule of each rejected record of a file."""
    records = read("VCB-1.csv", (HEAD + rows).encode())
    return [r.verdict.rule for r in records if r.verdict]


FIRST = "16/05/2025 08:00;F1;;50.000;150.000;H57.1-250516-0001 LP01\n"
SECOND = "16/05/2025 09:00;F2;;20.000;{};H57.1-250516-0002 LP01\n"


@pytest.mark.parametrize(
    ("rows", "is_whole"),
    [
        (FIRST + SECOND.format("170.000"), True),
        (FIRST + SECOND.format("180.000"), False),
        (SECOND.format("170.000") + FIRST, True),  # the newest first
        (FIRST + SECOND.format(""), True),  # it shows none
        (f"Số dư đầu kỳ;;;;100.000;\n{FIRST}", True),
        (f"Số dư đầu kỳ;;;;90.000;\n{FIRST}", False),
        (f"Số dư đầu kỳ: 100.000;;;;;\n{FIRST}Số dư cuối kỳ: 150.000;;;;;\n", True),
        (f"Số dư đầu kỳ: 100.000;;;;;\n{FIRST}Số dư cuối kỳ: 160.000;;;;;\n", False),
        (f"{FIRST}Tổng cộng;;;50.000;;\n", True),
        (f"{FIRST}Tổng cộng;;;60.000;;\n", False),
    ],
)
def test_a_statement_that_does_not_add_up_is_refused_whole(rows: str, is_whole: bool) -> None:
    assert rules(rows) == ([] if is_whole else ["balance_differs"])


def test_a_statement_is_of_one_account() -> None:
    book = Workbook()
    for name in ("A", "B"):
        sheet = book.create_sheet(name)
        for line in (HEAD + FIRST).splitlines():
            sheet.append(line.split(";"))
    out = io.BytesIO()
    book.save(out)
    (record,) = read("VCB-1.xlsx", out.getvalue())
    assert record.verdict is not None
    assert record.verdict.rule == "too_many_sheets"


def test_a_debit_without_a_reference_is_passed_over_and_said() -> None:
    swept = "16/05/2025 23:59;F9;150.000;;0;KET CHUYEN KBNN\n"
    records = read("VCB-1.csv", (HEAD + FIRST + swept).encode())
    assert [len(r.events) for r in records] == [1]
    said = [vi for vi, _ in records.understood.lines()]
    assert "bỏ qua 1 dòng ghi nợ không có mã khoản thu, tổng 150.000 đồng" in said


@pytest.mark.parametrize("case", [c.name for c in CASES.iterdir() if c.is_dir()])
def test_nothing_of_a_payer_is_kept_of_any_case(case: str) -> None:
    (given,) = [p for p in (CASES / case).iterdir() if p.name.startswith("input")]
    for record in read(given.name, given.read_bytes()):
        verdict = record.verdict
        kept = f"{record.original.decode()} {record.events} {verdict and verdict.public()}"
        for hidden in ("NGUYEN", "LE THI", "0123456789", "0912345678", "trưởng"):
            assert hidden not in kept, kept


def carried(hub: Hub, name: str, feed: Any, steps: int) -> None:
    """Let a connector read what is there, and apply it."""
    source = registry.sources()[name]
    contract = registry.contracts()[source.contract]
    settings = Settings(data_dir=hub.folder)
    made = Connection(source, contract, feed, hub.log, lambda: hub.now, settings, hub.seals.seal)
    for _ in range(steps):
        made.step(2)
    hub.runner.catch_up()


def summed(hub: Hub, column: str) -> int:
    with hub.store.reading() as reading:
        table = reading.definitions.facts["fee"].table
        return int(reading.rows(f"SELECT SUM({column}) FROM {table}")[0][0] or 0)


def test_what_a_simulator_drops_comes_to_what_was_planned(hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    drops = simulator.plan(7, FILES, date(2025, 12, 30))
    for one in drops:
        drop(folder, one)
    connector = registry.connectors()["statements"]
    chosen = StatementsSettings(folder=folder, settle_seconds=0, cut_offs="VCB=16:30")
    feed = connector.open(chosen, Context(hub.log, lambda: hub.now))
    carried(hub, "statements", feed, FILES + 1)
    assert summed(hub, "paid_vnd") == sum(d.paid for d in drops) > 0
    assert summed(hub, "refunded_vnd") == sum(d.refunded for d in drops) > 0
    assert summed(hub, "unsettled_vnd") == 0
    with hub.store.reading() as reading:
        rejected = [r[0] for r in reading.rows("SELECT rule FROM quarantine")]
    assert len(rejected) == sum(d.rejected for d in drops)
    assert rejected.count("balance_differs") == 1
    whole = drops[-1]
    assert (folder / "failed" / whole.name).exists()
    said = (folder / "failed" / f"{whole.name}.loi.csv").read_text("utf-8-sig")
    assert "xin ngân hàng xuất lại" in said
    kept = b"".join(p.read_bytes() for p in hub.folder.iterdir() if p.is_file())
    for payer in simulator.PAYERS:
        assert payer.encode() not in kept
    # What was dropped is dropped again: nothing counts twice.
    paid = summed(hub, "paid_vnd")
    drop(folder, drops[0])
    carried(hub, "statements", feed, 2)
    assert summed(hub, "paid_vnd") == paid


def test_a_callback_and_the_statement_of_it_are_one_payment(hub: Hub) -> None:
    """The gateway confirms it in the evening; its own statement settles it after the weekend."""
    hub.now = datetime(2025, 5, 20, 3, tzinfo=UTC)
    parameters = {
        **{"vnp_TxnRef": "H57.132-250516-0001 LP01", "vnp_Amount": "5000000"},
        **{"vnp_PayDate": "20250516200000", "vnp_TransactionNo": "14226112"},
    }
    called = vnpay.parse(signed(parameters, b"secret"))
    assert called is not None
    row = "16/05/2025 20:00:00;14226112;;50.000;;LE THI D H57.132-250516-0001 LP01\n"
    records = read_with(TRIED, "VNPAY-1.csv", (HEAD + row).encode())
    events = [*vnpay.record(called).events, *(e for r in records for e in r.events)]
    for order in (events, events[::-1]):
        for event in order:
            hub.send("fee", dict(event))
    assert summed(hub, "paid_vnd") == 50_000
    assert summed(hub, "unsettled_vnd") == 0
    assert [e.get("settled_on") for e in events] == [None, "2025-05-19"]


def test_the_unit_is_the_one_that_is_known_to_collect_the_fee(hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "VCB-1.csv").write_text(HEAD + FIRST, "utf-8")

    def known(entities: Any, columns: Any) -> dict[str, tuple[Any, ...]]:
        assert (list(entities), list(columns)) == (["H57.1-250516-0001|LP01"], ["unit"])
        return {"H57.1-250516-0001|LP01": ("H57.9",)}

    chosen = StatementsSettings(folder=folder, settle_seconds=0)
    context = Context(hub.log, lambda: hub.now, known=known)
    carried(hub, "statements", registry.connectors()["statements"].open(chosen, context), 2)
    with hub.store.reading() as reading:
        table = reading.definitions.facts["fee"].table
        assert [tuple(r) for r in reading.rows(f"SELECT unit FROM {table}")] == [("H57.9",)]
