"""Laying down: a table's rows of one cut become an Iceberg snapshot, whole or not at all.

A table is cut into files by month. A digest of each month is kept in the snapshot's summary: months
that say what they said are not written again. A commit goes on from the snapshot that was read;
where another one came between, it fails, and so does one of an earlier cut of the log.
"""

import hashlib
import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NoSuchTableError,
    TableAlreadyExistsError,
    ValidationException,
)
from pyiceberg.expressions import AlwaysTrue, In
from pyiceberg.table import Table

from hub.troubles import TroubleError
from hub.warehouse.contents import MONTH, Content

CATALOGUE, NAMESPACE = "hub", "lgsp"
CUT, AT, ROWS, DIGESTS, DIGEST = "hub.cut", "hub.at", "hub.rows", "hub.months", "hub.digest"
DIGEST_BYTES = 16
FORMAT = {
    "format-version": "2",
    "write.parquet.compression-codec": "zstd",
    # A commit that came too late would try again by itself, and say what no longer holds.
    "commit.retry.num-retries": "0",
}


class WarehouseError(TroubleError):
    """The warehouse cannot be written or read; the message says why."""


class StaleError(WarehouseError):
    """Another commit came between, or what is there is of a later cut."""


@dataclass(frozen=True)
class Laid:
    """What became of a table: rows, months that were written, and the snapshot; none: unchanged."""

    name: str
    rows: int
    months: int
    snapshot: int | None


class Warehouse:
    """Iceberg tables in a folder, with their catalogue in the store's database."""

    def __init__(self, store_url: str, folder: Path) -> None:
        self.folder = folder.absolute()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.catalogue = SqlCatalog(
            CATALOGUE, uri=store_url, warehouse=str(self.folder), pool_pre_ping="true"
        )
        self.catalogue.create_namespace_if_not_exists(NAMESPACE)

    def close(self) -> None:
        """Close the catalogue's connections."""
        self.catalogue.engine.dispose()

    def names(self) -> list[str]:
        """List the tables that are there."""
        return sorted(name for _, name in self.catalogue.list_tables(NAMESPACE))

    def find(self, name: str) -> Table | None:
        """Give a table; None where it was never written."""
        try:
            return self.catalogue.load_table((NAMESPACE, name))
        except NoSuchTableError:
            return None

    def lay(
        self, content: Content, frame: pl.DataFrame, cut: str, at: int, *, anew: bool = False
    ) -> Laid:
        """Write what changed since the last commit; `anew`: everything, whatever is there.

        Raises `StaleError`.
        """
        table = self.find(content.name) or self._made(content)
        table = _in_form(table, content)
        before = summary(table)
        if not anew and later(before.get(CUT, ""), cut):
            vi, en = "đã có bản của thời điểm sau", "one of a later cut is there"
            raise StaleError(f"{content.name}: {vi} | {en}: {before[CUT]}")
        now = digests(frame)
        known: dict[str, str] = json.loads(before.get(DIGESTS, "{}"))
        changed = [m for m, digest in now.items() if anew or known.get(m) != digest]
        gone = [m for m in known if m not in now]
        if not changed and not gone and table.current_snapshot() is not None:
            return Laid(content.name, len(frame), 0, None)
        properties = {
            CUT: cut,
            AT: str(at),
            ROWS: str(len(frame)),
            DIGESTS: json.dumps(now, sort_keys=True),
            DIGEST: digest_of(now),
        }
        rows = to_arrow(frame.filter(pl.col(MONTH).is_in(changed)))
        where = AlwaysTrue() if anew or not known else In(term=MONTH, literals={*changed, *gone})
        with committing(content.name), table.transaction() as commit:
            if len(rows):
                # The snapshot in between lacks what is written next: it is to name no cut.
                commit.delete(where)
                commit.append(rows, snapshot_properties=properties)
            else:
                commit.overwrite(rows, overwrite_filter=where, snapshot_properties=properties)
        snapshot = table.current_snapshot()
        return Laid(
            content.name,
            len(frame),
            len(changed),
            None if snapshot is None else snapshot.snapshot_id,
        )

    def _made(self, content: Content) -> Table:
        rows = to_arrow(pl.DataFrame(schema=content.schema))
        name = (NAMESPACE, content.name)
        # At once: a table that is there without its months would stay without them.
        with (
            committing(content.name),
            self.catalogue.create_table_transaction(name, rows.schema, properties=FORMAT) as made,
            made.update_spec() as update,
        ):
            update.add_identity(MONTH)
        return self.catalogue.load_table(name)


@contextmanager
def open_warehouse(store_url: str, folder: Path) -> Iterator[Warehouse]:
    """Open the warehouse, and close it; raises `WarehouseError` where its folder is away.

    Of the catalogue's database it raises what that does: `Store.named_errors` says what.
    """
    warehouse = None
    try:
        warehouse = Warehouse(store_url, folder)
        yield warehouse
    except OSError as error:
        vi, en = "không đọc hay ghi được thư mục", "the folder cannot be read or written"
        raise WarehouseError(f"{folder}: {vi} | {en}: {error}") from error
    finally:
        if warehouse is not None:
            warehouse.close()


@contextmanager
def committing(name: str) -> Iterator[None]:
    """Say of a commit that came too late that it did."""
    try:
        with warnings.catch_warnings():
            # A first commit takes nothing away, and neither does one of new months alone.
            warnings.filterwarnings("ignore", "Delete operation did not match")
            yield
    except (CommitFailedException, TableAlreadyExistsError, ValidationException) as error:
        vi, en = "có lần ghi khác chen vào", "another commit came between"
        raise StaleError(f"{name}: {vi} | {en}: {error}") from error


def _in_form(table: Table, content: Content) -> Table:
    """Add columns that a definition has gained; those that it lost stay, and are empty."""
    there = {f.name for f in table.schema().fields}
    if not set(content.schema) - there:
        return table
    wanted = to_arrow(pl.DataFrame(schema=content.schema)).schema
    with table.update_schema() as update:
        update.union_by_name(wanted)
    return table.refresh()


def to_arrow(frame: pl.DataFrame) -> pa.Table:
    """Give a frame with the types that old readers know: no views of texts."""
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def summary(table: Table) -> Mapping[str, str]:
    """Give what the current snapshot says of itself; nothing where there is none."""
    snapshot = table.current_snapshot()
    if snapshot is None or snapshot.summary is None:
        return {}
    return dict(snapshot.summary.additional_properties)


def digests(frame: pl.DataFrame) -> dict[str, str]:
    """Digest each month of a table, whose rows are in order: BLAKE2b of its lines as CSV."""
    found = {}
    for (month,), part in frame.partition_by(MONTH, as_dict=True, maintain_order=True).items():
        lines = part.write_csv(datetime_format="%FT%T%.6fZ", null_value="\\N")
        found[str(month)] = hashlib.blake2b(lines.encode(), digest_size=DIGEST_BYTES).hexdigest()
    return found


def digest_of(months: Mapping[str, str]) -> str:
    """Digest a table by its months."""
    text = json.dumps(months, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()


def later(one: str, other: str) -> bool:
    """Tell whether a cut is later than another one, of any topic."""
    left, right = _positions(one), _positions(other)
    return any(at > right.get(topic, 0) for topic, at in left.items())


def _positions(cut: str) -> dict[str, int]:
    parts = (p.split("=") for p in cut.split(",") if "=" in p)
    return {topic: int(at) for topic, at in parts}


def read_back(table: Table, schema: pl.Schema, key: tuple[str, ...]) -> pl.DataFrame:
    """Read a table's current rows, in the order in which they were digested.

    Raises `WarehouseError` where a file cannot be read.
    """
    try:
        whole: Any = pl.from_arrow(table.scan().to_arrow())
    except (OSError, ValueError, pa.ArrowException) as error:
        vi, en = "không đọc được tệp", "a file cannot be read"
        raise WarehouseError(f"{table.name()[-1]}: {vi} | {en}: {error}") from error
    frame: pl.DataFrame = whole.select(schema.names()).cast(schema)
    return frame.sort(MONTH, *key)


def differing(table: Table, content: Content) -> list[str]:
    """Name the months of which the files do not say what was laid down."""
    known: dict[str, str] = json.loads(summary(table).get(DIGESTS, "{}"))
    now = digests(read_back(table, content.schema, content.key))
    return sorted(m for m in {*known, *now} if known.get(m) != now.get(m))
