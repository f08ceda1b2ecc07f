"""The route of flagged values: what quality control says of readings, which count nowhere."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from hub.access.keys import Sender
from hub.access.sight import seen
from hub.clock import iso
from hub.definitions.fact import Fact
from hub.figures.book import Book
from hub.figures.flags import Flag
from hub.http.edge import Here, Reader, Seeing
from hub.http.openapi import BAD_QUESTION
from hub.http.parameters import Offset, Parameters, WrittenPeriod
from hub.reference.periods import Period
from hub.store.reading import Reading

ROWS_MAX = 1_000
router = APIRouter(dependencies=[Reader])


class FlagsQuery(Parameters):
    """Of which period, by default of this year, and from which row on."""

    period: WrittenPeriod = None
    offset: Offset = 0


@router.get(
    "/v1/flags",
    summary="Số đo bị gắn cờ, không được tính | Values that are flagged, and count nowhere",
    response_model=None,
    responses=BAD_QUESTION,
)
async def list_flags(
    query: Annotated[FlagsQuery, Query()], edge: Here, who: Seeing
) -> dict[str, Any]:
    """List values that quality control flags by the lists in force, within the key's scope."""
    period, now = query.period or edge.year(), edge.now()

    def ask(reading: Reading) -> dict[str, Any]:
        book = edge.hub.book(reading)
        rows = [row for fact in book.facts.values() for row in _listed(book, fact, period, who)]
        following = query.offset + ROWS_MAX
        return {
            "period": period.text,
            "as_of": iso(reading.committed_at() or now),
            "cut": reading.cut(),
            "total": len(rows),
            "flags": rows[query.offset : following],
            "next_offset": following if following < len(rows) else None,
        }

    return await edge.read(ask)


def _listed(book: Book, fact: Fact, period: Period, who: Sender | None) -> list[dict[str, Any]]:
    thresholds = book.thresholds_of(fact)
    if not thresholds:
        return []
    flags = book.flags.listed(fact, thresholds, period.start, period.end)
    if who is not None and not who.sees_all:
        contract = book.definitions.contracts[fact.contract]
        within = seen(book.reading, contract, who.scope, [f.entity for f in flags])
        flags = [f for f in flags if f.entity in within]
    return [_public(fact, flag) for flag in flags]


def _public(fact: Fact, flag: Flag) -> dict[str, Any]:
    name = f"{fact.contract}/{flag.entity}"
    return {"entity": name, "at": iso(flag.at), "tests": list(flag.tests)}
