"""A scaffolded source works from the start; what is left to fill in fails by name."""

import ast
import importlib
import importlib.util
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import connectors
from hub import places, registry
from hub.connecting.connection import judge
from hub.connecting.feeds import Record
from hub.connecting.scaffold import LANES, NewSourceError, _headers, new_case, new_source
from hub.definitions.admission import Verdict
from hub.definitions.again import Again
from hub.definitions.coded import example
from hub.definitions.contract import Contract, Doc, WireField
from hub.sheets.files import shown_code
from stream_jobs.worked import salinity

TODAY = date(2026, 11, 20)
SAMPLES = {"text": "A1", "integer": "12", "instant": "17/05/2023 08:00", "thousandths": "1,25"}


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"scaffolded_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give where a new source will be, among those that are installed."""
    monkeypatch.setattr(connectors, "__path__", [*connectors.__path__, str(tmp_path)])
    yield tmp_path / "reservoir"
    for name in [n for n in sys.modules if n.startswith("connectors.reservoir")]:
        del sys.modules[name]


@pytest.mark.parametrize("name", registry.contracts())
def test_a_new_source_reads_a_file_as_it_stands(home: Path, name: str) -> None:
    contract = registry.contracts()[name]
    paths = new_source(home.parent, "reservoir", contract, TODAY)
    assert all(p.is_file() for p in paths)
    source = importlib.import_module("connectors.reservoir.source").SOURCE
    assert (source.name, source.contract, source.since) == ("reservoir", name, TODAY)
    module = importlib.import_module("connectors.reservoir.connector")
    assert source.again is module.AGAIN
    records = module.CONNECTOR.read(f"input-{TODAY}.csv", a_file(module, contract))
    (judged,) = judge(contract, records)
    # Codes as people call them, written days and instants are read; what a kind needs may lack.
    faults = judged.each() if isinstance(judged, Verdict) else []
    columns = [column.field for column in module.TABLE.columns]
    assert [f for f in faults if f.rule != "required" or f.field in columns] == []
    # What is corrected is read as the file was.
    read = source.again.read(records[0].original, records[0].original)
    assert isinstance(read, Verdict) if faults else read == list(records[0].events)


def test_a_row_that_says_another_thing_is_another_event(home: Path) -> None:
    contract = registry.contracts()["document"]
    new_source(home.parent, "reservoir", contract, TODAY)
    read = loaded(home / "connector.py").CONNECTOR.read
    head = (
        "Đơn vị;Cấp;Ngày;Lần điều chỉnh;Số văn bản đã xử lý;Số văn bản xử lý trên môi trường mạng"
    )
    rows = (
        "H57.1;Cấp xã;17/05/2023;0;10;8",
        "H57.1;xã;17/05/2023;0;10;8",
        "H57.1;xã;2023-05-17;0;12;8",
    )
    first, again, other = read("input.csv", "\n".join((head, *rows)).encode())
    assert first.events == again.events
    assert (first.events[0]["level"], first.events[0]["day"]) == ("commune", "2023-05-17")
    assert other.events[0]["event_id"] != first.events[0]["event_id"]


def test_a_later_day_s_file_corrects_an_earlier_one(home: Path) -> None:
    contract = registry.contracts()["reading"]
    new_source(home.parent, "reservoir", contract, TODAY)
    read = loaded(home / "connector.py").CONNECTOR.read
    head = "Mã trạm;Thời điểm đo;Đại lượng đo;Giá trị;Đơn vị đo"
    rows = [f"ST01;16/05/2026 08:00;mực nước;{value};m" for value in ("1", "2")]
    days = [f"{head}\n{row}".encode() for row in rows]
    (later,) = read("ho-2026-05-18.csv", days[1])
    (earlier,) = read("ho-2026-05-17.csv", days[0])
    (second,) = read("ho-2026-05-17-2.csv", days[1])
    told = [r.events[0]["recorded_at"] for r in (earlier, second, later)]
    assert told == sorted(set(told))
    # One name of one day: what is told otherwise has the same id, and is a conflict.
    (otherwise,) = read("ho-2026-05-17.csv", days[1])
    assert otherwise.events[0]["event_id"] == earlier.events[0]["event_id"]
    assert len({r.events[0]["event_id"] for r in (earlier, second, later)}) == 3
    (refused,) = read("ho.csv", days[0])
    assert refused.verdict is not None
    assert refused.verdict.rule == "no_day_in_name"


def test_of_a_value_that_may_be_absent_the_column_must_be_there(home: Path) -> None:
    """A station that is silent is told so by a blank value and its flag, not by no column."""
    contract = registry.contracts()["reading"]
    new_source(home.parent, "reservoir", contract, TODAY)
    path = home / "connector.py"
    flag = 'Column("quality", ("Cờ",), integer, may_be_blank=True),'
    text = path.read_text("utf-8").replace("#   quality: Cờ chất lượng QARTOD", flag)
    path.write_text(text.replace("import exact", "import exact, integer"), "utf-8")
    module = loaded(path)
    rows = "ST01;16/05/2026 08:00;mực nước;{};m;{}\n"
    head = "Mã trạm;Thời điểm đo;Đại lượng đo;Giá trị;Đơn vị đo;Cờ\n"
    content = head + rows.format("1,5", "") + rows.format("", "9") + rows.format("", "")
    judged = judge(contract, module.CONNECTOR.read("a-2026-05-17.csv", content.encode()))
    assert [isinstance(j, Verdict) for j in judged] == [False, False, True]
    without = (head + rows.format("1,5", "1")).replace(";Giá trị", "").replace(";1,5", "")
    (record,) = module.CONNECTOR.read("a-2026-05-17.csv", without.encode())
    assert record.verdict is not None
    assert (record.verdict.rule, record.verdict.value) == ("missing_header", "Giá trị")


@pytest.mark.parametrize("name", registry.contracts())
def test_what_is_written_has_lines_as_the_house_has_them(tmp_path: Path, name: str) -> None:
    for path in new_source(tmp_path, "reservoir", registry.contracts()[name], TODAY):
        assert [line for line in path.read_text("utf-8").splitlines() if len(line) > 100] == []


@pytest.mark.parametrize("name", registry.contracts())
def test_columns_have_the_titles_that_are_in_use(tmp_path: Path, name: str) -> None:
    contract = registry.contracts()[name]
    new_source(tmp_path, "roads", contract, TODAY)
    also = {f.name: f.doc.also for f in contract.fields}
    for column in loaded(tmp_path / "roads" / "connector.py").TABLE.columns:
        assert set(also[column.field]) <= set(column.headers)


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("name", ["dossier", "payment", "reading"])
def test_a_new_source_over_a_database_needs_its_mapping_alone(
    tmp_path: Path, name: str, lane: str
) -> None:
    """A row with the fields' own names is read as it stands: no line of code is to be written."""
    contract = registry.contracts()[name]
    new_source(tmp_path, "roads", contract, TODAY, lane)
    home = tmp_path / "roads"
    module = loaded(home / "connector.py")
    assert isinstance(module.AGAIN, Again)
    needed = [f for f in contract.fields if not f.optional and f.name != "event_id"]
    row: dict[str, Any] = {"id": 7}
    for f in needed:
        row[f.name] = f.limits["enum"][0] if "enum" in f.limits else SAMPLES[f.kind]
    value = {"op": "c", "after": row, "source": {"lsn": 1}}
    said = row if lane == "table" else {"key": {"id": 7}, "value": value}
    (record,) = module.CONNECTOR.read("input.json", json.dumps(said).encode())
    judged = record.verdict or judge(contract, [record])[0]
    assert isinstance(judged, list) or judged.rule not in ("missing_header", "required")


def test_a_name_whose_settings_would_be_taken_for_others_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NewSourceError, match="HUB_KAFKAS_URL"):
        new_source(tmp_path, "kafkas", registry.contracts()["fee"], TODAY, "table")
    with pytest.raises(NewSourceError, match="HUB_OUTAGES_URL would be taken for HUB_TRACES_URL"):
        new_source(tmp_path, "outages", registry.contracts()["fee"], TODAY, "table")
    assert new_source(tmp_path, "outages", registry.contracts()["fee"], TODAY)  # it has no URL


def a_file(module: ModuleType, contract: Contract) -> bytes:
    """Write a file of one row with the headers that a connector has."""
    fields = {f.name: f for f in contract.fields}
    headers, row = [], []
    for column in module.TABLE.columns:
        field = fields[column.field]
        headers.append(column.headers[0])
        codes = field.limits.get("enum")
        said = shown_code(contract, field.name, codes[0]) if codes else None
        row.append(said or example(contract, field, in_file=True))
    return f"{';'.join(headers)}\n{';'.join(row)}\n".encode()


def test_a_new_source_keeps_out_what_its_contract_is_barred_from(tmp_path: Path) -> None:
    new_source(tmp_path, "papers", registry.contracts()["document"], date(2026, 1, 1))
    assert "bars=Document.spec.bars," in (tmp_path / "papers" / "connector.py").read_text("utf-8")
    new_source(tmp_path, "banks", registry.contracts()["payment"], date(2026, 1, 1))
    assert "bars" not in (tmp_path / "banks" / "connector.py").read_text("utf-8")


def test_headers_are_edited_and_the_first_case_made_of_a_file_with_them(tmp_path: Path) -> None:
    contract = registry.contracts()["reading"]
    new_source(tmp_path, "reservoir", contract, TODAY)
    home = tmp_path / "reservoir"
    assert list((home / "cases").iterdir()) == [], "no case holds headers that were never sent"
    path = home / "connector.py"
    text = path.read_text("utf-8")
    assert text.count('"Mã trạm"') == 1
    path.write_text(text.replace('"Mã trạm"', '"Mã hồ chứa"'), "utf-8")
    module = loaded(path)
    file = tmp_path / "hồ chứa 2026-05-17.csv"
    file.write_bytes(a_file(module, contract))
    case = new_case(home, module.CONNECTOR, contract, "first", file)
    (record,) = json.loads((case / "expected.json").read_text("utf-8"))["records"]
    assert record["events"][0]["station_code"] == "ST01"


@pytest.mark.parametrize("name", ["", "Hồ", "a", "2x", "a-b", "../a"])
def test_a_name_that_is_no_module_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(NewSourceError):
        new_source(tmp_path, name, registry.contracts()["reading"], TODAY)
    assert list(tmp_path.iterdir()) == []


def test_a_source_that_is_there_is_left_alone(tmp_path: Path) -> None:
    contract = registry.contracts()["reading"]
    new_source(tmp_path, "reservoir", contract, TODAY)
    (tmp_path / "reservoir" / "source.py").write_text("mine")
    with pytest.raises(NewSourceError):
        new_source(tmp_path, "reservoir", contract, TODAY)
    assert (tmp_path / "reservoir" / "source.py").read_text() == "mine"


def test_a_case_is_made_from_a_file(tmp_path: Path) -> None:
    contract = registry.contracts()["payment"]
    home = places.connectors_folder() / "payments"
    connector = registry.connectors()["payments"]
    given = next(home.glob("cases/*/input.csv"))
    case = new_case(tmp_path, connector, contract, "again", given)
    assert (case / "input.csv").read_bytes() == given.read_bytes()
    assert json.loads((case / "expected.json").read_text("utf-8")) == json.loads(
        given.with_name("expected.json").read_text("utf-8")
    )
    for name, file in (("again", given), ("Hồ", given), ("other", tmp_path / "none.csv")):
        with pytest.raises(NewSourceError):
            new_case(tmp_path, connector, contract, name, file)


def test_a_case_keeps_a_name_that_its_reader_reads(tmp_path: Path) -> None:
    """A day that is said in the file's name alone, as monthly exports have it."""
    contract = registry.contracts()["reading"]

    def read(name: str, _: bytes) -> list[Record]:
        day = name.removesuffix(".csv")[-8:]
        at = f"{day[:4]}-{day[4:6]}-{day[6:]}T08:00:00+07:00"
        return [Record(b"", ({**salinity("ST01", "2025-04-01", 1), "measured_at": at},))]

    file = tmp_path / "Số liệu 20250401.csv"
    file.write_bytes(b"1")
    connector = replace(registry.connectors()["payments"], read=read)
    case = new_case(tmp_path, connector, contract, "april", file)
    assert (case / "input-Số liệu 20250401.csv").read_bytes() == b"1"
    (record,) = json.loads((case / "expected.json").read_text("utf-8"))["records"]
    (event,) = record["events"]
    assert event["measured_at"] == "2025-04-01T08:00:00+07:00"


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("Xã, phường thu gom", ("Xã", "Xã, phường thu gom")),
        ("Khối lượng (kg)", ("Khối lượng",)),
        ("Giá trị, tối đa ba số lẻ; trên đường truyền là phần nghìn", ("Giá trị",)),
    ],
)
def test_what_stands_behind_a_comma_may_be_of_the_name(name: str, titles: tuple[str, ...]) -> None:
    field = WireField("place", "text", False, Doc(name, "Place"), {})
    assert ast.literal_eval(_headers(field)) == titles
