"""The command `hub archive`: the log, kept in files."""

from typing import Annotated

import typer

from hub.archive import writing as archiving
from hub.archive.manifest import read_manifest
from hub.commands.console import progress, settings_for_acting
from hub.opening import open_hub
from hub.settings import SettingsError

app = typer.Typer()
EXAMPLES = {
    "archive": ("hub archive", "hub archive --check"),
}


@app.command()
def archive(
    check: Annotated[
        bool,
        typer.Option("--check", help="Verify the whole archive; exit 1 and name what differs."),
    ] = False,
) -> None:
    """Copy what is applied from the log into the archive in HUB_ARCHIVE_DIR, file by file."""
    settings = settings_for_acting()
    folder = settings.archive_dir
    if folder is None:
        raise SettingsError("HUB_ARCHIVE_DIR is not set: it names the folder of the archive")
    doing = "checking" if check else "archiving"
    with open_hub(settings, check=False) as hub, progress(doing) as report:
        if check:
            differences = archiving.check(hub.log, hub.store, folder, report)
            if not differences and not read_manifest(folder).entries:
                differences = [f"{folder} holds nothing: `hub archive` was never run for it"]
        else:
            counts = archiving.archive(hub.log, hub.store, folder, report)
    if not check:
        for topic, count in counts.items():
            print(f"{topic}  {count:,} records archived")
        return
    for line in differences:
        print(line)
    print(f"{folder}: {len(differences)} differences")
    if differences:
        raise typer.Exit(1)
