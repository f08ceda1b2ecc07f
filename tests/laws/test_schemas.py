"""Rendered schemas are fresh, safe and documented, and a successor breaks none before it."""

import json
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import fastavro
import pytest

from hub import places
from hub.definitions import avro
from hub.definitions import revisions as published
from hub.definitions.avro import Schema, UnsafeSchemaError
from hub.definitions.contract import Contract
from hub.definitions.own.rejection import REJECTION
from hub.definitions.revisions import IncompatibleError, Revision
from tests.parts.cases import ALL, CONTRACTS, every, every_one

# --- published schemas -------------------------------------------------------------------------


def test_rendered_schemas_are_fresh() -> None:
    folder = Path(str(places.avro_folder()))
    assert published.render([*CONTRACTS.values(), REJECTION], folder, check=True) == []


@every_one
def test_published_revisions_are_safe_and_ids_are_unique(name: str) -> None:
    listed = published.read_revisions()
    assert listed[name]
    for revision in listed[name]:
        avro.check_safe(revision.schema)
        fastavro.parse_schema(deepcopy(revision.schema))
        assert published.by_id(revision.schema_id).number == revision.number
    ids = [r.schema_id for revisions in listed.values() for r in revisions]
    assert len(ids) == len(set(ids))


def test_an_id_of_two_revisions_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two branches that add a contract take the same next id, and merge without a conflict."""
    shutil.copytree(str(places.avro_folder()), tmp_path / "avro")
    ids = json.loads((tmp_path / "avro" / "ids.json").read_text())
    ids["payment"][0] = ids["reading"][0]
    (tmp_path / "avro" / "ids.json").write_text(json.dumps(ids))
    monkeypatch.setattr(places, "avro_folder", lambda: tmp_path / "avro")
    both = r"(payment\.1\.avsc and reading\.1|reading\.1\.avsc and payment\.1)\.avsc have one id"
    with pytest.raises(IncompatibleError, match=both):
        published.read_revisions()


@every_one
def test_every_field_is_documented_in_two_languages(name: str) -> None:
    contract = ALL[name]
    for doc in (contract.spec.title, *(f.doc for f in contract.fields)):
        assert doc.vi.strip()
        assert doc.en.strip()
        assert doc.vi != doc.en
    schema = avro.render_schema(contract)
    assert [f["name"] for f in schema["fields"]] == [f.name for f in contract.fields]
    assert all(" | " in f["doc"] for f in schema["fields"])
    assert all(f.is_needed == (f.name in _required(contract)) for f in contract.fields)


def _required(contract: Contract) -> set[str]:
    return {n for n, f in contract.model.model_fields.items() if f.is_required()}


@every
def test_the_key_travels_first_and_names_the_entity(name: str) -> None:
    contract = CONTRACTS[name]
    first = [f.name for f in contract.fields[: len(contract.spec.key)]]
    assert set(first) == set(contract.spec.key) <= set(contract.spec.entity)


# --- successors --------------------------------------------------------------------------------


def _published(name: str) -> tuple[Schema, list[Revision]]:
    contract = ALL[name]
    return avro.render_schema(contract), published.read_revisions()[name]


NOTE = {"name": "note", "doc": "Ghi chú | Note", "type": ["null", "string"], "default": None}


@every_one
def test_a_successor_may_append_optional_fields(name: str) -> None:
    schema, earlier = _published(name)
    published.check_successor(schema, earlier)
    schema["fields"].append(NOTE)
    published.check_successor(schema, earlier)
    second = Revision(name, len(earlier) + 1, 999, deepcopy(schema))
    schema["fields"].append({**NOTE, "name": "other", "type": ["null", "long"]})
    published.check_successor(schema, [*earlier, second])


def _remove(fields: list[Schema]) -> None:
    del fields[-1]


def _remove_required(fields: list[Schema]) -> None:
    del fields[0]


def _change(fields: list[Schema]) -> None:
    fields[0]["type"] = "long"


def _widen(fields: list[Schema]) -> None:
    fields[0]["type"] = "bytes"


def _loosen(fields: list[Schema]) -> None:
    fields[0] |= {"type": ["null", fields[0]["type"]], "default": None}


def _move(fields: list[Schema]) -> None:
    fields[0], fields[1] = fields[1], fields[0]


def _put_first(fields: list[Schema]) -> None:
    fields.insert(0, dict(NOTE))


def _rename(fields: list[Schema]) -> None:
    fields[-1]["name"] += "_2"


def _require(fields: list[Schema]) -> None:
    fields.append({"name": "note", "type": "string"})


def _require_with_default(fields: list[Schema]) -> None:
    fields.append({"name": "note", "type": "string", "default": ""})


def _default_last(fields: list[Schema]) -> None:
    fields.append({"name": "note", "type": ["string", "null"], "default": ""})


def _make_unsafe(fields: list[Schema]) -> None:
    items = {"type": "array", "items": "null"}
    fields.append({"name": "note", "type": ["null", items], "default": None})


BREAKING = (
    _remove,
    _remove_required,
    _change,
    _widen,
    _loosen,
    _move,
    _put_first,
    _rename,
    _require,
    _require_with_default,
    _default_last,
)


@pytest.mark.parametrize("edit", BREAKING, ids=lambda e: e.__name__.strip("_"))
@every_one
def test_a_successor_that_breaks_what_was_published_is_refused(name: str, edit: Any) -> None:
    schema, earlier = _published(name)
    edit(schema["fields"])
    with pytest.raises(IncompatibleError, match=name):
        published.check_successor(schema, earlier)


def test_an_unsafe_successor_is_refused() -> None:
    schema, earlier = _published("dossier")
    _make_unsafe(schema["fields"])
    with pytest.raises(UnsafeSchemaError):
        published.check_successor(schema, earlier)


def test_a_successor_is_held_against_every_earlier_revision() -> None:
    schema, earlier = _published("reading")
    appended = deepcopy(schema)
    appended["fields"].append(NOTE)
    later = [*earlier, Revision("reading", 2, 999, appended)]
    published.check_successor(appended, later)
    with pytest.raises(IncompatibleError, match="revision 2"):
        published.check_successor(schema, later)


def test_render_notices_a_stale_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = published.read_revisions()
    first = texts["payment"][0]
    older = deepcopy(first.schema)
    older["fields"][0]["doc"] = "khác | other"
    texts["payment"] = [Revision("payment", 1, first.schema_id, older)]
    monkeypatch.setattr(published, "read_revisions", lambda: texts)
    assert published.render(list(CONTRACTS.values()), tmp_path, check=True) == ["payment.2.avsc"]
    assert list(tmp_path.iterdir()) == []
