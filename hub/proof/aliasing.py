"""Aliasing: codes that are one thing once more, event by event, for verify to compare with.

It shares with `hub.figures.aliases` what a claim and the name of a thing are, and no code of it.
"""

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

from hub.apply.fold import HELD
from hub.clock import day_of
from hub.definitions.contract import Contract
from hub.definitions.fact import Fact
from hub.proof.entity import Entity
from hub.proof.recount import Came, fact_digest
from hub.store.reading import Row

# Reads the records of some codes again, each with sender, acceptance and wire values.
ReadAgain = Callable[[set[str]], Iterable[Came]]


def recount_aliases(
    contract: Contract, fact: Fact, database: sqlite3.Connection, read_again: ReadAgain
) -> tuple[set[str], dict[str, Row]]:
    """Give the codes that are parts of things, and each thing's fact as a row of its table.

    `database` holds each code's recomputed fact. A row: the name, whether it is disputed, how many
    events are held, the columns, the digest.
    """
    names = contract.spec.names
    if names is None:
        return set(), {}
    query = f"SELECT entity FROM {fact.table} WHERE {names.also} IS NOT NULL"
    claiming = {entity for (entity,) in database.execute(query)}
    came = _by_code(contract, read_again(claiming)) if claiming else {}
    claims = [claim for code in sorted(came) for claim in _claims(contract, came[code])]
    came |= _by_code(contract, read_again({other for _, other, _ in claims} - claiming))
    columns = ",".join(contract.spec.units)
    owners = {
        entity: set(units)
        for entity, *units in database.execute(f"SELECT entity, {columns} FROM {fact.table}")
        if entity in came
    }
    one: dict[str, set[str]] = {}
    for code, other, speaks_for in claims:
        if speaks_for is None or speaks_for & owners.get(other, set()):
            both = one.get(code, {code}) | one.get(other, {other})
            one.update(dict.fromkeys(both, both))
    parts: set[str] = set()
    things: dict[str, Row] = {}
    for codes in {frozenset(c & came.keys()) for c in one.values()}:
        if len(codes) > 1:
            parts |= codes
            name = min(codes, key=names.rank)
            things[name] = _fact(contract, fact, name, [r for c in codes for r in came[c]])
    return parts, things


def _by_code(contract: Contract, records: Iterable[Came]) -> dict[str, list[Came]]:
    """Part records by their code, leaving out those that were not taken."""
    entities: dict[str, Entity] = {}
    taken: dict[str, list[Came]] = {}
    for record in records:
        code = contract.entity_of(record.wire)
        entity = entities.setdefault(code, Entity(contract))
        if entity.add(record.sender, day_of(record.accepted_at), record.wire):
            taken.setdefault(code, []).append(record)
    return taken


def _claims(contract: Contract, came: list[Came]) -> list[tuple[str, str, set[str] | None]]:
    """List the claims of one code's live events: both codes, and for whom their sender speaks."""
    assert contract.spec.names is not None
    also, stamp = contract.spec.names.also, contract.spec.stamp
    return [
        (
            contract.entity_of(wire),
            wire[also],
            None if stamp is None or wire[stamp] is None else set(wire[stamp].split(",")),
        )
        for wire in _settled(contract, came)[0]
        if wire[also] is not None
    ]


def _settled(contract: Contract, came: Iterable[Came]) -> tuple[list[Any], bool, list[Any]]:
    entity = Entity(contract, events_max=None)
    for sender, accepted_at, wire in came:
        entity.add(sender, day_of(accepted_at), wire)
    return entity.settle()


def _fact(contract: Contract, fact: Fact, name: str, came: list[Came]) -> Row:
    """Fold the records of several codes as if each had been sent under one."""
    assert contract.spec.names is not None
    field = contract.spec.names.field
    live, is_disputed, classes = _settled(
        contract, (r._replace(wire={**r.wire, field: name}) for r in came)
    )
    values = fact.recount(list(live))
    columns = [values[n] for n in fact.types]
    held = sum(kind == HELD for _, _, kind in classes)
    lanes = fact_digest(fact.contract, name, columns, is_disputed)
    return (name, int(is_disputed), held, *columns, *lanes)
