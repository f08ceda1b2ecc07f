"""The commands `hub reference`: the province's own lists, checked, loaded and shown."""

import csv
import getpass
import json
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from hub import registry
from hub.clock import iso
from hub.commands.console import act, complain, settings_for_acting, settings_for_reading
from hub.commands.lists import read_checked
from hub.opening import catch_up, load_tables, open_hub
from hub.reference.form import Form, Row
from hub.sheets.province import ListFile

app = typer.Typer(
    name="reference",
    help="The province's own lists: danh mục đơn vị, thủ tục, trạm, chỉ tiêu.",
    no_args_is_help=True,
)
EXAMPLES = {
    "reference check": ("hub reference check danh-muc/",),
    "reference load": ("hub reference load danh-muc/",),
    "reference show": ("hub reference show", "hub reference show units --at 2025-07-01"),
    "reference template": ("hub reference template --output danh-muc/",),
}
_Folder = Annotated[
    Path, typer.Argument(help="A folder of CSV or XLSX files, each named as its list.")
]


@app.command()
def check(folder: _Folder) -> None:
    """Check lists as `load` would, and load nothing: a line a fault, exit 1 for any."""
    _print_counts(read_checked(folder))


@app.command()
def load(
    folder: _Folder,
    by: Annotated[str, typer.Option(help="Who loads them; by default the user.")] = "",
) -> None:
    """Load lists: they are in force at once, as an event of the log, and figures follow them.

    `hub try reference` says beforehand which figures would be others.
    """
    files = read_checked(folder)
    _print_counts(files)
    tables = {name: file.rows for name, file in files.items()}
    with open_hub(settings_for_acting()) as hub:
        catch_up(hub)
        act(hub, "lists_loaded", folder=str(folder), lists=sorted(tables))
        fresh = load_tables(hub, tables, by or getpass.getuser())
        catch_up(hub)
    for name, digest in fresh.items():
        print(f"đã nạp {name}, mã băm {digest} | loaded")
    for name in sorted(tables.keys() - fresh.keys()):
        print(f"{name}: đang có hiệu lực, không đổi | in force already, unchanged")


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(help="One list, row by row; without it: which there are.")
    ] = "",
    at: Annotated[
        str, typer.Option(help="Only rows in force on this day, such as 2025-07-01.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print all there is to say.")] = False,
) -> None:
    """Show which lists are in force, since when and by whose hand; or the rows of one, as CSV."""
    forms = registry.forms()
    if name and name not in forms:
        raise typer.BadParameter(f"unknown list; one of {', '.join(forms)}")
    day = _day(at)
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        with hub.store.reading() as reading:
            reference = hub.book(reading).reference
            loaded = {name: acts for name, *acts in reading.list_acts()}
    listed = []
    for each, form in forms.items():
        rows = reference.tables.get(each)
        when, by, digest = loaded.get(each, (None, "", ""))
        state = "not loaded" if rows is None else "loaded" if when is not None else "installed"
        listed.append(
            {
                "list": each,
                "title_vi": form.title_vi,
                "title_en": form.title_en,
                "state": state,
                "rows": len(rows or []),
                "loaded_at": iso(when),
                "loaded_by": by,
                "digest": digest,
            }
        )
    if name:
        _print_rows(forms[name], reference.tables.get(name), day, as_json=as_json)
    elif as_json:
        print(json.dumps(listed, ensure_ascii=False, indent=2))
    else:
        for line in listed:
            words = (line["title_vi"], line["state"], f"{line['rows']:,}", line["loaded_at"] or "")
            print(f"{line['list']:12} {'  '.join(map(str, words))}  {line['loaded_by']}".rstrip())


@app.command()
def template(
    output: Annotated[Path, typer.Option(help="The folder to write to; it is made.")],
) -> None:
    """Write an empty file of each list, as CSV and as XLSX, with Vietnamese headers."""
    from hub.sheets.template import write_template  # noqa: PLC0415 (nothing else needs openpyxl)

    output.mkdir(parents=True, exist_ok=True)
    for name, form in registry.forms().items():
        write_template(form, output / name)
        print(f"{output / name}.csv, .xlsx: {form.title_vi} | {form.title_en}")


def _print_counts(files: Mapping[str, ListFile]) -> None:
    for file in files.values():
        print(f"{file.file}: {len(file.rows):,} dòng | rows")


def _print_rows(form: Form, rows: list[Row] | None, day: str, *, as_json: bool) -> None:
    if rows is None:
        vi, en = form.not_loaded
        complain(f"{vi} | {en}")
        raise typer.Exit(1)
    if day and form.is_effective_dated:
        rows = [
            r for r in rows if r["valid_from"] <= day and (not r["valid_to"] or day < r["valid_to"])
        ]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        writer = csv.DictWriter(sys.stdout, [c.name for c in form.columns], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def _day(text: str) -> str:
    try:
        return text and date.fromisoformat(text).isoformat()
    except ValueError:
        raise typer.BadParameter(f"--at {text}: viết như 2025-07-01 | write it like that") from None
