"""Published schemas: the file registry, and how a contract's next revision is admitted to it.

`schemas/avro/ids.json` lists every published revision with its id; the ids are the same
everywhere because they travel in the package. A published revision is never edited. A new one only
appends optional fields: old data stays readable, new data too, and the bytes of an event whose new
fields are absent differ from the old bytes by nothing but closing zeros.
"""

import json
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from hub import places
from hub.definitions import avro
from hub.definitions.avro import Schema
from hub.definitions.contract import Contract
from hub.troubles import TroubleError


class IncompatibleError(ValueError):
    """A contract changed in a way that its published revisions do not allow."""


class SchemaRegistryError(TroubleError):
    """A schema registry could not be reached, or refused a published schema."""


@dataclass(frozen=True)
class Revision:
    """One published revision of a contract's schema."""

    name: str
    number: int
    schema_id: int
    schema: Schema

    @property
    def file(self) -> str:
        """The file's name."""
        return file_name(self.name, self.number)

    @cached_property
    def plain(self) -> Schema:
        """The schema without texts and logical types, parsed for the decoder once."""
        return avro.parsed(avro.plain(self.schema))


def file_name(name: str, number: int) -> str:
    """Name the file of a revision."""
    return f"{name}.{number}.avsc"


def read_revisions() -> dict[str, list[Revision]]:
    """Read all published revisions, oldest first, refusing unsafe schemas and an id of two.

    Raises `IncompatibleError`.
    """
    folder = places.avro_folder()
    index = folder / "ids.json"
    listed = json.loads(index.read_text("utf-8")) if index.is_file() else {}
    published: dict[str, list[Revision]] = {}
    taken: dict[int, str] = {}
    for name, ids in listed.items():
        for number, schema_id in enumerate(ids, 1):
            file = file_name(name, number)
            if (other := taken.setdefault(schema_id, file)) != file:
                raise IncompatibleError(
                    f"schemas/avro/ids.json: {other} and {file} have one id, {schema_id}: two"
                    " branches took it. Of the one that is published nowhere yet delete the file"
                    " and its id, then `hub render`"
                )
            text = (folder / file_name(name, number)).read_text("utf-8")
            schema = json.loads(text)
            avro.check_safe(schema)
            published.setdefault(name, []).append(Revision(name, number, schema_id, schema))
    return published


_adopted: dict[str, list[Revision]] = {}


def use(listed: dict[str, list[Revision]]) -> None:
    """Use these revisions in this process: the published ones, with a registry's ids."""
    _adopted.update(listed)
    revisions.cache_clear()
    by_id.cache_clear()


@cache
def revisions() -> dict[str, list[Revision]]:
    """Give the published revisions, read once."""
    return _adopted or read_revisions()


def latest(name: str) -> Revision:
    """Give the newest published revision of a contract."""
    return revisions()[name][-1]


@cache
def by_id(schema_id: int) -> Revision:
    """Find a revision by its id; raise `KeyError` where it was never published."""
    for listed in revisions().values():
        for revision in listed:
            if revision.schema_id == schema_id:
                return revision
    raise KeyError(schema_id)


def check_successor(schema: Schema, earlier: list[Revision]) -> None:
    """Check a schema against every earlier revision; raise `IncompatibleError` with the reason."""
    avro.check_safe(schema)
    for old in earlier:
        for reader, writer, words in (
            (schema, old.schema, "cannot read"),
            (old.schema, schema, "cannot be read by"),
        ):
            reason = avro.compatible(reader, writer)
            if reason:
                raise IncompatibleError(f"{old.name} {words} revision {old.number}: {reason}")
        shared = len(old.schema["fields"])
        kept, added = schema["fields"][:shared], schema["fields"][shared:]
        names = [(f["name"], f["type"]) for f in kept]
        if names != [(f["name"], f["type"]) for f in old.schema["fields"]]:
            raise IncompatibleError(f"{old.name}: fields of revision {old.number} moved or changed")
        for f in added:
            if not isinstance(f["type"], list) or f["type"][0] != "null":
                raise IncompatibleError(f"{old.name}.{f['name']}: a new field must be optional")


def render(contracts: list[Contract], folder: Path, *, check: bool = False) -> list[str]:
    """Write the schemas that are new or changed; name the files written.

    With `check`, write nothing and name what is stale.
    """
    known = read_revisions()
    ids = {name: [r.schema_id for r in rs] for name, rs in known.items()}
    stale = []
    for contract in contracts:
        schema = avro.render_schema(contract)
        earlier = known.get(contract.name, [])
        if earlier and earlier[-1].schema == schema:
            continue
        check_successor(schema, earlier)
        stale.append(file_name(contract.name, len(earlier) + 1))
        if not check:
            text = json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
            (folder / stale[-1]).write_text(text, "utf-8")
            taken = [i for listed in ids.values() for i in listed]
            ids.setdefault(contract.name, []).append(max(taken, default=0) + 1)
    if stale and not check:
        (folder / "ids.json").write_text(json.dumps(ids, indent=2) + "\n", "utf-8")
        revisions.cache_clear()
        by_id.cache_clear()
    return stale
