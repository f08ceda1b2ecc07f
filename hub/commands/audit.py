"""The commands `hub audit`: who used what, and that the list of it is whole."""

from typing import Annotated

import typer

from hub.clock import iso
from hub.commands.console import complain, settings_for_reading
from hub.opening import open_hub

app = typer.Typer(
    name="audit", help="The audit log: uses, refusals, administrative acts.", no_args_is_help=True
)
EXAMPLES = {
    "audit list": ("hub audit list --from 100 --actor so-tu-phap",),
    "audit verify": ("hub audit verify",),
}


@app.command("list")
def list_entries(
    first: Annotated[int, typer.Option("--from", min=1, help="The first entry's number.")] = 1,
    actor: Annotated[str, typer.Option(help="Of this sender or person only.")] = "",
) -> None:
    """List entries: number, time, who, what, how it ended, and more."""
    with open_hub(settings_for_reading(), check=False) as hub:
        for number, at, who, action, outcome, detail, _ in hub.audit().rows(first):
            if not actor or who == actor:
                print(f"{number}  {iso(at)}  {who or '?'}  {action}  {outcome}  {detail}")


@app.command()
def verify(
    head: Annotated[
        str, typer.Option(help="NUMBER:DIGEST that an earlier run printed; it must still be there.")
    ] = "",
) -> None:
    """Recompute the chain of digests; exit 1 and name the first entry that does not fit."""
    noted = None
    if head:
        number, _, digest = head.partition(":")
        if not number.isdigit():
            raise typer.BadParameter("--head: expected NUMBER:DIGEST")
        noted = (int(number), digest)
    with open_hub(settings_for_reading(), check=False) as hub:
        (count, digest), wrong = hub.audit().check(noted)
    if wrong is not None:
        complain(f"{wrong}; {count} entries hold")
        raise typer.Exit(1)
    print(f"{count} entries hold; head {count}:{digest}")
