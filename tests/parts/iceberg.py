"""Iceberg tables read as the table spec says, without pyiceberg's scan, and by DuckDB."""

import json
from collections.abc import Sequence
from typing import Any

import duckdb
import fastavro
from pyiceberg.table import Table

from hub.warehouse.retaining import path_of


def files_by_hand(found: Table) -> list[str]:
    """Find the rows' files by the metadata and manifests themselves."""
    metadata = json.loads(path_of(found.metadata_location).read_text())
    current = metadata["current-snapshot-id"]
    (snapshot,) = [s for s in metadata["snapshots"] if s["snapshot-id"] == current]
    files = []
    with path_of(snapshot["manifest-list"]).open("rb") as listed:
        manifests: list[Any] = list(fastavro.reader(listed))
    for manifest in manifests:
        with path_of(manifest["manifest_path"]).open("rb") as opened:
            for entry in fastavro.reader(opened):
                assert isinstance(entry, dict)
                if entry["status"] != 2:  # deleted
                    files.append(str(path_of(entry["data_file"]["file_path"])))
    return files


def by_duckdb(files: Sequence[str], columns: str) -> list[tuple[Any, ...]]:
    """Ask for columns of all rows of files, in no order."""
    if not files:
        return []
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        asked = f"SELECT {columns} FROM read_parquet(?)"
        rows: list[tuple[Any, ...]] = connection.execute(asked, [list(files)]).fetchall()
    return rows
