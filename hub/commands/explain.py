"""The command `hub explain`: what is in a cell, and where an entity is counted."""

import json
from typing import Annotated

import typer

from hub.commands.console import complain, settings_for_reading
from hub.opening import catch_up, open_hub
from hub.proof import explain as explaining
from hub.repair.whereabouts import whereabouts

app = typer.Typer()
_CELL = "dossier.received/channel+service_level/2023-05-17/channel=online,service_level=full"
EXAMPLES = {
    "explain": ("hub explain H57.1-230517-0001", f"hub explain '{_CELL}'"),
}


@app.command()
def explain(
    name: Annotated[str, typer.Argument(metavar="KEY_OR_CELL")],
    offset: Annotated[int, typer.Option(min=0, help="The first of a cell's facts to list.")] = 0,
) -> None:
    """Say what is in a cell, where an entity is counted and where it is not, or why it is nowhere.

    The last is of a rejected item, by its id, and of what never came, by its code; what was sent is
    not shown here.
    """
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        with hub.store.reading() as reading:
            try:
                explained = explaining.explain(hub.book(reading), name, offset)
            except explaining.UnknownNameError:
                opens, book = hub.seals().opener(), hub.book(reading)
                found = whereabouts(hub.log, book, opens, name)
                if found is not None:
                    print(json.dumps(found, ensure_ascii=False, indent=2))
                    return
                complain(
                    f"{name}: neither an entity (a dossier code, ST01|salinity|2023-05-17T05:00:00"
                    ".000000) nor a cell (set/day/dimensions, as `hub verify` names it)"
                )
                raise typer.Exit(1) from None
    print(json.dumps(explained, ensure_ascii=False, indent=2))
