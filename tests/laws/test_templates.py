"""Templates of every contract: filled in as a person would and sent back, they are read at once."""

import csv
import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from polars.testing import assert_frame_equal

from hub import registry
from hub.clock import VIETNAM
from hub.definitions.admission import BodyError, admit
from hub.definitions.contract import Contract
from hub.sheets.asked import Asked, asked_of, texts_of
from hub.sheets.files import AdmittedFile, admit_file, table_of
from hub.sheets.numbers import EXACT_MAX
from hub.sheets.template import contract_csv, contract_workbook

CONTRACTS = registry.contracts()
CASES = Path(__file__).parents[2] / "schemas" / "cases"
CODES = {"units": [("H57", "Tỉnh"), ("H57.132", "Xã Một")], "stations": [("ST01", "Vàm")]}
every_contract = pytest.mark.parametrize("contract", CONTRACTS.values(), ids=list(CONTRACTS))


def cases(contract: Contract) -> list[dict[str, Any]]:
    text = (CASES / f"{contract.name}.json").read_text("utf-8")
    decimals = {f.name for f in contract.fields if f.kind == "thousandths"}
    return [
        {k: float(v) if k in decimals and v else v for k, v in case.items()}
        for case in json.loads(text)["pass"]
    ]


def typed(contract: Contract, column: Asked, value: Any) -> Any:
    """Give a value as somebody types it: names for codes, days as they are written here."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "có" if value else "không"
    if isinstance(value, str) and column.choices:
        return next(text for text, code in column.choices if code == value)
    if isinstance(value, int) and value > EXACT_MAX:
        return str(value)  # which no number of a cell holds to the last digit
    if column.kind == "instant":
        return datetime.fromisoformat(value.replace("Z", "+00:00")).astimezone(VIETNAM)
    return value


def as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%d/%m/%Y %H:%M:%S.%f}"
    return str(value).replace(".", ",") if isinstance(value, float) else str(value)


def agree(contract: Contract, file: AdmittedFile) -> None:
    """Hold what was read against the same events sent as JSON."""
    assert file.rejected == []
    assert {p.what for p in file.understood.passed} <= {"sheet"}
    sent = admit(contract, json.dumps(cases(contract)).encode())
    assert_frame_equal(file.events, sent.events)


@every_contract
def test_a_workbook_that_is_filled_in_is_read_without_a_question(contract: Contract) -> None:
    book = openpyxl.load_workbook(io.BytesIO(contract_workbook(contract, CODES)))
    sheet = book.worksheets[0]
    columns = asked_of(contract)
    assert [c.value for c in sheet[1]] == [a.header for a in columns]
    for row, case in enumerate(cases(contract), 2):
        for at, column in enumerate(columns, 1):
            value = typed(contract, column, case.get(column.field))
            if isinstance(value, datetime) and (value.second or value.microsecond):
                value = as_text(value)  # which a cell of hours and minutes does not show
            if isinstance(value, datetime):
                value = value.replace(tzinfo=None)
            cell = sheet.cell(row, at, value or None if isinstance(value, str) else value)
            letter = openpyxl.utils.get_column_letter(at)
            cell.number_format = sheet.column_dimensions[letter].number_format
    file = io.BytesIO()
    book.save(file)
    agree(contract, admit_file(contract, file.getvalue()))


@every_contract
def test_a_csv_that_is_filled_in_is_read_without_a_question(contract: Contract) -> None:
    columns = asked_of(contract)
    file = io.StringIO(contract_csv(contract).decode())
    file.seek(0, io.SEEK_END)
    writer = csv.writer(file, delimiter=";")
    for case in cases(contract):
        writer.writerow([as_text(typed(contract, c, case.get(c.field))) for c in columns])
    agree(contract, admit_file(contract, file.getvalue().encode()))


@every_contract
def test_a_workbook_offers_what_may_be_chosen_and_keeps_codes_as_text(contract: Contract) -> None:
    book = openpyxl.load_workbook(io.BytesIO(contract_workbook(contract, CODES)))
    sheet = book.worksheets[0]
    offered = {str(v.sqref).split("2:")[0]: v for v in sheet.data_validations.dataValidation}
    for at, column in enumerate(asked_of(contract), 1):
        letter = openpyxl.utils.get_column_letter(at)
        offer = offered[letter]
        assert offer.prompt.startswith(column.doc.vi[:40])
        choices = column.choices or CODES.get(column.list_name, ())
        assert (offer.type == "list") == bool(choices)
        if choices:
            # A closed set stops another value; a list does not, as it may not be whole.
            assert offer.errorStyle == ("stop" if column.choices else "warning")
            name, cells = next(book.defined_names[f"chon_{column.field}"].destinations)
            texts = [str(c.value) for (c,) in book[name][cells.replace("$", "")]]
            assert texts == [c for c, _ in choices]
        if column.kind in ("text", "period"):
            assert sheet.column_dimensions[letter].number_format == "@"
    guide = [row[0].value for row in book["Hướng dẫn"].iter_rows(min_row=6)]
    assert guide == [f"[{c.header}]" for c in asked_of(contract)]


@every_contract
def test_an_empty_template_says_that_it_is_empty(contract: Contract) -> None:
    for data in (contract_csv(contract), contract_workbook(contract, {})):
        with pytest.raises(BodyError) as raised:
            admit_file(contract, data)
        assert raised.value.rule == "empty"


@every_contract
def test_a_row_is_shown_as_a_clerk_writes_it_and_read_again_as_it_was(contract: Contract) -> None:
    reads = {c.field: c.reads for c in table_of(contract).columns}
    items = [texts_of(contract, json.dumps(case)) for case in cases(contract)]
    again = [{name: reads[name](text) for name, text in item.items() if text} for item in items]
    body = json.dumps(again, default=float).encode()
    admitted = admit(contract, body)
    assert admitted.rejected == []
    sent = admit(contract, json.dumps(cases(contract)).encode())
    assert_frame_equal(admitted.events, sent.events)
    assert not any(text.endswith("+07:00") for item in items for text in item.values())
