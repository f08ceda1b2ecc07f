"""Tables as analysts' tools take them: typed columns, read back by three engines; fields."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from fastapi import FastAPI

from hub import registry
from hub.access.keys import Sender
from hub.http.app import create_app
from hub.opening import load_province, open_hub
from hub.settings import Settings
from hub.sheets.columnar import ARROW, PARQUET, Heading, frame
from stream_jobs.worked import dossier, received
from tests.parts import lists
from tests.unit.http.test_app import get

SHARE = "/v1/kpis/dossier_on_time_share/ranking?period=2023-05&by=unit&compare=last_year"
OVERDUE = "/v1/lists/overdue?period=2023-06"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """A hub in which one department resolved three dossiers, one of them late, and owes one."""
    with open_hub(Settings(data_dir=tmp_path_factory.mktemp("hub"))) as hub:
        load_province(hub, lists.FOLDER, "An")
        events = [
            *(received(c, "2023-05-02", due="2023-05-10") for c in ("A", "B", "C")),
            *(dossier(c, "resolved", "2023-05-09") for c in ("A", "B")),
            dossier("C", "resolved", "2023-05-12"),
            received("D", "2023-05-02", due="2023-05-20"),
        ]
        gateway = hub.gateway()
        body = json.dumps(events).encode()
        assert gateway.accept(registry.contracts()["dossier"], Sender("An"), body).status == 202
        hub.runner.catch_up()
        yield create_app(hub, gateway)


def in_duckdb(
    app: FastAPI, path: str, folder: Path
) -> tuple[dict[str, str], list[tuple[Any, ...]]]:
    """Read a Parquet answer as DuckDB does: types by column, and rows."""
    answer = get(app, f"{path}&format=parquet")
    assert (answer.status_code, answer.headers["content-type"]) == (200, PARQUET)
    assert ".parquet" in answer.headers["content-disposition"]
    file = folder / "answer.parquet"
    file.write_bytes(answer.content)
    found = duckdb.sql(f"SELECT * FROM '{file}'")
    kinds = dict(zip(found.columns, map(str, found.types), strict=True))
    return kinds, found.fetchall()


def test_rows_of_a_kpi_are_typed_and_the_same_as_in_json(app: FastAPI, tmp_path: Path) -> None:
    (row,) = get(app, SHARE).json()["rows"]
    kinds, (cells,) = in_duckdb(app, SHARE, tmp_path)
    named = dict(zip(kinds, cells, strict=True))
    decimals = ("value", "beside", "difference", "pull", "lacks", "completeness")
    assert {kinds[n] for n in decimals} == {"DECIMAL(38,6)"}
    assert (kinds["numerator"], kinds["reported_last_on"]) == ("BIGINT", "DATE")
    assert named["unit"] == row["dims"]["unit"]
    assert (f"{named['value']:f}", named["numerator"]) == (row["value"], row["numerator"])
    assert (named["value"], named["status"]) == (Decimal("0.666667"), "provisional")
    # Nothing is known of the year before: a column of its type all the same.
    assert (named["beside"], row["beside"]) == (None, None)


def test_arrow_is_read_by_others_than_who_wrote_it(app: FastAPI) -> None:
    answer = get(app, f"{SHARE}&format=arrow")
    assert answer.headers["content-type"] == ARROW
    with pa.ipc.open_stream(answer.content) as stream:
        table = stream.read_all()
    assert table.schema.field("value").type == pa.decimal128(38, 6)
    assert table.schema.field("unit").type == pa.large_string()
    again = pl.read_ipc_stream(io.BytesIO(answer.content))
    assert again.rows() == [tuple(row.values()) for row in table.to_pylist()]


def test_lists_have_days_and_instants(app: FastAPI, tmp_path: Path) -> None:
    (row,) = get(app, OVERDUE).json()["rows"]
    kinds, (cells,) = in_duckdb(app, OVERDUE, tmp_path)
    named = dict(zip(kinds, cells, strict=True))
    assert kinds["received_at"] == "TIMESTAMP WITH TIME ZONE"
    assert named["received_at"] == datetime.fromisoformat(row["received_at"])
    assert (named["code"], row["code"]) == ("D", "D")
    headings = [Heading("Ngày", "day", "day"), Heading("Lúc", "at", "instant")]
    noon = datetime(2023, 5, 2, 12, tzinfo=UTC)
    made = frame(headings, [("2023-05-02", noon), (date(2023, 5, 3), None), (None, None)])
    assert made["day"].to_list() == [date(2023, 5, 2), date(2023, 5, 3), None]
    assert made["at"].to_list() == [noon, None, None]


def test_facts_and_days_across_are_tables_too(app: FastAPI, tmp_path: Path) -> None:
    facts = "/v1/kpis/dossier_resolved/facts?period=2023-05"
    kinds, rows = in_duckdb(app, facts, tmp_path)
    assert list(kinds.items()) == [
        ("entity", "VARCHAR"),
        ("numerator", "BIGINT"),
        ("denominator", "BIGINT"),
    ]
    assert [row[0] for row in rows] == ["A", "B", "C"]
    by_day = "/v1/kpis/dossier_resolved/ranking?period=2023-05&by=day"
    kinds, rows = in_duckdb(app, by_day, tmp_path)
    assert kinds["day"] == "DATE"
    counted = {row[0]: row[2] for row in rows if row[2]}
    assert counted == {date(2023, 5, 9): 2, date(2023, 5, 12): 1}
    across = "/v1/kpis/dossier_resolved/ranking?period=2023-Q2&by=unit,month&layout=cross"
    kinds, rows = in_duckdb(app, across, tmp_path)
    assert {"unit", "unit_name", "month=2023-05"} <= set(kinds)
    # Who names no format is answered as it asks by Accept; people read words, not codes.
    text = get(app, f"{SHARE}&format=csv").content.decode("utf-8-sig")
    assert "tạm tính" in text
    assert "provisional" not in text


def test_only_the_fields_that_are_asked_for_are_told(app: FastAPI) -> None:
    path = "/v1/kpis/dossier_on_time_share?period=2023-05&by=unit"
    (whole,) = get(app, path).json()["figures"]
    (figure,) = get(app, f"{path}&fields=value,numerator").json()["figures"]
    assert figure == {name: whole[name] for name in ("dims", "value", "numerator")}
    (row,) = get(app, f"{SHARE}&fields=value,pull").json()["rows"]
    assert set(row) == {"dims", "value", "pull"}
    figures = get(app, "/v1/kpis?period=2023&fields=value").json()["figures"]
    assert {tuple(f) for f in figures} == {("kpi", "dims", "value")}
    assert "figures" not in get(app, "/v1/kpis?fields=value").json()
    refused = get(app, f"{path}&fields=value,colour")
    assert refused.status_code == 400
    assert "there is no field 'colour'" in refused.json()["message_en"]
    refused = get(app, f"{SHARE}&format=pdf")
    assert "must be json, csv, xlsx, arrow or parquet" in refused.json()["message_en"]
