"""The route of deliveries: who was told what of alerts, and how that went."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from hub.clock import iso
from hub.http.edge import Here, Reader
from hub.http.openapi import BAD_QUESTION
from hub.http.parameters import Offset, Parameters, said_as
from hub.store import deliveries
from hub.store.reading import Reading

ROWS_MAX = 1_000
router = APIRouter(prefix="/v1/deliveries")


class DeliveriesQuery(Parameters):
    """Which deliveries: all, or those of one alert, or to officers or people alone."""

    alert: str | None = None
    to: Annotated[
        Literal["officers", "people"] | None,
        said_as("phải là officers hoặc people", "must be officers or people"),
    ] = None
    offset: Offset = 0


@router.get(
    "",
    dependencies=[Reader],
    summary="Ai đã được báo | Who was told",
    response_model=None,
    responses=BAD_QUESTION,
)
async def list_deliveries(query: Annotated[DeliveriesQuery, Query()], edge: Here) -> dict[str, Any]:
    """List deliveries of alerts, the latest first. Addresses are in the list of recipients alone.

    One with a `wording` is a bulletin: `recipient` is a subscriber's code, `area` the commune.
    `people` counts bulletins by alert, outlet and state.
    One without a recipient says that nobody was to be told.
    """

    def ask(reading: Reading) -> dict[str, Any]:
        c = reading.connection
        rows = deliveries.listed(c, query.alert, ROWS_MAX + 1, query.offset, to=query.to)
        following = query.offset + ROWS_MAX if len(rows) > ROWS_MAX else None
        return {
            "deliveries": [_public(r) for r in rows[:ROWS_MAX]],
            "people": deliveries.people_counted(c, query.alert, ROWS_MAX),
            "next_offset": following,
        }

    return await edge.read(ask)


def _public(row: deliveries.Row) -> dict[str, Any]:
    names = ("id", "event_id", "alert", "recipient", "outlet", "escalated_to", "state", "message")
    bulletins = ("wording", "area", "bulletin")
    times = ("decided_at", "due_at", "try_at", "at")
    return {
        **{n: row[n] or None for n in (*names, *bulletins)},
        "tries": row["tries"],
        "last_error": row["last_error"],
        **{n: iso(row[n]) for n in times},
    }
