"""A scaffolded source works from the start; what is left to fill in fails by name."""

import importlib.util
import json
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hub import places, registry
from hub.connecting.connection import judge
from hub.connecting.scaffold import LANES, NewSourceError, new_case, new_source
from hub.definitions.contract import Contract

TODAY = date(2026, 11, 20)
SAMPLES = {"text": "A1", "integer": "12", "instant": "17/05/2023 08:00", "thousandths": "1,25"}


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"scaffolded_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["reading", "payment"])
def test_a_new_source_reads_a_file_as_it_stands(tmp_path: Path, name: str) -> None:
    contract = registry.contracts()[name]
    paths = new_source(tmp_path, "reservoir", contract, TODAY)
    home = tmp_path / "reservoir"
    assert all(p.is_file() for p in paths)
    source = loaded(home / "source.py").SOURCE
    assert (source.name, source.contract, source.since) == ("reservoir", name, TODAY)
    module = loaded(home / "connector.py")
    records = module.CONNECTOR.read("input.csv", a_file(module, contract))
    judged: list[Any] = judge(contract, records)
    assert len(judged) == 1
    # It reads: every column is found, and what the sample says is the contract's or named by it.
    assert isinstance(judged[0], list) or judged[0].rule not in ("missing_header", "required")


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


def a_file(module: ModuleType, contract: Contract) -> bytes:
    """Write a file of one row with the headers that a connector has."""
    fields = {f.name: f for f in contract.fields}
    headers, row = [], []
    for column in module.TABLE.columns:
        field = fields[column.field]
        headers.append(column.headers[0])
        row.append(str(field.limits["enum"][0]) if "enum" in field.limits else SAMPLES[field.kind])
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
    file = tmp_path / "hồ chứa.csv"
    file.write_bytes(a_file(module, contract))
    case = new_case(home, module.CONNECTOR, contract, "first", file)
    (record,) = json.loads((case / "expected.json").read_text("utf-8"))["records"]
    assert record["events"][0]["station_code"] == "A1"


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
