"""What the commands `hub warehouse` do; apart from them, as Iceberg is imported with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import typer

from hub.clock import iso, to_us
from hub.commands.console import act, complain, settings_for_reading
from hub.figures.closing import closings
from hub.opening import OpenHub, catch_up, open_hub
from hub.warehouse.contents import Content, contents
from hub.warehouse.described import describe
from hub.warehouse.laying import (
    AT,
    CUT,
    ROWS,
    StaleError,
    Warehouse,
    WarehouseError,
    committing,
    differing,
    open_warehouse,
    summary,
)
from hub.warehouse.retaining import data_files, delete_orphans, expire, tag

LOCK = "warehouse"


def write(*, anew: bool) -> None:
    """Write what changed since the last time, or everything; tidy up."""
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        with _complaining(), hub.store.alone(LOCK) as is_mine:
            if not is_mine:
                raise StaleError("một lần ghi khác đang chạy | another one is writing")
            with _opened(hub) as warehouse:
                _lay(hub, warehouse, anew=anew)


@contextmanager
def _opened(hub: OpenHub) -> Iterator[Warehouse]:
    opened = open_warehouse(hub.settings.store_url, hub.settings.warehouse)
    with _complaining(), hub.store.named_errors(), opened as warehouse:
        yield warehouse


@contextmanager
def _complaining() -> Iterator[None]:
    """Say what is wrong with the warehouse, and end with exit code 1."""
    try:
        yield
    except WarehouseError as error:
        complain(str(error))
        raise typer.Exit(1) from None


def _lay(hub: OpenHub, warehouse: Warehouse, *, anew: bool) -> None:
    with hub.store.reading() as reading:
        book, at, cut = hub.book(reading), to_us(hub.clock()), reading.cut()
        act(hub, "warehouse_written", cut=cut)
        for content in _contents(hub):
            laid = warehouse.lay(content, content.frame(book, at), cut, at, anew=anew)
            print(f"{laid.name}\t{laid.rows}\t{laid.months}\t{laid.snapshot or '='}")
        closed = [c.event_id for c in closings(reading)]
    _tidy(hub, warehouse, closed)


def _contents(hub: OpenHub) -> list[Content]:
    return contents(hub.store.definitions, hub.kpis)


def _tidy(hub: OpenHub, warehouse: Warehouse, closed: list[str]) -> None:
    """Tag what closed periods name, let old snapshots and files go, write the table of contents."""
    before = hub.clock() - timedelta(days=hub.settings.warehouse_days)
    tidied = []
    for content in _contents(hub):
        table = warehouse.find(content.name)
        if table is None:
            continue
        with committing(content.name):
            tag(table, closed)
            table = table.refresh()
            expire(table, to_us(before) // 1000)
        table = table.refresh()
        delete_orphans(table)
        tidied.append((content, table))
    describe(warehouse.folder, hub.settings.open_publisher, tidied)


def list_tables() -> None:
    """Print a line a table."""
    with open_hub(settings_for_reading(), check=False) as hub, _opened(hub) as warehouse:
        for name in warehouse.names():
            table = warehouse.find(name)
            assert table is not None
            known = summary(table)
            counts = (known.get(ROWS, "0"), len(data_files(table)), len(table.snapshots()))
            at = iso(int(known[AT])) if AT in known else "-"
            print("\t".join(map(str, (name, *counts, at, known.get(CUT, "-")))))


def verify() -> None:
    """Hold each table against what was laid down; raise `typer.Exit`, by 1 where months differ."""
    differs = False
    with open_hub(settings_for_reading()) as hub, _opened(hub) as warehouse:
        for content in _contents(hub):
            table = warehouse.find(content.name)
            if table is None:
                complain(f"{content.name}: chưa ghi | was never written")
                differs = True
                continue
            months = differing(table, content)
            differs = differs or bool(months)
            print(f"{content.name}\t{'; '.join(months) or '='}")
    raise typer.Exit(1 if differs else 0)
