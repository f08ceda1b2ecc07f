"""The commands `hub warehouse`: facts, sums, figures and editions as Iceberg tables."""

from datetime import timedelta
from typing import Annotated

import typer

from hub.clock import iso, to_us
from hub.commands.console import act, complain, settings_for_reading
from hub.figures.closing import closings
from hub.opening import OpenHub, catch_up, open_hub
from hub.warehouse.contents import Content, contents
from hub.warehouse.described import describe
from hub.warehouse.laying import AT, CUT, ROWS, Warehouse, WarehouseError, differing, summary
from hub.warehouse.retaining import data_files, delete_orphans, expire, tag

app = typer.Typer(
    name="warehouse",
    help="The shared warehouse: facts, sums, figures, editions as Apache Iceberg tables.",
    no_args_is_help=True,
)
EXAMPLES = {
    "warehouse write": ("hub warehouse write",),
    "warehouse list": ("hub warehouse list",),
    "warehouse verify": ("hub warehouse verify",),
}


@app.command("write")
def write(
    anew: Annotated[
        bool,
        typer.Option("--anew", help="Everything, whatever is there: after a restored log."),
    ] = False,
) -> None:
    """Write what changed since the last time, each table a snapshot of one cut; tidy up.

    Snapshots older than `HUB_WAREHOUSE_DAYS` days go, but for those of closed periods.
    """
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        warehouse = Warehouse(hub.settings.store_url, hub.settings.warehouse)
        try:
            with hub.store.reading() as reading:
                book, at, cut = hub.book(reading), to_us(hub.clock()), reading.cut()
                act(hub, "warehouse_written", cut=cut)
                for content in _contents(hub):
                    laid = warehouse.lay(content, content.frame(book, at), cut, at, anew=anew)
                    print(f"{laid.name}\t{laid.rows}\t{laid.months}\t{laid.snapshot or '='}")
                closed = [c.event_id for c in closings(reading)]
            _tidy(hub, warehouse, closed)
        except WarehouseError as error:
            complain(str(error))
            raise typer.Exit(1) from None
        finally:
            warehouse.close()


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
        tag(table, closed)
        table = table.refresh()
        expire(table, to_us(before) // 1000)
        table = table.refresh()
        delete_orphans(table)
        tidied.append((content, table))
    describe(warehouse.folder, hub.settings.open_publisher, tidied)


@app.command("list")
def list_tables() -> None:
    """List the tables: rows, files, snapshots kept, since when, and of which cut."""
    settings = settings_for_reading()
    warehouse = Warehouse(settings.store_url, settings.warehouse)
    try:
        for name in warehouse.names():
            table = warehouse.find(name)
            assert table is not None
            known = summary(table)
            counts = (known.get(ROWS, "0"), len(data_files(table)), len(table.snapshots()))
            at = iso(int(known[AT])) if AT in known else "-"
            print("\t".join(map(str, (name, *counts, at, known.get(CUT, "-")))))
    finally:
        warehouse.close()


@app.command("verify")
def verify() -> None:
    """Read every table back and hold it against what was laid down; exit 1 where months differ."""
    differs = False
    with open_hub(settings_for_reading()) as hub:
        warehouse = Warehouse(hub.settings.store_url, hub.settings.warehouse)
        try:
            for content in _contents(hub):
                table = warehouse.find(content.name)
                if table is None:
                    complain(f"{content.name}: chưa ghi | was never written")
                    differs = True
                    continue
                months = differing(table, content)
                differs = differs or bool(months)
                print(f"{content.name}\t{'; '.join(months) or '='}")
        except (OSError, WarehouseError) as error:
            complain(str(error))
            raise typer.Exit(1) from None
        finally:
            warehouse.close()
    raise typer.Exit(1 if differs else 0)
