"""People: what roles a signed-in person has, by the list `people` and what the sign-on says.

Pure. A row of the list names a value of the claim that the settings choose; whoever has it has the
row's role, in the row's unit and what is below it, or in the whole province.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from hub.access.keys import Sender
from hub.access.roles import ROLES, SEES_ALL, Right, Role
from hub.access.scope import WHOLE, Scope
from hub.clock import day_of, iso_day
from hub.definitions.contract import Contract
from hub.reference.units import Units

LIST = "people"
BY_UNIT = ("units", "areas")  # the kinds of limit that a unit's code is of


@dataclass(frozen=True)
class Grant:
    """A role that somebody has: in some units (none: the whole province), for a key's name."""

    role: Role
    units: frozenset[str] = frozenset()
    sender: str = ""


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in. `actor` is the name in the audit log, `name` the one shown."""

    actor: str
    name: str
    grants: tuple[Grant, ...] = ()

    @property
    def roles(self) -> frozenset[Role]:
        """The roles that this person has somewhere."""
        return frozenset(g.role for g in self.grants)


def read_grants(
    rows: Iterable[Mapping[str, str]], values: Collection[str], units: Units | None, now: int
) -> tuple[Grant, ...]:
    """Read what roles the values of somebody's claim give, by the rows in force on a day (µs).

    A unit that is not in force then is the code alone, with nothing below it.
    """
    day = iso_day(day_of(now))
    grants = []
    for row in rows:
        is_in_force = row["valid_from"] <= day and (not row["valid_to"] or day < row["valid_to"])
        if row["who"] in values and is_in_force and row["role"] in ROLES:
            code = row["unit"]
            below = units.below(code, day) if units is not None and code else frozenset()
            whose = below | {code} if code else frozenset()
            grants.append(Grant(row["role"], whose, row.get("sender", "")))
    return tuple(dict.fromkeys(grants))


def sender_for(
    person: Person, right: Right, contracts: Mapping[str, Contract], method: str
) -> Sender | None:
    """Give as whom a person uses a right; None where no role of the person has it.

    Where several do, the person sees what either would show. Within units there are only the
    contracts whose things are of units; single readings and banks are of none.
    """
    grants = [g for g in person.grants if g.role in right.roles]
    if not grants:
        return None
    is_whole = any(not g.units for g in grants)
    whole = frozenset(g.role for g in grants if not g.units)
    named = next((g.sender for g in grants if g.sender), "")
    is_officer = "data_officer" in whole
    return Sender(
        person.actor if is_officer else named or person.actor,
        WHOLE if is_whole else _within(grants, contracts),
        person.actor,
        is_officer=is_officer,
        sees_all=is_officer or (method == "GET" and bool(whole & SEES_ALL)),
        roles=frozenset(g.role for g in grants),
        has_key_of=named,
    )


def _within(grants: Iterable[Grant], contracts: Mapping[str, Contract]) -> Scope:
    """Give the scope of units: of the contracts that have fields for them."""
    codes = frozenset().union(*(g.units for g in grants))
    named = [n for n, c in contracts.items() if any(k in c.spec.limited for k in BY_UNIT)]
    return Scope(contracts=frozenset(named), units=codes, areas=codes)
