"""Scaffolds: the files of a new source, working from the start, and cases from its real files.

The connector reads CSV and XLSX files that are dropped in a folder, the way in that every
department has, or a database's table, of which a mapping says the columns; they are those that the
contract cannot do without. It has no case yet: what headers its files have is known when they are
there.
"""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any, get_args

from hub.connecting.connection import judge
from hub.connecting.feeds import Connector
from hub.connecting.polled import PolledSettings
from hub.definitions.admission import Verdict
from hub.definitions.coded import coded
from hub.definitions.contract import Contract, WireField
from hub.definitions.fields import WrittenDay
from hub.settings import meant_by
from hub.sheets import days, numbers, vietnamese
from hub.sheets.files import reader_of
from hub.sheets.mapping import FileMapping, MappedColumn, write_mapping
from hub.troubles import TroubleError

_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
# Each reader of cells by its name in its module.
_READERS = {
    name: (reader, module.__name__.rpartition(".")[2])
    for module in (days, numbers, vietnamese)
    for name, reader in vars(module).items()
    if isinstance(reader, vietnamese.Reader)
}
_DAY = get_args(WrittenDay)[1].pattern

_SOURCE = '''"""{title} as a source."""

from datetime import date

from connectors.{name}.connector import AGAIN
from hub.definitions.source import Source

SOURCE = Source(
    name="{name}",
    contract="{contract}",
    title_vi="",
    title_en="",
    owner="",
    cadence="daily",
    since=date({year}, {month}, {day}),
    # Where all events have one value, say so: else KPIs of other values wait for this source too.
    # only={{"quantity": "water_level"}},
    again=AGAIN,
)
'''

_CONNECTOR = '''"""{title} from a drop folder: CSV and XLSX files with the columns below.

`HUB_{upper}_FOLDER` is the folder; files are taken when they stood still for
`HUB_{upper}_SETTLE_SECONDS`.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from hub.connecting.feeds import Connector, Context, JsonObject
from hub.connecting.folder import Folder
from hub.connecting.rows import FileRecords, again_of, records_of
from hub.definitions.contract import Contract
{imports}
from schemas.contracts.{contract} import {model}

CONTRACT = Contract({model})
TABLE = Table(
    columns=(
{columns}
    ),{bars}
)
# Fields of the contract that no column has, with the one value that all rows have.
SAME: JsonObject = {{}}


class {camel}Settings(BaseSettings):
    """Where files are dropped, and for how many seconds one must stand still to be complete."""

    folder: Path
    settle_seconds: Annotated[float, Field(ge=0, le=3600)] = 5.0


def read(name: str, content: bytes, mapping: FileMapping | None = None) -> FileRecords:
    """Read a file, CSV or XLSX by its content, and by a mapping of its sender; a record a row."""
    return records_of(TABLE, content, _event, mapping)


def _event(values: JsonObject) -> JsonObject:
    """Name an event by all it says: the same row again is a repeat, another one is another event.

    Of one thing ({entity}) the last counts, by
    {order}.
    Where rows do not say which is later, see README, "Adding a source", step 2. Where other figures
    of one thing are to be a conflict, name it by what identifies it, as `connectors/payments` does.
    """
    return with_id({{**SAME, **values}})


def open_folder(settings: {camel}Settings, context: Context) -> Folder:
    """Begin to watch the folder."""
    path, settle = settings.folder, settings.settle_seconds
    return Folder("{name}", CONTRACT, path, settle, context, read, TABLE.header_of)


# How a rejected row is read again, once it is corrected.
AGAIN = again_of(CONTRACT, TABLE, _event)
CONNECTOR = Connector({camel}Settings, read, open_folder)
'''


_LANES = {
    "table": '''"""{title} from a table of a department's own database, a row an event, read by key.

`HUB_{upper}_URL`, `…_TABLE`, `…_COMMIT` and the rest are `PolledSettings`. Which column fills which
field is said by `mapping.toml`, or by the mapping that is in force for this source.
"""

from hub.connecting.polled import PolledTable
from hub.connecting.rows import again_of
from hub.connecting.typed import mapping_beside
from hub.definitions.contract import Contract
from hub.sheets.files import table_of, with_id
from schemas.contracts.{contract} import {model}

CONTRACT = Contract({model})
TABLE = PolledTable("{name}", CONTRACT, mapping_beside(__file__, CONTRACT))
AGAIN = again_of(CONTRACT, table_of(CONTRACT, TABLE.mapping), with_id)
CONNECTOR = TABLE.connector()
''',
    "changes": '''"""{title} from a table that Debezium follows: a row what stands now.

`HUB_{upper}_BOOTSTRAP`, `…_TOPIC` and the rest are `ChangesSettings`. Which column fills which
field is said by `mapping.toml`, or by the mapping that is in force for this source.
"""

from hub.connecting.typed import mapping_beside
from hub.definitions.contract import Contract
from hub.kafka.following import FollowedTable
from schemas.contracts.{contract} import {model}

CONTRACT = Contract({model})
TABLE = FollowedTable("{name}", CONTRACT, mapping_beside(__file__, CONTRACT))
AGAIN = TABLE.again
CONNECTOR = TABLE.connector()
''',
}
LANES = tuple(_LANES)


class NewSourceError(TroubleError):
    """A source cannot be scaffolded; the message says why."""


def new_source(
    folder: Path, name: str, contract: Contract, since: date, lane: str = ""
) -> list[Path]:
    """Write the files of a source below `folder` (the package `connectors`); give their paths.

    It reports from the day `since` on, by a drop folder, or by a `lane` of `LANES`.

    Raises `NewSourceError` where the name is no module's or the folder is there already.
    """
    if not _NAME.fullmatch(name):
        raise NewSourceError(f"{name!r}: small letters, digits and _ only, a letter first")
    for field in (*PolledSettings.model_fields, "folder", "bootstrap", "topic", "registry", "ca"):
        if (near := meant_by(variable := f"HUB_{name.upper()}_{field.upper()}")) is not None:
            raise NewSourceError(f"{name!r}: {variable} would be taken for {near}; choose another")
    home = folder / name
    if home.exists():
        raise NewSourceError(f"{home} is there already")
    spec = contract.spec
    needed = [f for f in contract.fields if not f.optional and f.name != "event_id"]
    others = [f for f in contract.sent if f.optional]
    told_by = (*spec.entity, *spec.order_first)
    fields = [*needed, *(f for f in others if f.name in told_by)]
    left_out = [f for f in others if f not in fields]
    order = [*spec.order_first, "recorded_at", spec.occurred]
    order += ["the place of its kind in the contract"] if contract.kinds else []
    words = {
        "name": name,
        "upper": name.upper(),
        "camel": "".join(p.capitalize() for p in name.split("_")),
        "contract": contract.name,
        "model": contract.model.__name__,
        "title": spec.title.vi,
        "imports": _imports({_reader(contract, f) for f in fields}),
        "columns": "\n".join(_column(contract, f) for f in fields) + _offered(left_out),
        **{n: getattr(since, n) for n in ("year", "month", "day")},
        "bars": f"\n    bars={contract.model.__name__}.spec.bars," if spec.bars else "",
        "entity": ", ".join(spec.entity),
        "order": ", ".join(order),
    }
    files = {
        "__init__.py": f'"""{spec.title.vi}: source and connector."""\n',
        "source.py": _SOURCE.format(**words),
        "connector.py": (_LANES[lane] if lane else _CONNECTOR).format(**words),
    }
    if lane:
        columns = tuple(MappedColumn(header=f.name, field=f.name) for f in fields)
        mapping = FileMapping(contract=contract.name, sender=name, columns=columns)
        files["mapping.toml"] = write_mapping(mapping, {})
    (home / "cases").mkdir(parents=True)
    for path, text in files.items():
        (home / path).write_text(text, "utf-8")
    return [home / path for path in files]


def _imports(readers: set[str]) -> str:
    """Import the readers from where they are."""
    names = {"files": {"with_id"}, "mapping": {"FileMapping"}, "table": {"Column", "Table"}}
    for reader in readers:
        module = _READERS[reader][1] if reader in _READERS else "vietnamese"
        names.setdefault(module, set()).add(reader)
    return "\n".join(
        f"from hub.sheets.{m} import {', '.join(sorted(names[m]))}" for m in sorted(names)
    )


def _header(field: WireField) -> str:
    """The field's Vietnamese name, without its explanation."""
    return re.split(r"[,;:(]", field.doc.vi)[0].strip()


def _offered(fields: list[WireField]) -> str:
    """Name what the contract also takes, for whoever has such columns."""
    if not fields:
        return ""
    said = [f"        #   {f.name}: {_header(f)}" for f in fields]
    return "\n".join(
        ["", "        # Also of the contract, where files have it (required=False):", *said]
    )


def _reader(contract: Contract, field: WireField) -> str:
    """Name the reader of a field's cells."""
    if field.kind == "text" and "enum" in field.limits:
        return "code"
    if field.kind == "thousandths":
        return "exact"
    if field.limits.get("pattern") == _DAY:
        return "period"
    read = reader_of(contract, field)
    return next(name for name, (reader, _) in _READERS.items() if reader is read)


def _names(contract: Contract, field: WireField) -> list[tuple[str, str]]:
    """Give codes by what people call them, and by themselves."""
    words = coded(contract, field.name).words
    said = [(word, code) for code in field.limits["enum"] for word in (*words.get(code, ()), code)]
    first: dict[tuple[str, str], str] = {}
    for word, code in said:
        first.setdefault((vietnamese.folded(word), code), word)
    return [(word, code) for (_, code), word in first.items()]


def _column(contract: Contract, field: WireField) -> str:
    reader = _reader(contract, field)
    if reader != "code":
        rest = ", required=False" if field.optional else ""
        return f'        Column("{field.name}", ("{_header(field)}",), {reader}{rest}),'
    said = _names(contract, field)
    names = "".join(
        f'                    {json.dumps(word, ensure_ascii=False)}: "{code}",\n'
        for word, code in said
    )
    head = f'        Column(\n            "{field.name}",\n            ("{_header(field)}",),\n'
    tail = "                }\n            ),\n        ),"
    return f"{head}            code(\n                {{\n{names}{tail}"


def read_case(connector: Connector, contract: Contract, name: str, content: bytes) -> Any:
    """Read an upstream's bytes; give what `expected.json` says of them.

    To be held against the bytes by eye: it is what the connector does, not what it should do.
    """
    records = connector.read(name, content)
    out: list[dict[str, Any]] = []
    for record, judged in zip(records, judge(contract, records), strict=True):
        if isinstance(judged, Verdict):
            out.append({"rule": judged.rule, "field": judged.field, "value": judged.value})
        else:
            out.append({"events": [dict(e) for e in record.events]})
    return {"records": out}


def new_case(home: Path, connector: Connector, contract: Contract, name: str, file: Path) -> Path:
    """Write a case of a source from a file of its upstream; give the case's folder.

    Raises `NewSourceError` where there is such a case or no such file.
    """
    case = home / "cases" / name
    if not _NAME.fullmatch(name) or case.exists():
        raise NewSourceError(f"{case} is there already, or is no name of small letters")
    if not file.is_file():
        raise NewSourceError(f"{file} is no file")
    content = file.read_bytes()
    text = json.dumps(
        read_case(connector, contract, file.name, content), ensure_ascii=False, indent=2
    )
    case.mkdir(parents=True)
    (case / f"input{file.suffix}").write_bytes(content)
    (case / "expected.json").write_text(text + "\n", "utf-8")
    return case
