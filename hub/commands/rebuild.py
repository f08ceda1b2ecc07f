"""The command `hub rebuild`: all tables anew from archive and log."""

from functools import partial
from typing import Annotated

import typer

from hub.apply.rebuild import Rebuild, apply_all
from hub.archive.log import ArchivedLog
from hub.commands.console import act, complain_of_nothing, progress, settings_for_reading
from hub.opening import bring_up, check_logs, open_hub
from hub.settings import Settings

app = typer.Typer()
EXAMPLES = {
    "rebuild": ("hub rebuild",),
}


@app.command()
def rebuild(
    approve: Annotated[
        bool, typer.Option("--approve", help="Put in force what was built and differs.")
    ] = False,
    discard: Annotated[bool, typer.Option("--discard", help="Drop what was built.")] = False,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Clear the tables first, where they cannot be read; no figures meanwhile.",
        ),
    ] = False,
) -> None:
    """Make all figures anew from archive and log, by the definitions that are installed now.

    It is done beside the tables in force, which are served and applied to meanwhile; equal tables
    change places at the end, others are named (exit 1) and left for --approve or --discard.
    """
    if approve + discard + replace > 1:
        raise typer.BadParameter("--approve, --discard and --replace exclude each other")
    settings = settings_for_reading()
    if replace:
        _replace(settings)
        return
    with open_hub(settings, check=False) as hub:
        if not approve and not discard:
            check_logs(hub.log, hub.store)
        showing = partial(progress, "applying")
        straight = None if approve or discard else bring_up(hub, showing)
        if straight is not None:
            print(f"{straight:,} events applied; there was nothing before")
            _check_read(settings, straight)
            return
        with progress("rebuilding") as report:
            rebuilding = Rebuild(hub.log, hub.store, hub.clock, report)
            if discard:
                print("dropped" if rebuilding.discard() else "nothing was built")
                return
            if approve:
                act(hub, "rebuild_approved")
                count = rebuilding.approve()
                print(f"{count:,} differences approved: the new tables are in force")
                return
            found = rebuilding.build()
    for line in found.lines:
        print(line)
    if found.count > len(found.lines):
        print(f"… and {found.count - len(found.lines)} more")
    print(f"{rebuilding.applied:,} events applied anew: {found.count} differences")
    if found.count:
        print("nothing was changed; now hub rebuild --approve, or --discard")
        raise typer.Exit(1)
    _check_read(settings, rebuilding.applied)


def _replace(settings: Settings) -> None:
    with open_hub(settings, check=False) as hub:
        hub.runner.lock()
        if isinstance(hub.log, ArchivedLog):
            hub.log.check_belongs([c.topic for c in hub.store.definitions.applied.values()])
        if hub.log.is_empty:  # tables that nothing can fill again are not cleared
            _check_read(settings, 0)
        hub.store.clear_derived()
        hub.store.check_definitions()
    with open_hub(settings) as hub:
        hub.runner.lock()
        with progress("applying") as report:
            total = apply_all(hub.runner, report)
        hub.runner.stop()
    print(f"{total:,} events applied anew")
    _check_read(settings, total)


def _check_read(settings: Settings, events: int) -> None:
    if not events:
        complain_of_nothing(settings)
        raise typer.Exit(1)
