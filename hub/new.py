"""Scaffolds: the files of a new source, working from the start, with a case to fill in.

The connector reads CSV and XLSX files that are dropped in a folder, the way in that every
department has; its columns are those that the contract cannot do without.
"""

import json
import re
from pathlib import Path

from hub.contracts import Contract, WireField

_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
_READERS = {"text": "text", "integer": "integer", "instant": "instant", "thousandths": "exact"}
_SAMPLES = {"text": "A1", "integer": "12", "instant": "17/05/2023 08:00", "thousandths": "1,25"}

_SOURCE = '''"""{title} as a source."""

from hub.sources import Source

SOURCE = Source(
    name="{name}",
    contract="{contract}",
    title_vi="{title}",
    title_en="{title}",
    owner="",
    cadence="daily",
)
'''

_CONNECTOR = '''"""{title} from a drop folder: CSV and XLSX files with the columns below.

`HUB_{upper}_FOLDER` is the folder; files are taken when they stood still for
`HUB_{upper}_SETTLE_SECONDS`.
"""

import hashlib
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from hub import registry
from hub.feeds import Connector, Context, JsonObject, Record
from hub.folder import Folder
from hub.tabular import Column, Table, {imports}read_rows
from hub.vietnamese import {readers}{cell}
{decimals}
TABLE = Table(
    columns=(
{columns}
    )
)
NAMED_BY = (
{named_by}
)


class {camel}Settings(BaseSettings):
    """Where files are dropped, and for how many seconds one must stand still to be complete."""

    folder: Path
    settle_seconds: Annotated[float, Field(ge=0, le=3600)] = 5.0


def read(name: str, content: bytes) -> list[Record]:
    """Read a file, CSV or XLSX by its content; a record a row."""
    return [
        Record(
            row.original,
            () if row.verdict else (_event(row.values),),
            row.verdict,
            row.number - 1,
        )
        for row in read_rows(TABLE, content)
    ]


def _event(values: JsonObject) -> JsonObject:
    """Name an event by what identifies it: other contents under that are a conflict."""
    said = "\\x1f".join(str(values[n]) for n in NAMED_BY)
    digest = hashlib.blake2b(said.encode(), digest_size=16)
    return {{"event_id": digest.hexdigest(), **values}}


def open_folder(settings: {camel}Settings, context: Context) -> Folder:
    """Begin to watch the folder."""
    contract = registry.contracts()["{contract}"]
    path, settle = settings.folder, settings.settle_seconds
    return Folder("{name}", contract, path, settle, context, read, TABLE.header_of)


CONNECTOR = Connector({camel}Settings, read, open_folder)
'''


_EXACT = '''

def exact(cell: Cell) -> str:
    """Read a decimal number, which is exact in JSON as a text."""
    return str(decimal(cell))

'''


class NewSourceError(ValueError):
    """A source cannot be scaffolded; the message says why."""


def new_source(folder: Path, name: str, contract: Contract) -> list[Path]:
    """Write the files of a source below `folder` (the package `connectors`); give their paths.

    Raises `NewSourceError` where the name is no module's or the folder is there already.
    """
    if not _NAME.fullmatch(name):
        raise NewSourceError(f"{name!r}: small letters, digits and _ only, a letter first")
    home = folder / name
    if home.exists():
        raise NewSourceError(f"{home} is there already")
    spec = contract.spec
    fields = [f for f in contract.fields if not f.optional and f.name != "event_id"]
    named_by = [*spec.entity, *(n for n in spec.order_first if n not in spec.entity)]
    fields += [f for f in contract.fields if f.name in named_by and f not in fields]
    has_codes = any("enum" in f.limits for f in fields)
    readers = {_READERS[f.kind] for f in fields if "enum" not in f.limits}
    has_decimals = "exact" in readers
    if has_decimals:
        readers = readers - {"exact"} | {"decimal"}
    words = {
        "name": name,
        "upper": name.upper(),
        "camel": "".join(p.capitalize() for p in name.split("_")),
        "contract": contract.name,
        "title": spec.title.vi,
        "imports": "code, " if has_codes else "",
        "readers": ", ".join(sorted(readers)),
        "cell": "\nfrom hub.xlsx import Cell" if has_decimals else "",
        "decimals": _EXACT if has_decimals else "",
        "columns": "\n".join(_column(f) for f in fields),
        "named_by": "\n".join(f'    "{n}",' for n in named_by),
    }
    rows = [[_header(f) for f in fields], [_sample(f) for f in fields]]
    files = {
        "__init__.py": f'"""{spec.title.vi}: source and connector."""\n',
        "source.py": _SOURCE.format(**words),
        "connector.py": _CONNECTOR.format(**words),
        "cases/first/input.csv": "".join(";".join(row) + "\n" for row in rows),
        "cases/first/expected.json": json.dumps({"records": []}, indent=2) + "\n",
    }
    for path, text in files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text, "utf-8")
    return [home / path for path in files]


def _header(field: WireField) -> str:
    """The field's Vietnamese name, without its explanation."""
    return re.split(r"[,;:(]", field.doc.vi)[0].strip()


def _column(field: WireField) -> str:
    if "enum" not in field.limits:
        return f'        Column("{field.name}", ("{_header(field)}",), {_READERS[field.kind]}),'
    names = "".join(f'                    "{n}": "{n}",\n' for n in field.limits["enum"])
    head = f'        Column(\n            "{field.name}",\n            ("{_header(field)}",),\n'
    tail = "                }\n            ),\n        ),"
    return f"{head}            code(\n                {{\n{names}{tail}"


def _sample(field: WireField) -> str:
    return str(field.limits["enum"][0]) if "enum" in field.limits else _SAMPLES[field.kind]
