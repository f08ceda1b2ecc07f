"""Sight: which things a key sees facts of. Figures are for everybody who may read."""

import polars as pl

from hub.access.scope import Scope
from hub.definitions.contract import Contract
from hub.store.reading import Reading


def seen(reading: Reading, contract: Contract, scope: Scope, entities: list[str]) -> set[str]:
    """Give those of some things of a contract that are within a scope.

    A thing is within it where, of each kind that is limited, one of its fields has an allowed code:
    a dossier is seen by who received it and by who is to resolve it.
    """
    if not scope.may_send(contract.name):
        return set()
    within = set(entities)
    fact = reading.definitions.facts[contract.name]
    for _, fields, codes in scope.limits(contract):
        rows = reading.fact_values(fact, fields, sorted(within)) if within else []
        within = {entity for entity, *values in rows if not codes.isdisjoint(values)}
    return within


def seen_of_all(reading: Reading, contract: Contract, scope: Scope) -> pl.Series:
    """Give all things of a contract that are within a scope, as `seen` does of some."""
    fact = reading.definitions.facts[contract.name]
    conditions = []
    for _, fields, codes in scope.limits(contract):
        listed = ",".join("'" + code.replace("'", "''") + "'" for code in sorted(codes))
        conditions.append(" OR ".join(f"{name} IN ({listed})" for name in fields))
    condition = " AND ".join(f"({c})" for c in conditions)
    return reading.facts(fact, ["entity"], condition)["entity"]
