"""The commands `hub warehouse`: facts, sums, figures and editions as Iceberg tables.

Iceberg takes a quarter of the time in which a command starts: only who asks for it imports it.
"""

from typing import Annotated

import typer

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
    from hub.commands.warehouse import keeping  # noqa: PLC0415 (Iceberg)

    keeping.write(anew=anew)


@app.command("list")
def list_tables() -> None:
    """List the tables: rows, files, snapshots kept, since when, and of which cut."""
    from hub.commands.warehouse import keeping  # noqa: PLC0415 (Iceberg)

    keeping.list_tables()


@app.command("verify")
def verify() -> None:
    """Read every table back and hold it against what was laid down; exit 1 where months differ."""
    from hub.commands.warehouse import keeping  # noqa: PLC0415 (Iceberg)

    keeping.verify()
