"""The commands `hub map`: how each sender's files are read, drafted, confirmed and shown."""

import getpass
import json
from pathlib import Path
from typing import Annotated

import typer

from hub import registry
from hub.clock import day_of, iso_day, to_us
from hub.commands.console import act, complain, settings_for_acting, settings_for_reading
from hub.commands.mapping import print_mapping_faults
from hub.definitions.contract import Contract
from hub.opening import catch_up, confirm_mapping, open_hub
from hub.sheets.mapped import check_mapping
from hub.sheets.mapping import MappingError, read_mapping, write_mapping
from hub.sheets.proposing import propose
from hub.sheets.table import FileError
from hub.sheets.xlsx import XlsxError
from hub.store.mappings import Mappings, all_mappings, find_mapping

app = typer.Typer(
    name="map", help="How senders' files are read: bảng ánh xạ tệp.", no_args_is_help=True
)
EXAMPLES = {
    "map propose": ("hub map propose ho-so.xlsx --contract dossier --sender so-tu-phap",),
    "map confirm": ("hub map confirm so-tu-phap.json",),
    "map show": ("hub map show --contract dossier --sender so-tu-phap",),
}
_Contract = Annotated[str, typer.Option(help="The contract of the files' rows.")]
_Sender = Annotated[str, typer.Option(help="Who sends them: the name of its key or source.")]


@app.callback()
def mappings() -> None:
    """How senders' files are read: bảng ánh xạ tệp."""


@app.command("propose")
def propose_mapping(
    file: Annotated[Path, typer.Argument(help="A sample of the files, CSV or XLSX.")],
    contract: _Contract,
    sender: _Sender,
) -> None:
    """Print a draft of a mapping, with what is doubtful in it: read it, mend it, confirm it.

    Names of units and procedures are those of the province's lists, where a hub is there. What is
    doubtful is said on standard error too, a line each.
    """
    installed = _installed(contract)
    settings = settings_for_acting()
    names: dict[str, dict[str, str]] = {}
    before = None
    if settings.kafka_bootstrap or settings.data_dir.exists():
        with open_hub(settings) as hub:
            catch_up(hub)
            with hub.store.reading() as reading:
                day = iso_day(day_of(to_us(hub.clock())))
                names = hub.book(reading).reference.names(day)
            before = Mappings(hub.store).in_force(contract, sender)
    try:
        draft = propose(installed, sender, file.read_bytes(), names, before)
    except OSError as error:
        complain(f"{file}: {error.strerror}")
        raise typer.Exit(2) from None
    except (FileError, XlsxError) as error:
        print(f"{file}: {error.rule}: {error.vi} | {error.en}")
        raise typer.Exit(1) from None
    print(draft.text(), end="")
    for doubt in draft.doubts:
        kind = "CHƯA RÕ | open" if doubt.is_open else "XEM LẠI | look"
        choice = ", ".join(f"{c.value} ({c.vi})" for c in doubt.candidates)
        more = f" → {choice}" if choice else ""
        complain(f"{kind}: {doubt.message_vi} | {doubt.message_en}{more}", "yellow")


@app.command("confirm")
def confirm(file: Annotated[Path, typer.Argument(help="A mapping, as a TOML file.")]) -> None:
    """Put a mapping in force: an event of the log, undone by none, followed by the next one.

    Exit 1 where it cannot be used, each fault on a line.
    """
    try:
        mapping = read_mapping(file.read_text("utf-8"))
        check_mapping(_installed(mapping.contract), mapping)
    except OSError as error:
        complain(f"{file}: {error.strerror}")
        raise typer.Exit(2) from None
    except MappingError as error:
        print_mapping_faults(file, error)
        raise typer.Exit(1) from None
    with open_hub(settings_for_acting()) as hub:
        digest, sender = mapping.digest, mapping.sender
        act(hub, "mapping confirmed", contract=mapping.contract, sender=sender, digest=digest)
        confirm_mapping(hub, mapping, f"console:{getpass.getuser()}")
        catch_up(hub)
    print(f"{mapping.contract}\t{sender}\t{digest}")


@app.command("show")
def show(
    contract: Annotated[str, typer.Option(help="Of this contract alone.")] = "",
    sender: Annotated[str, typer.Option(help="Of this sender; with a contract, its file.")] = "",
    digest: Annotated[str, typer.Option(help="The one of this digest, in force or not.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print all there is to say.")] = False,
) -> None:
    """List the mappings that were confirmed, newest first; of one sender and contract, its file."""
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        with hub.store.reading() as reading:
            listed = all_mappings(reading)
    if contract and sender:
        one = find_mapping(listed, contract, sender, digest)
        if one is None:
            complain(f"chưa có bảng ánh xạ nào như vậy | no such mapping: {contract}, {sender}")
            raise typer.Exit(1)
        print(write_mapping(one.mapping, {}), end="")
        return
    wanted = [
        c
        for c in listed
        if contract in ("", c.mapping.contract)
        and sender in ("", c.mapping.sender)
        and digest in ("", c.mapping.digest)
    ]
    if as_json:
        print(json.dumps([c.public() for c in wanted], ensure_ascii=False, indent=2))
        return
    for c in wanted:
        said = c.public()
        state = "in force" if c.is_in_force else "replaced"
        names = ("contract", "sender", "digest", "confirmed_at", "confirmed_by")
        print("\t".join([state, *(str(said[n]) for n in names)]))


def _installed(name: str) -> Contract:
    installed = registry.contracts().get(name)
    if installed is None:
        raise typer.BadParameter(f"{name}: one of {', '.join(registry.contracts())}")
    return installed
