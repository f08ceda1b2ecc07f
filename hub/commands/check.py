"""The command `hub check`: would these be accepted? For a department's own CI."""

from pathlib import Path
from typing import Annotated

import typer

from hub import registry
from hub.commands.console import complain
from hub.commands.mapping import find_in_force, read_mapping_file
from hub.definitions.admission import Admitted, BodyError
from hub.definitions.contract import Contract
from hub.sheets.files import AdmittedFile, admit_rows, checked, judge_file, lines
from hub.sheets.mapping import FileMapping

app = typer.Typer()
EXAMPLES = {
    "check": ("hub check ho-so.xlsx --contract dossier",),
}


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="JSON (an array or lines), CSV or XLSX.")],
    contract: Annotated[str, typer.Option(help="The contract of the events.")],
    sender: Annotated[
        str, typer.Option(help="Read it by the mapping of this sender that is in force.")
    ] = "",
    mapping: Annotated[
        Path | None, typer.Option(help="Read it by this mapping, confirmed or not.")
    ] = None,
) -> None:
    """Judge a file as the gateway would, here and by itself: a line a fault, exit 1 for any.

    A file in a device's own form is read without the list of devices. Of a file it says first how
    it was understood: what each column is taken for, and what was passed over. With `--sender` the
    hub of the settings is asked, for its mapping alone.
    """
    installed = registry.contracts().get(contract)
    if installed is None:
        raise typer.BadParameter(f"--contract: one of {', '.join(registry.contracts())}")
    if sender and mapping is not None:
        raise typer.BadParameter("--sender and --mapping: one of them")
    read_by = read_mapping_file(installed, mapping) if mapping else None
    if sender:
        read_by = find_in_force(contract, sender)
    try:
        admitted = judged(installed, file.read_bytes(), file.name, read_by)
    except OSError as error:
        complain(f"{file}: {error.strerror}")
        raise typer.Exit(2) from None
    except BodyError as error:
        print(f"{file}: {error.rule}: {error.vi} | {error.en}")
        raise typer.Exit(1) from None
    if isinstance(admitted, AdmittedFile):
        for vi, en in admitted.understood.lines():
            print(f"{vi} | {en}")
    for line in lines(installed, admitted, str(file)):
        print(line)
    print(f"{len(admitted.indexes):,} accepted, {len(admitted.rejected):,} rejected")
    if admitted.rejected:
        raise typer.Exit(1)


def judged(contract: Contract, data: bytes, name: str, mapping: FileMapping | None) -> Admitted:
    """Judge a file of any form; raises `BodyError`."""
    for own in registry.own_files(contract.name):
        if own.is_one(data):
            return admit_rows(contract, checked(own.read(data, None)))
    return judge_file(contract, data, name, mapping)
