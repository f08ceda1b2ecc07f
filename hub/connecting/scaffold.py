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
from hub.sheets.daily import RECORDED
from hub.sheets.files import reader_of
from hub.sheets.mapping import FileMapping, MappedColumn, write_mapping
from hub.sheets.revising import counted
from hub.troubles import TroubleError

NAME_MAX = 40  # of a field's Vietnamese name; what is longer explains
LINE_MAX = 100  # of what is written: it is held to the rules of the house at once
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
`HUB_{upper}_SETTLE_SECONDS`.{days}
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
{named}

class {camel}Settings(BaseSettings):
    """Where files are dropped, and for how many seconds one must stand still to be complete."""

    folder: Path
    settle_seconds: Annotated[float, Field(ge=0, le=3600)] = 5.0


def read(name: str, content: bytes, mapping: FileMapping | None = None) -> FileRecords:
    """Read a file, CSV or XLSX by its content, and by a mapping of its sender; a record a row."""
    return records_of(TABLE, content, _event, mapping{told})


def _event(values: JsonObject) -> JsonObject:
    """{named_by}

    Of one thing ({entity}) the last counts, by
    {order}.
{ordered}
    """
    return with_id({{**SAME, **values}}{by})


def open_folder(settings: {camel}Settings, context: Context) -> Folder:
    """Begin to watch the folder."""
    path, settle = settings.folder, settings.settle_seconds
    return Folder("{name}", CONTRACT, path, settle, context, read, TABLE.header_of)


# How a rejected row is read again, once it is corrected.
AGAIN = again_of(CONTRACT, TABLE, _event)
CONNECTOR = Connector(
    {camel}Settings,
    read,
    open_folder,
    # Until it has a `simulator.py`:
    unstruck="files in a drop folder, by the same code as those of `documents` and `statements`",
)
'''


# Who counts revisions says by them which report is later; else the names of files do.
_ORDERED = {
    True: """\
    Where other figures in the same revision are to be a conflict, name it by what identifies it, as
    `connectors/payments` does.""",
    False: """\
    `recorded_at` is what the row says, else the day in the file's name and the row's place: so a
    later file corrects an earlier one, whichever is read first (`hub.sheets.daily`). Where a thing
    is never told again, leave `Daily` out: then a name needs no day.""",
}
_DAYS = " Their names say their day: `so-lieu-2026-05-17.csv`."
_NAMED = """Name an event by all it says: the same row again is a repeat, another one is another."""
_NAMED_BY = """Name an event by what it is about and when it was told: the same again is a repeat.

    Other words told at the same time are a conflict, which the hub shows."""
_LANES = {
    "table": '''"""{title} from a table of a department's own database, a row an event, read by key.

`HUB_{upper}_URL`, `…_TABLE`, `…_COMMIT` and the rest are `PolledSettings`. Which column fills which
field is said by `mapping.toml`, or by the mapping that is in force for this source.
"""

from dataclasses import replace

from hub.connecting.polled import PolledTable
from hub.connecting.rows import again_of
from hub.connecting.typed import mapping_beside
from hub.definitions.contract import Contract
from hub.sheets.files import table_of, with_id
from schemas.contracts.{contract} import {model}

CONTRACT = Contract({model})
TABLE = PolledTable("{name}", CONTRACT, mapping_beside(__file__, CONTRACT))
AGAIN = again_of(CONTRACT, table_of(CONTRACT, TABLE.mapping), with_id)
# Until it has a `simulator.py`, why `make chaos` leaves it out.
CONNECTOR = replace(TABLE.connector(), unstruck="a table, read by the code of `land_office`")
''',
    "changes": '''"""{title} from a table that Debezium follows: a row what stands now.

`HUB_{upper}_BOOTSTRAP`, `…_TOPIC` and the rest are `ChangesSettings`. Which column fills which
field is said by `mapping.toml`, or by the mapping that is in force for this source.
"""

from dataclasses import replace

from hub.connecting.typed import mapping_beside
from hub.definitions.contract import Contract
from hub.kafka.following import FollowedTable
from schemas.contracts.{contract} import {model}

CONTRACT = Contract({model})
TABLE = FollowedTable("{name}", CONTRACT, mapping_beside(__file__, CONTRACT))
AGAIN = TABLE.again
# Until it has a `simulator.py`, why `make chaos` leaves it out.
CONNECTOR = replace(TABLE.connector(), unstruck="a change feed, read by the code of `tax_fees`")
''',
}
LANES = tuple(_LANES)
# What a lane is set by; a drop folder by its folder alone.
_SETTINGS = {
    "table": (*PolledSettings.model_fields,),
    "changes": ("bootstrap", "topic", "registry", "ca"),
}


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
    for field in _SETTINGS.get(lane, ("folder", "settle_seconds")):
        if (near := meant_by(variable := f"HUB_{name.upper()}_{field.upper()}")) is not None:
            raise NewSourceError(f"{name!r}: {variable} would be taken for {near}; choose another")
    home = folder / name
    if home.exists():
        raise NewSourceError(f"{home} is there already")
    spec = contract.spec
    needed = [f for f in contract.fields if not f.optional and f.name != "event_id"]
    others = [f for f in contract.sent if f.optional]
    is_daily = not counted(contract)
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
        "imports": _imports({_reader(contract, f) for f in fields}, is_daily),
        "columns": "\n".join(_column(contract, f) for f in fields) + _offered(left_out),
        **{n: getattr(since, n) for n in ("year", "month", "day")},
        "bars": f"\n    bars={contract.model.__name__}.spec.bars," if spec.bars else "",
        "entity": ", ".join(spec.entity),
        "order": ", ".join(order),
        **_naming(contract, is_daily),
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


def _naming(contract: Contract, is_daily: bool) -> dict[str, str]:
    """Say how events are named and ordered: by revisions, or by the days of their files."""
    spec = contract.spec
    words = {"named": "", "told": "", "by": "", "named_by": _NAMED, "ordered": _ORDERED[True]}
    words["days"] = ""
    if not is_daily:
        return words
    words |= {"told": ", Daily(name, CONTRACT)", "ordered": _ORDERED[False], "days": _DAYS}
    if contract.kinds:  # a thing may have several events of one kind and time
        return words
    names = dict.fromkeys((*spec.entity, *spec.order_first, RECORDED))
    listed = ", ".join(f'"{name}"' for name in names)
    named = f"# What an event is about, and when it was told.\nNAMED_BY = ({listed})\n"
    return words | {"named": named, "by": ", NAMED_BY", "named_by": _NAMED_BY}


def _imports(readers: set[str], is_daily: bool) -> str:
    """Import the readers from where they are."""
    names = {"files": {"with_id"}, "mapping": {"FileMapping"}, "table": {"Column", "Table"}}
    names |= {"daily": {"Daily"}} if is_daily else {}
    for reader in readers:
        module = _READERS[reader][1] if reader in _READERS else "vietnamese"
        names.setdefault(module, set()).add(reader)
    return "\n".join(
        f"from hub.sheets.{m} import {', '.join(sorted(names[m]))}" for m in sorted(names)
    )


def _header(field: WireField) -> str:
    """The field's Vietnamese name, without its explanation."""
    return re.split(r"[,;:(]", field.doc.vi)[0].strip()


def _headers(field: WireField) -> str:
    """Write the titles that its column may have: the field's own, and those also in use.

    What stands behind a comma may explain, or be of the name: `Xã, phường`.
    """
    whole = field.doc.vi
    may_be_name = "," in whole and len(whole) <= NAME_MAX and not re.search(r"[;:(0-9]", whole)
    titles = dict.fromkeys((_header(field), *([whole] if may_be_name else []), *field.doc.also))
    said = [json.dumps(t, ensure_ascii=False) for t in titles]
    line = f"({said[0]},)" if len(said) == 1 else f"({', '.join(said)})"
    if len(line) < LINE_MAX - 12:
        return line
    return "\n".join(["(", *(f"                {title}," for title in said), "            )"])


def _offered(fields: list[WireField]) -> str:
    """Name what the contract also takes, for whoever has such columns."""
    if not fields:
        return ""
    said = [f"        #   {f.name}: {_header(f)}" for f in fields]
    return "\n".join(
        [
            "",
            "        # Also of the contract; required=False where files may lack the column,",
            "        # may_be_blank=True where it must be there and its cells may be blank:",
            *said,
        ]
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
        rest += ", may_be_blank=True" if field.absent is not None else ""
        parts = (f'"{field.name}"', _headers(field), f"{reader}{rest}")
        line = f"        Column({', '.join(parts)}),"
        if len(line) <= LINE_MAX:
            return line
        return "\n".join(
            ["        Column(", *(f"            {part}," for part in parts), "        ),"]
        )
    said = _names(contract, field)
    names = "".join(
        f'                    {json.dumps(word, ensure_ascii=False)}: "{code}",\n'
        for word, code in said
    )
    head = f'        Column(\n            "{field.name}",\n            {_headers(field)},\n'
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

    Raises `NewSourceError` where there is such a case, no such file, or the name is no module's.
    """
    case = home / "cases" / name
    if not _NAME.fullmatch(name):
        raise NewSourceError(f"{name!r}: small letters, digits and _ only, a letter first; --name")
    if case.exists():
        raise NewSourceError(f"{case} is there already; remove it, or give another --name")
    if not file.is_file():
        raise NewSourceError(f"{file} is no file")
    content, given = file.read_bytes(), f"input{file.suffix}"
    found = read_case(connector, contract, given, content)
    if found != read_case(connector, contract, file.name, content):
        given = f"input-{file.name}"  # the name says something, such as a day
        found = read_case(connector, contract, given, content)
    text = json.dumps(found, ensure_ascii=False, indent=2)
    case.mkdir(parents=True)
    (case / given).write_bytes(content)
    (case / "expected.json").write_text(text + "\n", "utf-8")
    return case
