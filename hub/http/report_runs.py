"""The route of scheduled reports: what is due next, what was given, and what failed and why."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query

from hub import registry
from hub.clock import iso
from hub.figures.book import Book
from hub.http.edge import Here, Reader
from hub.http.openapi import BAD_QUESTION
from hub.http.parameters import Parameters
from hub.reference.periods import parse_period
from hub.reports.dispatching import SENT_AS
from hub.reports.editions import editions
from hub.reports.scheduled import LIST, next_run
from hub.store import report_runs
from hub.store.reading import Reading

ROWS_MAX = 200
router = APIRouter(prefix="/v1/report-runs")


@router.get(
    "",
    dependencies=[Reader],
    summary="Biểu gửi theo lịch: lần tới, lần trước | Scheduled reports: what is next, what was",
    response_model=None,
    responses=BAD_QUESTION,
)
async def list_runs(_: Annotated[Parameters, Query()], edge: Here) -> dict[str, Any]:
    """List the schedules with what is due next of each, and the latest runs.

    Addresses are in the list `report_schedules` alone. `files` of a run that was given are the same
    report again: the edition that it was, else as the hub knew it then.
    """
    now = edge.now()

    def ask(reading: Reading) -> dict[str, Any]:
        runs, book = report_runs.listed(reading.connection, ROWS_MAX), edge.hub.book(reading)
        listed = []
        for row in edge.hub.store.listed(LIST):
            following = next_run(row, now)
            names = ("name", "report", "every", "unit", "outlet", "valid_from", "valid_to")
            listed.append(
                {
                    **{n: row.get(n) or None for n in names},
                    "next_period": following.period.text if following else None,
                    "next_at": iso(following.due_at) if following else None,
                    "last": next((_public(r, book) for r in runs if _is_of(r, row)), None),
                }
            )
        return {"schedules": listed, "runs": [_public(r, book) for r in runs]}

    return await edge.read(ask)


def _is_of(run: report_runs.Row, row: dict[str, str]) -> bool:
    names = ("name", "report", "unit", "outlet", "address")
    return all(run[n] == row.get(n, "") for n in names)


def _public(row: report_runs.Row, book: Book) -> dict[str, Any]:
    names = ("id", "name", "report", "period", "unit", "outlet", "state", "last_error", "cut")
    is_waiting = row["state"] == report_runs.WAITING
    return {
        **{n: row[n] or None for n in names},
        "tries": row["tries"],
        "due_at": iso(row["due_at"]),
        "try_at": iso(row["try_at"]) if is_waiting else None,
        "at": iso(row["at"]),
        "files": _files(row, book) if row["state"] == report_runs.SENT else [],
    }


def _files(row: report_runs.Row, book: Book) -> list[dict[str, str]]:
    """Give the addresses at which what was given can be had again."""
    report = registry.reports().get(row["report"])
    if report is None:
        return []
    frozen = [] if row["unit"] else editions(report, book, parse_period(row["period"]))
    then = iso(row["at"])
    known = [body for body in frozen if body["edition"]["frozen_at"] <= then]
    asked = {"period": row["period"]}
    if known:
        asked["edition"] = str(known[-1]["edition"]["number"])
    else:
        asked |= ({"unit": row["unit"]} if row["unit"] else {}) | {"at": then, "as_of": then}
    return [
        {
            "format": form,
            "url": f"/v1/reports/{row['report']}?{urlencode(asked | {'format': form})}",
        }
        for form in SENT_AS
    ]
