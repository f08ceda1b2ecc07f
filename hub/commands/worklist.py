"""The command `hub list`: what is overdue, due soon, not synced, without reception, or missing."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hub import registry
from hub.clock import to_us
from hub.commands.console import read_filters, settings_for_reading
from hub.figures.worklist import DAYS_AHEAD, cells, find, page
from hub.opening import catch_up, open_hub
from hub.sheets.listing import as_csv, as_workbook

app = typer.Typer()
EXAMPLES = {
    "list": (
        "hub list overdue",
        "hub list due_soon --days 3 --unit H57.1",
        "hub list not_synced --period 2023 --format xlsx --output chua-dong-bo.xlsx",
        "hub list payment_revisions --period 2023 --where reporter=NGANHANG.1",
    ),
}


class Format(StrEnum):
    """How a list is written."""

    CSV = "csv"
    JSON = "json"
    XLSX = "xlsx"


@app.command("list")
def show_list(
    name: Annotated[str, typer.Argument(metavar="NAME", help="overdue, due_soon, not_synced …")],
    period: Annotated[str, typer.Option(help="2023 2023-Q1 2023-05 …; else this year.")] = "",
    unit: Annotated[str, typer.Option(help="A unit, with what is below it.")] = "",
    role: Annotated[str, typer.Option(help="received_by, resolved_by or citizen.")] = "",
    where: Annotated[
        list[str] | None, typer.Option(help="A filter, such as reporter=NH01.")
    ] = None,
    at: Annotated[str, typer.Option(help="The instant of the question, ISO 8601.")] = "",
    days: Annotated[int, typer.Option(min=0, help="Working days ahead.")] = DAYS_AHEAD,
    form: Annotated[Format, typer.Option("--format")] = Format.CSV,
    output: Annotated[Path | None, typer.Option(help="The file to write.")] = None,
) -> None:
    """List what somebody is to see to, the most urgent first: as CSV, JSON or XLSX."""
    listed = registry.worklists().get(name)
    if listed is None:
        raise typer.BadParameter(f"{name}: one of {', '.join(registry.worklists())}")
    if form is Format.XLSX and output is None:
        raise typer.BadParameter("--output: cần tên tệp | a file to write")
    options = {"period": period, "unit": unit, "role": role, "at": at}
    parameters = {k: v for k, v in options.items() if v} | read_filters(where)
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        now = to_us(hub.clock())
        asked = listed.asked(parameters, now, days)
        with hub.store.reading() as reading:
            book = hub.book(reading)
            rows = find(listed, asked, book)
            if form is Format.JSON:
                body = page(listed, asked, book, rows, 0, len(rows) + 1)
                content = json.dumps(body, ensure_ascii=False, indent=1).encode() + b"\n"
            else:
                titles = [f.title.vi for f in listed.fields]
                made = cells(listed, listed.complete(book, asked, rows))
                as_xlsx = form is Format.XLSX
                content = (
                    as_workbook(listed.title.vi, titles, made) if as_xlsx else as_csv(titles, made)
                )
    if output is None:
        print(content.decode("utf-8-sig"), end="")
        return
    output.write_bytes(content)
    print(output)
