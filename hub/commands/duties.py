"""The commands `hub duties`: who owes what and who owes nothing, and a draft of the list."""

import csv
import sys
from typing import Annotated

import typer

from hub import registry
from hub.access import keys
from hub.clock import to_us
from hub.commands.console import complain, read_period, settings_for_reading
from hub.figures.book import Ask
from hub.figures.duties import propose
from hub.opening import catch_up, open_hub

app = typer.Typer(
    name="duties", help="Who owes what: nghĩa vụ báo cáo của các bên gửi.", no_args_is_help=True
)
EXAMPLES = {
    "duties show": ("hub duties show 2023-05",),
    "duties propose": ("hub duties propose > danh-muc/duties.csv",),
}


@app.callback()
def duties() -> None:
    """Who owes what: nghĩa vụ báo cáo của các bên gửi."""


@app.command("show")
def show_duties(
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="2023, 2023-Q2, 2023-05")],
) -> None:
    """Say what each duty owed in a period and what came, and which valid keys owe nothing."""
    asked = read_period(period)
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        now = to_us(hub.clock())
        ask = Ask(asked, now)
        with hub.store.reading() as reading:
            book = hub.book(reading)
            for source in book.sources.values():
                steps = book.due(source, ask)
                met = sum(s.received >= s.due for s in steps)
                print(f"{source.label}\t{source.contract}\t{source.cadence}\t{met}/{len(steps)}")
            owing = {source.name for source in book.sources.values()}
        valid = {k.name for k in keys.listed(hub.store) if k.state(now) == "valid"}
        for name in sorted(valid - owing):
            print(f"{name}\tkhông có nghĩa vụ nào | owes nothing")


@app.command("propose")
def propose_duties() -> None:
    """Print a draft of the list of duties, as CSV: read it, mend it, and load it."""
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        with hub.store.reading() as reading:
            drafted = propose(hub.book(reading).arrivals.all(), hub.contracts)
    form = registry.forms()["duties"]
    writer = csv.DictWriter(sys.stdout, [c.name for c in form.columns])
    writer.writeheader()
    writer.writerows(drafted)
    if not drafted:
        complain("chưa bên nào gửi gì | nobody has sent anything yet")
