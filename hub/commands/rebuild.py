"""The commands `hub archive` and `hub rebuild`: the log kept, and the tables made from it anew."""

from typing import Annotated

import typer

from hub.apply.rebuild import Rebuild
from hub.archive import writing as archiving
from hub.archive.log import ArchivedLog
from hub.commands.console import act, progress_bar, settings_for_reading
from hub.opening import OpenHub, catch_up, open_hub
from hub.settings import Settings, SettingsError
from hub.store.troubles import DefinitionChangedError, FencedError


def archive(
    check: Annotated[
        bool,
        typer.Option("--check", help="Verify the whole archive; exit 1 and name what differs."),
    ] = False,
) -> None:
    """Copy what is applied from the log into the archive in HUB_ARCHIVE_DIR, file by file."""
    settings = settings_for_reading()
    folder = settings.archive_dir
    if folder is None:
        raise SettingsError("HUB_ARCHIVE_DIR is not set: it names the folder of the archive")
    with open_hub(settings, check=False) as hub, progress_bar() as bar:
        task = bar.add_task("checking" if check else "archiving", total=None)

        def report(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        if check:
            found = archiving.check(hub.log, hub.store, folder, report)
        else:
            counts = archiving.archive(hub.log, hub.store, folder, report)
    if not check:
        for topic, count in counts.items():
            print(f"{topic}  {count:,} records archived")
        return
    for line in found:
        print(line)
    print(f"{folder}: {len(found)} differences")
    if found:
        raise typer.Exit(1)


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
        straight = None if approve or discard else _bring_up(hub)
        if straight is not None:
            print(f"{straight:,} events applied; there was nothing before")
            return
        with progress_bar() as bar:
            task = bar.add_task("rebuilding", total=None)

            def report(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

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


def _bring_up(hub: OpenHub) -> int | None:
    """Apply what nobody else can; count it where nothing was applied before, else give None.

    Where the log has forgotten what was not applied yet, workers cannot go on by themselves.
    """
    try:
        hub.store.check_definitions()
    except DefinitionChangedError:
        return None  # what is in force stays as it is
    if not hub.settings.kafka_bootstrap:
        catch_up(hub)
        return None
    with hub.store.reading() as reading:
        at = {
            c.topic: reading.positions(hub.log.identity(c.topic), c.topic)
            for c in hub.installed.definitions.applied.values()
        }
    live = hub.log.live if isinstance(hub.log, ArchivedLog) else hub.log
    is_behind = any(
        at[topic].get(partition, 0) < begin
        for topic in at
        for partition, begin in live.begins(topic).items()
    )
    is_new = not any(sum(positions.values()) for positions in at.values())
    if not is_behind and not is_new:
        return None
    applied = _apply_all(hub)
    return applied if is_new else None


def _apply_all(hub: OpenHub) -> int:
    """Apply everything that is in archive and log; count the events."""
    total = sum(hub.runner.lag().values())
    with progress_bar() as bar:
        task = bar.add_task("applying", total=total)
        while any(hub.runner.lag().values()):
            try:
                hub.runner.step()
                left = sum(hub.runner.lag().values())
                bar.update(task, completed=total - left)
            except FencedError:
                # A worker is at it too; what it did need not be done again.
                hub.runner.resume()
    return total


def _replace(settings: Settings) -> None:
    with open_hub(settings, check=False) as hub:
        hub.runner.lock()
        hub.store.clear_derived()
        hub.store.check_definitions()
    with open_hub(settings) as hub:
        hub.runner.lock()
        total = _apply_all(hub)
        hub.runner.stop()
    print(f"{total:,} events applied anew")
