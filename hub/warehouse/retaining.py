"""Retaining: which snapshots stay, and which files nobody names any more.

Snapshots are kept for so many days; the present one always, and those that were present when a
period was closed, under a tag of that act: what a kept edition names is not taken away. Files
that no snapshot names are deleted once they are a day old, as a commit that runs names its files
last.
"""

import time
from collections.abc import Iterable
from pathlib import Path

from pyiceberg.table import Table

ORPHAN_SECONDS = 86_400.0
CLOSING = "closing-"


def tag(table: Table, closings: Iterable[str]) -> list[str]:
    """Tag the present snapshot by the acts of closing that have no tag yet; give their names."""
    snapshot = table.current_snapshot()
    new = [name for c in closings if (name := f"{CLOSING}{c}") not in table.refs()]
    if snapshot is None or not new:
        return []
    with table.manage_snapshots() as manage:
        for name in new:
            manage.create_tag(snapshot.snapshot_id, name)
    return new


def expire(table: Table, before_ms: int) -> int:
    """Expire the snapshots from before an instant that neither branch nor tag names."""
    named = {ref.snapshot_id for ref in table.refs().values()}
    old = [
        s.snapshot_id
        for s in table.snapshots()
        if s.timestamp_ms < before_ms and s.snapshot_id not in named
    ]
    if old:
        table.maintenance.expire_snapshots().by_ids(old).commit()
    return len(old)


def path_of(location: str) -> Path:
    """Give the path of a file's location."""
    return Path(location.removeprefix("file://"))  # pyiceberg writes paths as they are


def data_files(table: Table) -> list[Path]:
    """List the files of rows that the present snapshot has."""
    return sorted(path_of(task.file.file_path) for task in table.scan().plan_files())


def named_files(table: Table) -> set[Path]:
    """List every file that the table's metadata name, of any snapshot that is kept."""
    found = {table.metadata_location, *(e.metadata_file for e in table.metadata.metadata_log)}
    for snapshot in table.snapshots():
        found.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            found.add(manifest.manifest_path)
            entries = manifest.fetch_manifest_entry(table.io, discard_deleted=True)
            found |= {entry.data_file.file_path for entry in entries}
    return {path_of(location) for location in found}


def delete_orphans(table: Table, older_than_seconds: float = ORPHAN_SECONDS) -> list[Path]:
    """Delete files in a table's folder that nothing names and that are old enough; give them."""
    named = named_files(table)
    until = time.time() - older_than_seconds
    there = (p for p in path_of(table.location()).rglob("*") if p.is_file())
    orphans = [p for p in there if p not in named and p.stat().st_mtime < until]
    for path in orphans:
        path.unlink(missing_ok=True)
    return orphans
