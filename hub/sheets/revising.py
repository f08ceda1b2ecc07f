"""Revising: which revision a report takes whose table has no column of revisions.

A report that says what is known already is a repeat; one with other figures replaces it as the
next revision. So of a corrected file all rows count, by whatever way it comes. Where the column is
there, the sender counts.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from hub.definitions.again import JsonObject, Known
from hub.definitions.coded import find_field, label
from hub.definitions.contract import Contract, Event
from hub.sheets.understood import PassedOver, Understood

FIRST = 0
PLACES_MAX = 20  # of rows that are named; the rest is counted


def counted(contract: Contract) -> str:
    """Name the field by which reports replace one another, empty where it is no whole number."""
    names = contract.spec.order_first
    field = find_field(contract, names[0]) if len(names) == 1 and not contract.kinds else None
    return field.name if field is not None and field.kind == "integer" else ""


def figures(contract: Contract) -> list[str]:
    """Name what is reported: all fields but those that say of what, by whom and which revision."""
    others = {*contract.spec.entity, *contract.spec.order_first, *Event.model_fields}
    return [f.name for f in contract.sent if f.name not in others]


@dataclass(frozen=True)
class Revised:
    """The revision of each thing that is reported, and which of them have other figures now."""

    revisions: Mapping[str, int]
    replaced: frozenset[str]


def revise(contract: Contract, reports: Iterable[JsonObject], known: Known) -> Revised:
    """Give the revisions that reports take beside what is known; `reports` are wire values.

    Of two reports on one thing the last is held against what is known, and both take its revision.
    """
    names = figures(contract)
    said = {contract.entity_of(dict(r)): [r[n] for n in names] for r in reports}
    rows = known(sorted(said), (counted(contract), *names)) if said else {}
    before = {entity: values for entity, values in rows.items() if values[0] is not None}
    revisions = dict.fromkeys(said, FIRST)
    revisions |= {entity: int(values[0]) for entity, values in before.items()}
    changed = {e for e, values in before.items() if list(values[1:]) != said[e]}
    revisions |= {entity: revisions[entity] + 1 for entity in changed}
    return Revised(revisions, frozenset(changed))


def note_replaced(contract: Contract, understood: Understood, places: Sequence[int]) -> None:
    """Say of a file that rows of it replace what is known, and which, where there are some."""
    count = len(places)
    if not count:
        return
    fields = [f for n in contract.spec.entity if (f := find_field(contract, n)) is not None]
    titles = ", ".join(label(f).vi.lower() for f in fields)
    names = ", ".join(f.name.replace("_", " ") for f in fields)
    rows = [understood.where(place) for place in islice(places, PLACES_MAX)]
    more = count - len(rows)
    at_vi, at_en = ("; ".join(r[i] for r in rows) for i in (0, 1))
    if more > 0:
        at_vi, at_en = f"{at_vi}; và {more} dòng nữa", f"{at_en}; and {more} more"
    vi = f"{count} dòng thay số liệu đã báo trước đó của cùng {titles}: {at_vi}"
    en = f"{count} rows replace figures reported before for the same {names}: {at_en}"
    understood.passed.append(PassedOver("replaced", "", 0, str(count), vi, en))


def note_uncounted(contract: Contract, understood: Understood) -> None:
    """Say of a file that the hub counts its revisions."""
    field = find_field(contract, understood.to_count)
    title = understood.to_count if field is None else label(field).vi
    vi = f"không có cột {title}: dòng có số liệu khác với số đã báo là lần điều chỉnh kế tiếp, dòng"
    vi += " như cũ chỉ tính một lần"
    en = f"no column of {understood.to_count}: a row with other figures than those reported is the"
    en += " next revision, one that says the same counts once"
    understood.passed.append(PassedOver("uncounted", "", 0, "", vi, en))


def says_none(contract: Contract, item: Any) -> bool:
    """Tell whether an item is a row whose table has no revisions: its own is there, and null."""
    name = counted(contract)
    return bool(name) and isinstance(item, dict) and item.get(name, FIRST) is None


def with_revision(contract: Contract, item: bytes, revision: int = FIRST) -> bytes:
    """Give an item with a revision, where it is a row that says none; any other as it is."""
    try:
        said = json.loads(item)
    except (ValueError, RecursionError):
        return item
    if not says_none(contract, said):
        return item
    text = json.dumps({**said, counted(contract): revision}, ensure_ascii=False)
    return text.encode(errors="backslashreplace")


def settled(contract: Contract, item: bytes, known: Known) -> bytes:
    """Give an item that keeps its contract the revision by which it replaces what is known.

    One that says its revision stays as it is.
    """
    begun = with_revision(contract, item)
    if begun == item:
        return item
    wire = contract.wire(contract.item.validate_json(begun))
    (revision,) = revise(contract, [wire], known).revisions.values()
    return with_revision(contract, item, revision)
