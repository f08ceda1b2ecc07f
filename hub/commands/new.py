"""The commands `hub new`: a source and its cases, to be filled in."""

import json
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from hub import places, registry
from hub.clock import system_clock
from hub.connecting.scaffold import LANES, new_case, new_source

app = typer.Typer(name="new", help="Scaffolds, in a source tree.", no_args_is_help=True)
EXAMPLES = {
    "new source": (
        "hub new source meteo --contract reading",
        "hub new source land --contract dossier --lane table",
    ),
    "new case": (
        "hub new case payments so-lieu.csv --name two_sheets",
        "hub new case payments thang-5.csv thang-6.xlsx",
    ),
}


@app.command("source")
def new_source_command(
    name: Annotated[str, typer.Argument(help="Small letters, digits and _.")],
    contract: Annotated[str, typer.Option(help="The contract of its events.")],
    lane: Annotated[
        str,
        typer.Option(help="`table`: of a database, read by key; `changes`: a feed of Debezium."),
    ] = "",
) -> None:
    """Write a source over a drop folder, or over a database; its cases are made of real files."""
    known = registry.contracts()
    if contract not in known:
        vi = "viết hợp đồng mới: README, mục “Adding a source”, bước 1"
        en = "how to write a new one: README, “Adding a source”, step 1"
        raise typer.BadParameter(f"--contract: one of {', '.join(known)}; {vi} | {en}")
    if lane and lane not in LANES:
        raise typer.BadParameter(f"--lane: one of {', '.join(LANES)}")
    today = system_clock().date()
    for path in new_source(places.connectors_folder(), name, known[contract], today, lane):
        print(f"wrote: {path}")
    where = "mapping.toml" if lane else "connector.py"
    print(
        f"\nNow say in connectors/{name}/source.py who reports how often, and give the columns in"
        f"\n{where} the headers that its files have. Then, with files as they come, good and"
        f"\nbad ones: hub new case {name} FILE. At last: pytest tests/laws/test_connectors.py"
    )


@app.command("case")
def new_case_command(
    source: Annotated[str, typer.Argument(help="The name of a folder of `connectors`.")],
    files: Annotated[list[Path], typer.Argument(help="Files as the upstream sends them.")],
    name: Annotated[str, typer.Option(help="The case's name; by default its file's.")] = "",
) -> None:
    """Make cases of a connector from files, each its own; what it reads is to be checked by eye."""
    connector = registry.connectors().get(source)
    if connector is None:
        raise typer.BadParameter(f"one of {', '.join(registry.connectors())}")
    if name and len(files) > 1:
        raise typer.BadParameter("--name is for one file; several are named by themselves")
    contract = registry.contracts()[registry.sources()[source].contract]
    home = places.connectors_folder() / source
    for file in files:
        plain = re.sub("[^a-z0-9]+", "_", (name or file.stem).lower()).strip("_")
        case = new_case(home, connector, contract, plain, file)
        text = (case / "expected.json").read_text("utf-8")
        print(text)
        records = json.loads(text)["records"]
        taken = sum("events" in r for r in records)
        print(
            f"wrote: {case}; {taken} records taken, {len(records) - taken} rejected;"
            " hold it against the file, line by line",
            file=sys.stderr,
        )
