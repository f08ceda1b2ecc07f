"""What is refused is shown as its sender wrote it: not trimmed, parsed or converted."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import openpyxl
import pytest

from connectors.fees.connector import CONTRACT, TABLE
from connectors.fees.connector import read as read_fees
from connectors.loggers.connector import CONTRACT as READING
from connectors.loggers.connector import read as read_loggers
from hub import registry
from hub.clock import system_clock
from hub.connecting.connection import judge_arrived
from hub.connecting.feeds import Context
from hub.connecting.folder import Folder
from hub.connecting.rows import again_of
from hub.definitions.admission import Verdict
from hub.definitions.ranges import Ranges
from hub.log.log import Log
from hub.log.submitting import accepted_at
from hub.sheets.cells import Cell, Dated, Percent, as_shown
from hub.sheets.files import AdmittedFile, admit_file, with_id
from hub.sheets.mapping import FileMapping, MappedColumn
from hub.sheets.notes import as_written

PAYMENT = registry.contracts()["payment"]
HEADER = (
    "Đơn vị báo cáo;Dịch vụ;Hình thức;Địa bàn;Kỳ;Lần báo cáo;Số giao dịch;Số khách hàng;Số tiền"
)


def told(admitted: AdmittedFile) -> list[tuple[str, str, str]]:
    return [(f.field, f.rule, f.value) for v in admitted.rejected for f in v.each()]


def csv_of(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows]).encode()


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        # what cannot be read
        ("NH01;  quẹt  thẻ ;Tiền mặt;H57;05/2023;0;1;1;1", ("service", "  quẹt  thẻ ")),
        ("NH01;Điện;Tiền mặt;H57;05/2023;0;12, 5;1;1", ("transactions", "12, 5")),
        ("NH01;Điện;Tiền mặt;H57;05/2023;0;１２x;1;1", ("transactions", "１２x")),
        # what is read, and breaks the contract
        ("NH01;Điện;Tiền mặt;H57;05/2023;0;-1.234;1;1", ("transactions", "-1.234")),
        ("NH01;Điện;Tiền mặt;H57;05/2023;0;1;1;-2,5 triệu", ("amount_vnd", "-2,5 triệu")),
        (" nh 01 ;Điện;Tiền mặt;H57;05/2023;0;1;1;1", ("reporter", " nh 01 ")),
    ],
)
def test_a_cell_of_a_file_is_shown_as_it_stands(row: str, fault: tuple[str, str]) -> None:
    admitted = admit_file(PAYMENT, csv_of(row))
    ((field, _, value),) = told(admitted)
    assert (field, value) == fault
    (verdict,) = admitted.rejected
    for message in (verdict.message_vi, verdict.message_en):
        assert f"“{fault[1]}”" in message


def test_what_else_is_wrong_with_a_row_is_shown_so_too() -> None:
    """One cell cannot be read; of the others one breaks the contract."""
    row = "NH01;Điện;Tiền mặt;H57;05/2023;0;nhiều;-1.234;1"
    faults = told(admit_file(PAYMENT, csv_of(row)))
    assert [(name, value) for name, _, value in faults] == [
        ("transactions", "nhiều"),
        ("customers", "-1.234"),
    ]


def test_what_is_refused_by_the_gateway_is_shown_as_it_was_written() -> None:
    """A period that has not begun keeps its contract; who sent 05/2099 wrote no 2099-05."""
    admitted = admit_file(PAYMENT, csv_of("NH01;Điện;Tiền mặt;H57;05/2099;0;1;1;1"))
    words = ("Kỳ: “2099-05” chưa bắt đầu", "Period: “2099-05” had not begun")
    admitted.reject([Verdict(admitted.indexes[0], "in_the_future", "period", "2099-05", *words)])
    (verdict,) = admitted.rejected
    assert verdict.value == "05/2099"
    assert "“05/2099” chưa bắt đầu" in verdict.message_vi
    assert "“05/2099” had not begun" in verdict.message_en


def test_cells_are_found_on_every_sheet_and_after_a_correction() -> None:
    book = openpyxl.Workbook()
    for name, reporter in (("Tháng 5", "NH01"), ("Tháng 6", "nh-02")):
        sheet = book.create_sheet(name)
        sheet.append(HEADER.split(";"))
        sheet.append([reporter, "Điện", "Tiền mặt", "H57", "05/2023", 0, 1, 1, 1])
        sheet.append([reporter, "Nước", "Tiền mặt", "H57", "05/2023", 0, -1234.0, 1, 1])
    del book["Sheet"]
    out = io.BytesIO()
    book.save(out)
    shown = told(admit_file(PAYMENT, out.getvalue()))
    assert ("transactions", "too_small", "-1234") in shown
    typed = {(5, "reporter"): " nh 03"}
    shown = told(admit_file(PAYMENT, out.getvalue(), corrections=typed))
    assert ("reporter", "malformed", " nh 03") in shown


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (Decimal("605.859"), "605,859"),
        (Decimal("1E+20"), "100000000000000000000"),
        (Decimal("-12"), "-12"),
        (Percent("0.3393"), "33,93%"),
        (Percent("1"), "100%"),
        (Dated("2023"), "2023"),
        (Dated("2023-05"), "05/2023"),
        (Dated("2023-05-17"), "17/05/2023"),
        (Dated("2023-05-17T08:05:30"), "17/05/2023 08:05:30"),
        ("  2023-05-17 ", "  2023-05-17 "),
    ],
)
def test_a_cell_of_a_workbook_is_shown_as_excel_shows_it(cell: Cell, shown: str) -> None:
    assert as_shown(cell) == shown
    assert as_written(cell) == shown


def test_a_workbook_s_cell_is_shown_so_where_it_is_refused() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADER.split(";"))
    sheet.append(["NH01", "Điện", "Tiền mặt", "H57", "05/2023", 0, 605.859, 1, 1])
    sheet.append(["NH01", "Điện", "Tiền mặt", "H57", "05/2023", 0, 1, 0.3393, 1])
    sheet["H3"].number_format = "0.00%"
    sheet.append(["NH01", "Điện", "Tiền mặt", "H57", "05/2023", 0, 1, 1, datetime(2023, 5, 17)])
    sheet["I4"].number_format = "dd/mm/yyyy"
    out = io.BytesIO()
    book.save(out)
    assert [value for _, _, value in told(admit_file(PAYMENT, out.getvalue()))] == [
        "605,859",
        "33,93%",
        "17/05/2023",
    ]


@pytest.mark.parametrize(
    "cell", ["０９１２３４５６７８", " 0912\u00a0345 678 ", "Họ tên:  Nguyễn Văn Mẫu"]
)
def test_what_is_about_a_person_stays_masked(cell: str) -> None:
    shown = as_written(cell)
    assert "•" in shown or "ký tự" in shown
    assert "345" not in shown
    assert "Mẫu" not in shown


def test_what_cannot_be_seen_is_marked() -> None:
    assert as_written("H57\u200b.1\nx") == "H57\N{REPLACEMENT CHARACTER}.1 x"


class _NoLog:
    """A log that knows nothing and keeps checkpoints to itself."""

    def checkpoint(self, _: str) -> str | None:
        return None

    def set_checkpoints(self, _: Mapping[str, str]) -> None:
        pass


def error_file(folder: Path, content: str, mapping: FileMapping | None = None) -> list[list[str]]:
    """Drop a file of fees; give what the error file beside it says."""
    (folder / "a.csv").write_text(content, "utf-8")
    context = Context(cast(Log, _NoLog()), system_clock, mapping=lambda: mapping)
    feed = Folder("fees", CONTRACT, folder, 0, context, read_fees, TABLE.header_of)
    delivery = feed.fetch(5)
    assert delivery is not None
    judged = judge_arrived(CONTRACT, delivery.records, accepted_at(system_clock), Ranges)
    delivery.acknowledge([j for j in judged if isinstance(j, Verdict)])
    text = (folder / "failed" / "a.csv.loi.csv").read_text("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))[1:]


FEES = "Mã hồ sơ;Mã khoản thu;Đơn vị thu;Nghiệp vụ;Thời điểm xảy ra;Số tiền;Ngày quyết toán"
FEE = "H57.132-250517-0001;LP01;H57.132;Phải thu;"


def test_the_error_file_of_a_drop_folder_shows_what_was_written(tmp_path: Path) -> None:
    rows = (
        f"{FEE}17/05/2025 8h00;-1,5 triệu;",
        f"{FEE}17/05/2025 08:00;100.000;05/2025",
        f"{FEE}17/05/2099 8h00;100.000;",
    )
    found = error_file(tmp_path, "\n".join([FEES, *rows]))
    assert [row[:4] for row in found] == [
        # Excel is kept from taking it for a formula
        ["2", "Số tiền", "'-1,5 triệu", "too_small"],
        ["3", "Ngày quyết toán", "05/2025", "malformed"],
        ["4", "Thời điểm xảy ra", "17/05/2099 8h00", "in_the_future"],
    ]
    assert "“-1,5 triệu”" in found[0][4]
    assert "“-1,5 triệu”" in found[0][5]


def test_the_error_file_names_columns_as_their_sender_does(tmp_path: Path) -> None:
    own = MappedColumn(header="Giá tiền", field="amount_vnd", unit="triệu đồng")
    mapping = FileMapping(contract="fee", sender="fees", columns=(own,))
    header = FEES.replace("Số tiền", "Giá tiền")
    found = error_file(tmp_path, f"{header}\n{FEE}17/05/2025 08:00;-1,5;", mapping)
    assert [row[1:4] for row in found] == [["Giá tiền", "'-1,5", "too_small"]]


def test_a_correction_that_is_wrong_is_shown_as_it_was_typed() -> None:
    again = again_of(CONTRACT, TABLE, with_id)
    said: dict[str, Any] = dict(
        zip(FEES.split(";"), f"{FEE}17/05/2025 08:00".split(";"), strict=False)
    )
    verdict = again.read(json.dumps(said | {"Số tiền": "-1.500"}).encode(), b"")
    assert isinstance(verdict, Verdict)
    assert (verdict.field, verdict.rule, verdict.value) == ("Số tiền", "too_small", "-1.500")
    assert "“-1.500”" in verdict.message_vi


def test_a_number_of_another_unit_is_said_as_it_was_read_too() -> None:
    """Limits are in the field's unit: 1.5 million dong is 1,500,000."""
    (verdict,) = admit_file(
        PAYMENT, csv_of("NH01;Điện;Tiền mặt;H57;05/2023;0;1;1;-2,5 triệu")
    ).rejected
    assert "“-2,5 triệu” (đọc là -2500000) nhỏ hơn 0" in verdict.message_vi
    assert "“-2,5 triệu” (read as -2500000) is less than 0" in verdict.message_en
    (verdict,) = admit_file(PAYMENT, csv_of("NH01;Điện;Tiền mặt;H57;05/2023;0;-1.000;1;1")).rejected
    assert "“-1.000” nhỏ hơn 0" in verdict.message_vi


READINGS = "Mã trạm;Đại lượng đo;Thời điểm đo;Giá trị;Đơn vị đo"
LISTED = {"quantity": "salinity", "station": "", "low": "0", "high": "35"}


def test_a_value_beyond_a_range_is_told_in_its_own_unit_and_in_the_range_s() -> None:
    row = "ST01;salinity;17/05/2023 08:00;38500;mg/L"
    admitted = admit_file(READING, f"{READINGS}\n{row}".encode())
    ranges = Ranges([LISTED | {"valid_from": "2021-01-01", "valid_to": ""}])
    ((at, verdict),) = ranges.outside(READING, admitted.events)
    admitted.reject([replace(verdict, index=admitted.indexes[at])])
    (told_of,) = admitted.rejected
    assert told_of.value == "38500"
    assert "“38500” (38.5 g/L) ngoài ngưỡng 0–35 g/L của salinity" in told_of.message_vi
    assert "“38500” (38.5 g/L) is outside 0–35 g/L" in told_of.message_en


TOA5 = """"TOA5","ST01","CR300","30125","CR310","CPU:x.CR300","11873","Hourly"
"TIMESTAMP","RECORD","Sal","WaterTemp_Avg"
"TS","RN","psu","Deg C"
"","","Avg","Avg"
"""


def test_what_a_logger_wrote_is_shown_beside_what_it_is_read_as() -> None:
    rows = '"2025-03-01 07:00:00",1,70.0,28\n"2098-03-01 08:00:00",2,2.0,"28"\n'
    records = read_loggers("", f"{TOA5}{rows}".encode())
    judged = judge_arrived(READING, records, accepted_at(system_clock), Ranges)
    beyond, *early = (j for j in judged if isinstance(j, Verdict))
    assert (beyond.rule, beyond.value) == ("outside_range", "70.0")
    assert "“70.0” (đọc là 70.14) (g/L)" in beyond.message_vi
    assert "“70.0” (read as 70.14) (g/L)" in beyond.message_en
    assert [(v.rule, v.value) for v in early] == [("in_the_future", "2098-03-01 08:00:00")] * 2
