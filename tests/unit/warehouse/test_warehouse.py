"""What is laid down reads alike by two engines, value by value; commits fence each other."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from pyiceberg.expressions import AlwaysTrue, In
from pyiceberg.table import Table
from typer.testing import CliRunner

from hub import registry
from hub.access.keys import Sender
from hub.cli import app
from hub.clock import to_us
from hub.definitions.contract import Doc
from hub.locks import held
from hub.opening import OpenHub, open_hub
from hub.settings import Settings
from hub.warehouse.contents import INSTANT, MONTH, VALUE, Content, contents
from hub.warehouse.described import describe
from hub.warehouse.laying import (
    CUT,
    StaleError,
    Warehouse,
    WarehouseError,
    committing,
    differing,
    later,
    open_warehouse,
    summary,
    to_arrow,
)
from hub.warehouse.retaining import data_files, delete_orphans, expire, named_files, path_of, tag
from tests.parts import iceberg
from tests.parts.iceberg import files_by_hand

AT = 1_700_000_000_000_000
WORD = Doc("x", "y")
KINDS: dict[str, Any] = {
    MONTH: pl.String,
    "code": pl.String,
    "at": INSTANT,
    "count": pl.Int64,
    "value": VALUE,
    "is_it": pl.Boolean,
}
CONTENT = Content(
    "made", WORD, {n: (k, WORD) for n, k in KINDS.items()}, ("code",), lambda *_: iter(())
)
ROWS: list[tuple[Any, ...]] = [
    ("2023-05", "a", datetime(2023, 5, 17, 1, 0, 0, 123456, UTC), 1, Decimal("35.322400000"), True),
    ("2023-05", "b", None, None, None, None),
    (
        "2023-06",
        "Phường Vĩnh Châu",
        datetime(1969, 12, 31, tzinfo=UTC),
        -(2**62),
        Decimal(0),
        False,
    ),
    ("", "d", datetime(9999, 12, 30, tzinfo=UTC), 0, Decimal("-99999999999.999999999"), None),
]


def frame(rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=KINDS, orient="row").sort(MONTH, "code")


@pytest.fixture(autouse=True)
def _planned_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Polars plan by what is installed, without a word about what is not."""
    monkeypatch.setenv("POLARS_ICEBERG_PLANNER", "pyiceberg")


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    made = Warehouse(f"sqlite:///{tmp_path}/store.sqlite3", tmp_path / "kho dữ liệu")
    yield made
    made.close()


def table(warehouse: Warehouse, name: str = "made") -> Table:
    found = warehouse.find(name)
    assert found is not None
    return found


def by_duckdb(found: Table) -> list[tuple[Any, ...]]:
    """Read rows by DuckDB, which never meets pyiceberg."""
    names = ", ".join(f'"{n}"' for n in KINDS)
    return sorted(iceberg.by_duckdb(files_by_hand(found), names), key=lambda row: row[:2])


def by_polars(found: Table) -> list[tuple[Any, ...]]:
    """Read rows by Polars' own reader of Parquet, through its scan of Iceberg."""
    scanned = pl.scan_iceberg(found, reader_override="native")
    return scanned.select(*KINDS).sort(MONTH, "code").collect().rows()


def test_two_engines_read_every_value_alike(warehouse: Warehouse) -> None:
    warehouse.lay(CONTENT, frame(ROWS), "fee=4", AT)
    expected = frame(ROWS).rows()
    found = table(warehouse)
    assert by_duckdb(found) == expected
    assert by_polars(found) == expected
    assert differing(found, CONTENT) == []


def test_the_types_are_those_that_readers_expect(warehouse: Warehouse) -> None:
    warehouse.lay(CONTENT, frame(ROWS), "fee=4", AT)
    kinds = {f.name: str(f.field_type) for f in table(warehouse).schema().fields}
    assert kinds == {
        **{MONTH: "string", "code": "string", "at": "timestamptz", "count": "long"},
        **{"value": "decimal(38, 9)", "is_it": "boolean"},
    }
    with duckdb.connect() as connection:
        asked = 'SELECT typeof("at"), typeof(value) FROM read_parquet(?) LIMIT 1'
        row = connection.execute(asked, [files_by_hand(table(warehouse))]).fetchone()
    assert row == ("TIMESTAMP WITH TIME ZONE", "DECIMAL(38,9)")


def test_only_months_that_changed_are_written_and_the_cut_is_named(warehouse: Warehouse) -> None:
    warehouse.lay(CONTENT, frame(ROWS), "fee=4", AT)
    before = set(data_files(table(warehouse)))
    assert len(before) == 3, "a file a month"
    assert warehouse.lay(CONTENT, frame(ROWS), "fee=5", AT).snapshot is None
    changed = [*ROWS[:2], (*ROWS[2][:3], 7, *ROWS[2][4:])]  # one changes, one goes
    laid = warehouse.lay(CONTENT, frame(changed), "fee=6", AT + 1)
    assert (laid.rows, laid.months) == (3, 1)
    found = table(warehouse)
    assert len(set(data_files(found)) & before) == 1, "May was not written again"
    assert by_duckdb(found) == by_polars(found) == frame(changed).rows()
    assert summary(found)[CUT] == "fee=6"
    nothing = warehouse.lay(CONTENT, frame([]), "fee=7", AT)
    assert nothing.snapshot is not None
    assert by_polars(table(warehouse)) == []


def test_an_overwrite_that_comes_too_late_fails(warehouse: Warehouse) -> None:
    warehouse.lay(CONTENT, frame(ROWS), "fee=4", AT)
    stale = table(warehouse)
    warehouse.lay(CONTENT, frame(ROWS[:2]), "fee=6", AT)
    with pytest.raises(StaleError), committing("made"):
        stale.overwrite(to_arrow(frame(ROWS)), overwrite_filter=AlwaysTrue())
    other = table(warehouse)
    warehouse.lay(CONTENT, frame([*ROWS[:2], ROWS[3]]), "fee=7", AT)
    with pytest.raises(StaleError), committing("made"):
        # Of other months, too: what it says of all months is no longer so.
        other.overwrite(
            to_arrow(frame([ROWS[2]])), overwrite_filter=In(term=MONTH, literals={"2023-06"})
        )
    assert by_polars(table(warehouse)) == frame([*ROWS[:2], ROWS[3]]).rows()


def test_an_earlier_cut_is_not_laid_over_a_later_one_unless_that_is_said(
    warehouse: Warehouse,
) -> None:
    warehouse.lay(CONTENT, frame(ROWS), "dossier=9,fee=4", AT)
    with pytest.raises(StaleError, match="dossier=9"):
        warehouse.lay(CONTENT, frame(ROWS[:1]), "dossier=8,fee=9", AT)
    warehouse.lay(CONTENT, frame(ROWS[:1]), "dossier=8,fee=9", AT, anew=True)
    assert by_duckdb(table(warehouse)) == frame(ROWS[:1]).rows()
    assert not later("", "fee=1")
    assert not later("empty", "fee=1")


def test_only_whole_snapshots_name_a_cut(warehouse: Warehouse) -> None:
    """A commit that replaces months has a snapshot in between, without them."""
    warehouse.lay(CONTENT, frame(ROWS), "fee=1", AT)
    changed = [(*ROWS[0][:3], 9, *ROWS[0][4:]), *ROWS[1:]]
    warehouse.lay(CONTENT, frame(changed), "fee=2", AT)
    found, cuts = table(warehouse), []
    for snapshot in found.snapshots():
        assert snapshot.summary is not None
        said = snapshot.summary.additional_properties
        if CUT in said:
            rows: Any = pl.from_arrow(found.scan(snapshot_id=snapshot.snapshot_id).to_arrow())
            assert len(rows) == len(ROWS)
            cuts.append(said[CUT])
    assert cuts == ["fee=1", "fee=2"]
    assert len(found.snapshots()) > len(cuts)


def test_a_table_is_made_with_its_months_at_once(warehouse: Warehouse) -> None:
    """Who is killed right after that leaves no table without them."""
    warehouse.lay(CONTENT, frame(ROWS), "fee=1", AT)
    metadata = path_of(table(warehouse).location()) / "metadata"
    files = sorted(metadata.glob("00000-*.metadata.json"))
    assert files
    for path in files:
        specs = json.loads(path.read_text())["partition-specs"]
        assert [f["name"] for f in specs[-1]["fields"]] == [MONTH]


def test_a_folder_that_is_away_is_said(warehouse: Warehouse, tmp_path: Path) -> None:
    warehouse.lay(CONTENT, frame(ROWS), "fee=1", AT)
    url = f"sqlite:///{tmp_path}/store.sqlite3"
    gone = warehouse.folder.rename(tmp_path / "gone")
    for instead in (warehouse.folder.touch, warehouse.folder.mkdir):
        instead()
        with (
            pytest.raises(WarehouseError, match="cannot be read or written"),
            open_warehouse(url, warehouse.folder) as opened,
        ):
            opened.lay(CONTENT, frame(ROWS[:1]), "fee=2", AT)
        if warehouse.folder.is_file():
            warehouse.folder.unlink()
    warehouse.folder.rmdir()
    gone.rename(warehouse.folder)
    assert by_polars(table(warehouse)) == frame(ROWS).rows()


def test_old_snapshots_and_orphans_go_and_what_an_edition_names_stays(
    warehouse: Warehouse,
) -> None:
    warehouse.lay(CONTENT, frame(ROWS[:1]), "fee=1", AT)
    assert tag(table(warehouse), ["e1"]) == ["closing-e1"]
    kept = table(warehouse).current_snapshot()
    assert kept is not None
    for number in range(2, 4):
        warehouse.lay(CONTENT, frame([(*ROWS[0][:3], number, *ROWS[0][4:])]), f"fee={number}", AT)
    assert tag(table(warehouse), ["e1"]) == [], "it keeps the snapshot that was present then"
    gone = data_files(table(warehouse))
    warehouse.lay(CONTENT, frame(ROWS), "fee=9", AT)
    soon = int(time.time() * 1000) + 60_000
    assert expire(table(warehouse), soon) > 2
    found = table(warehouse)
    assert len(found.snapshots()) == 2
    stray = path_of(found.location()) / "data" / "stray.parquet"
    stray.write_bytes(b"x")
    assert delete_orphans(found, 3600) == [], "a commit that runs names its files last"
    deleted = delete_orphans(found, -60)
    assert stray in deleted
    assert set(gone) <= set(deleted)
    assert all(p.exists() for p in named_files(found))
    past: Any = pl.from_arrow(found.scan(snapshot_id=kept.snapshot_id).to_arrow())
    assert past["code"].to_list() == ["a"]
    assert by_polars(found) == frame(ROWS).rows()


def falsify(path: Path, name: str) -> None:
    """Write another number into a column of a file, which stays a file of its table."""
    rows = pq.ParquetFile(path).read()
    at = rows.schema.get_field_index(name)
    changed = pa.array([5] * len(rows), rows.schema.field(at).type)
    pq.write_table(rows.set_column(at, rows.schema.field(at), changed), path)


def test_a_file_that_was_changed_is_named_by_its_month(warehouse: Warehouse) -> None:
    warehouse.lay(CONTENT, frame(ROWS), "fee=4", AT)
    (path,) = [p for p in data_files(table(warehouse)) if "month=2023-06" in str(p)]
    falsify(path, "count")
    assert differing(table(warehouse), CONTENT) == ["2023-06"]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(WarehouseError, match="made"):
        differing(table(warehouse), CONTENT)


def test_a_column_that_is_new_is_added(warehouse: Warehouse) -> None:
    warehouse.lay(CONTENT, frame(ROWS), "fee=4", AT)
    columns = {**CONTENT.columns, "more": (pl.Int64, WORD)}
    wider = Content("made", WORD, columns, ("code",), CONTENT.rows)
    warehouse.lay(wider, frame(ROWS).with_columns(more=pl.lit(1, pl.Int64)), "fee=5", AT)
    assert differing(table(warehouse), wider) == []


def fee(number: int, month: int) -> dict[str, Any]:
    return {
        "event_id": f"e{number}",
        "dossier_code": f"H57.132-2305{month:02}-{number:04}",
        "fee_code": "LP01",
        "unit": "H57.132",
        "kind": "assessed",
        "occurred_at": f"2023-{month:02}-17T08:00:00.123456+07:00",
        "amount_vnd": 1000 + number,
    }


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[OpenHub]:
    with open_hub(Settings(data_dir=tmp_path / "hub")) as found:
        gateway = found.gateway()
        body = json.dumps([fee(n, n % 3 + 4) for n in range(30)]).encode()
        gateway.accept(registry.contracts()["fee"], Sender("x"), body)
        gateway.close()
        found.runner.catch_up()
        yield found


def test_facts_sums_figures_and_editions_are_those_of_the_store(
    hub: OpenHub, warehouse: Warehouse
) -> None:
    with hub.store.reading() as reading:
        book, at = hub.book(reading), to_us(hub.clock())
        listed = contents(hub.store.definitions, hub.kpis)
        for content in listed:
            warehouse.lay(content, content.frame(book, at), reading.cut(), at)
        cut = reading.cut()
    found = table(warehouse, "fact_fee")
    assert summary(found)[CUT] == cut
    with duckdb.connect() as connection:
        asked = "SELECT count(*), sum(assessed_vnd), count(DISTINCT month) FROM read_parquet(?)"
        row = connection.execute(asked, [files_by_hand(found)]).fetchone()
    assert row == (30, sum(1000 + n for n in range(30)), 3)
    shown = {f.name for f in found.schema().fields}
    (fact,) = [f for f in hub.store.definitions.facts.values() if f.contract == "fee"]
    assert shown == {MONTH, "code", "is_disputed", *fact.shown}, "no column that is not shown"
    figures = {c.name: c for c in listed}["figure"]
    said = pl.scan_iceberg(table(warehouse, "figure"), reader_override="native").collect()
    assert set(said["period"].str.slice(0, 4)) >= {"2023"}
    assert said.schema["value"] == figures.schema["value"]
    describe(warehouse.folder, "Tỉnh", [(c, table(warehouse, c.name)) for c in listed])
    told = json.loads((warehouse.folder / "contents.json").read_text())
    (fees,) = [t for t in told["tables"] if t["name"] == "fact_fee"]
    assert fees["rows"] == 30
    assert [str(warehouse.folder / f) for f in fees["files"]] == sorted(files_by_hand(found))
    assert "dcat:Catalog" in (warehouse.folder / "contents.ttl").read_text()


def test_the_commands_write_list_and_verify(
    tmp_path: Path, hub: OpenHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / "hub"))
    runner = CliRunner()

    def run(*words: str) -> Any:
        return runner.invoke(app, ["warehouse", *words])

    assert run("verify").exit_code == 1, "nothing was written"
    with held(tmp_path / "hub" / "store.sqlite3.warehouse.lock"):
        beside = run("write")
    assert (beside.exit_code, "another one is writing" in beside.stderr) == (1, True)
    assert run("write").exit_code == 0
    again = run("write")
    assert again.exit_code == 0
    lines = [line.split("\t") for line in again.stdout.splitlines()]
    assert ["fact_fee", "30", "0", "="] in lines, "nothing changed since"
    assert "fact_fee\t30\t3\t1" in run("list").stdout
    assert run("verify").exit_code == 0
    closing = runner.invoke(app, ["period", "close", "2023-04", "--by", "Nguyễn Thị An"])
    assert closing.exit_code == 0
    assert run("write").exit_code == 0
    laid = Warehouse(hub.settings.store_url, hub.settings.warehouse)
    official = pl.scan_iceberg(table(laid, "official_figure"), reader_override="native").collect()
    assert {"fee_collected"} <= set(official["kpi"])
    assert set(official["status"]) == {"official"}
    assert set(official["period"]) == {"2023-04"}
    editions = pl.scan_iceberg(table(laid, "edition"), reader_override="native").collect()
    assert set(editions["report"]) == {"06a", "06b"}
    for name in laid.names():
        assert [r for r in table(laid, name).refs() if r.startswith("closing-2023-04")]
    laid.close()
    folder = tmp_path / "hub" / "warehouse"
    path = next(p for p in folder.rglob("*.parquet") if "fact_fee" in str(p))
    falsify(path, "assessed_vnd")
    told = run("verify")
    assert told.exit_code == 1
    assert "fact_fee\t2023-0" in told.stdout
