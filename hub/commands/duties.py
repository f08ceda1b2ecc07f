"""The command `hub duties propose`: a draft of who owes what, from what senders did so far."""

import csv
import sys

import typer

from hub import registry
from hub.commands.console import complain, settings_for_reading
from hub.figures.duties import propose
from hub.opening import catch_up, open_hub

app = typer.Typer(
    name="duties", help="Who owes what: nghĩa vụ báo cáo của các bên gửi.", no_args_is_help=True
)


@app.callback()
def duties() -> None:
    """Who owes what: nghĩa vụ báo cáo của các bên gửi."""


@app.command("propose")
def propose_duties() -> None:
    """Print a draft of the list of duties, as CSV: read it, mend it, and load it."""
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        with hub.store.reading() as reading:
            drafted = propose(hub.book(reading).arrivals)
    form = registry.forms()["duties"]
    writer = csv.DictWriter(sys.stdout, [c.name for c in form.columns])
    writer.writeheader()
    writer.writerows(drafted)
    if not drafted:
        complain("chưa bên nào gửi gì | nobody has sent anything yet")
