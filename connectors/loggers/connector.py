"""Exports of loggers from a drop folder: files as the programs of their makers write them.

`HUB_LOGGERS_FOLDER` is the folder; files are taken when they stood still for
`HUB_LOGGERS_SETTLE_SECONDS`. The same files are taken over HTTP (`POST /v1/files/reading`). Which
station a device stands at is said by the province's list `devices`.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from connectors.loggers.readings import format_of, read_export
from hub.connecting.feeds import Connector, Context, OwnFiles
from hub.connecting.folder import Folder
from hub.connecting.rows import FileRecords, recorded
from hub.definitions.contract import Contract
from hub.sheets.files import table_of
from hub.sheets.mapping import FileMapping
from schemas.contracts.reading import Reading

CONTRACT = Contract(Reading)
LIST = "devices"


class LoggersSettings(BaseSettings):
    """Where files are dropped, and for how many seconds one must stand still to be complete."""

    folder: Path
    settle_seconds: Annotated[float, Field(ge=0, le=3600)] = 5.0


def read(_: str, content: bytes) -> FileRecords:
    """Read a file by itself: its own name for its station is taken for the station's code."""
    return recorded(read_export(content, None))


def open_folder(settings: LoggersSettings, context: Context) -> Folder:
    """Begin to watch the folder."""

    def read_file(_: str, content: bytes, __: FileMapping | None) -> FileRecords:
        return recorded(read_export(content, context.listed(LIST)))

    header_of = table_of(CONTRACT).header_of
    path, settle = settings.folder, settings.settle_seconds
    return Folder("loggers", CONTRACT, path, settle, context, read_file, header_of)


OWN = OwnFiles(LIST, lambda content: format_of(content) is not None, read_export)
CONNECTOR = Connector(
    LoggersSettings,
    read,
    open_folder,
    own=OWN,
    unstruck="files in a drop folder, as those of `documents`, each in the form of a device",
)
