"""The commands `hub new`: a source and its cases, to be filled in."""

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
    "new case": ("hub new case payments so-lieu.csv --name two_sheets",),
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
    file: Annotated[Path, typer.Argument(help="A file as the upstream sends it.")],
    name: Annotated[str, typer.Option(help="The case's name; by default the file's.")] = "",
) -> None:
    """Make a case of a connector from a file; what it reads is to be checked by eye."""
    connector = registry.connectors().get(source)
    if connector is None:
        raise typer.BadParameter(f"one of {', '.join(registry.connectors())}")
    contract = registry.contracts()[registry.sources()[source].contract]
    home = places.connectors_folder() / source
    plain = re.sub("[^a-z0-9]+", "_", (name or file.stem).lower()).strip("_")
    case = new_case(home, connector, contract, plain, file)
    print((case / "expected.json").read_text("utf-8"))
    print(f"wrote: {case}; hold it against the file, line by line", file=sys.stderr)
