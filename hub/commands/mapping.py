"""What commands share that read files by a mapping: one in force, or one in a file."""

from pathlib import Path

import typer

from hub.commands.console import complain, settings_for_reading
from hub.definitions.contract import Contract
from hub.opening import catch_up, open_hub
from hub.sheets.mapped import check_mapping
from hub.sheets.mapping import FileMapping, MappingError, read_mapping
from hub.store.mappings import Mappings


def find_in_force(contract: str, sender: str) -> FileMapping:
    """Give the mapping in force of a sender; exit 2 where it has none."""
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        mapping = Mappings(hub.store).in_force(contract, sender)
    if mapping is None:
        complain(f"chưa có bảng ánh xạ nào như vậy | no such mapping: {contract}, {sender}")
        raise typer.Exit(2)
    return mapping


def read_mapping_file(contract: Contract, file: Path) -> FileMapping:
    """Read a mapping that may be used for a contract's files; exit 2 where it may not."""
    try:
        mapping = read_mapping(file.read_text("utf-8"))
        check_mapping(contract, mapping)
    except OSError as error:
        complain(f"{file}: {error.strerror}")
        raise typer.Exit(2) from None
    except MappingError as error:
        print_mapping_faults(file, error)
        raise typer.Exit(2) from None
    return mapping


def print_mapping_faults(file: Path, error: MappingError) -> None:
    """Say everything that is wrong with a mapping, a fault a line."""
    for fault in error.faults:
        print(f"{file}: {fault.rule}: {fault.message_vi} | {fault.message_en}")
