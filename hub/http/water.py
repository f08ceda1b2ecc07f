"""The routes of water: stations, one station with its windows, branches with their lines."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response

from hub.clock import iso
from hub.figures.compute import read_instant
from hub.http.attachment import attached
from hub.http.edge import Edge, Here, Reader
from hub.http.figures import At
from hub.http.openapi import BAD_QUESTION, problem
from hub.http.parameters import Parameters, said_as
from hub.http.problems import ProblemError
from hub.sheets.listing import CSV, XLSX, as_csv, as_workbook
from hub.store.reading import Reading
from hub.water.answers import branches_answer, station_answer, stations_answer, weeks_answer
from hub.water.weeks import VALUES, By

NO_STATION = problem("Không có trạm này | No such station")
HOUR_TITLES = (
    "Giờ",
    "Lớn nhất (g/L)",
    "Nhỏ nhất (g/L)",
    "Tuần trước: lớn nhất (g/L)",
    "Tuần trước: nhỏ nhất (g/L)",
    "Không tính (bị gắn cờ, g/L)",
)

router = APIRouter(prefix="/v1", dependencies=[Reader])


class WaterQuery(Parameters):
    """The instant of the question, by default now."""

    at: At = None

    def instant(self, edge: Edge) -> int:
        """Give the instant asked; raise `QuestionError`."""
        asked = read_instant("at", {} if self.at is None else {"at": self.at})
        return edge.now() if asked is None else asked


class WeeksQuery(WaterQuery):
    """How the week before is laid upon the last seven days, and as what they are wanted."""

    by: Annotated[
        By,
        said_as("phải là tide (cùng pha triều) hoặc clock (cùng giờ)", "must be tide or clock"),
    ] = "tide"
    format: Annotated[
        Literal["json", "csv", "xlsx"] | None,
        said_as("phải là json, csv hoặc xlsx", "must be json, csv or xlsx"),
    ] = None


@router.get(
    "/stations",
    summary="Trạm đo mặn | Stations of salinity",
    response_model=None,
    responses=BAD_QUESTION,
)
async def list_stations(query: Annotated[WaterQuery, Query()], edge: Here) -> dict[str, Any]:
    """List the stations in force with their last value, its trend at the same tide, and today."""
    at = query.instant(edge)

    def ask(reading: Reading) -> dict[str, Any]:
        return _marked(edge, reading, at, stations_answer(edge.hub.book(reading), at))

    return await edge.read(ask)


@router.get(
    "/stations/{code}",
    summary="Một trạm: giờ, ngày, giờ lấy nước | One station: hours, days, intake windows",
    response_model=None,
    responses={**BAD_QUESTION, 404: NO_STATION},
)
async def get_station(
    code: str, query: Annotated[WaterQuery, Query()], edge: Here
) -> dict[str, Any]:
    """Give a station's last hours and days, and its next windows or why there are none."""
    at = query.instant(edge)

    def ask(reading: Reading) -> dict[str, Any]:
        station = station_answer(edge.hub.book(reading), code, at)
        return _marked(edge, reading, at, _listed(station, code))

    return await edge.read(ask)


@router.get(
    "/stations/{code}/weeks",
    summary="Bảy ngày qua bên tuần trước đó | The last seven days beside the week before",
    response_model=None,
    responses={
        200: {
            "description": "Theo format hoặc Accept | by format or Accept",
            "content": {"application/json": {}, CSV: {}, XLSX: {}},
        },
        **BAD_QUESTION,
        404: NO_STATION,
    },
)
async def get_weeks(
    code: str,
    query: Annotated[WeeksQuery, Query()],
    edge: Here,
    accept: Annotated[str, Header()] = "",
) -> Response | dict[str, Any]:
    """Give each clock hour of a station's last seven days, the week before laid upon it.

    By `format`, or by `Accept`, where nothing is said of it; a file has its titles in Vietnamese.
    """
    at = query.instant(edge)

    def ask(reading: Reading) -> Response | dict[str, Any]:
        weeks = _listed(weeks_answer(edge.hub.book(reading), code, at, query.by), code)
        media = next((m for m in (XLSX, CSV) if m in accept), "")
        if query.format is not None:
            media = {"csv": CSV, "xlsx": XLSX}.get(query.format, "")
        return _file(weeks, code, media) if media else _marked(edge, reading, at, weeks)

    return await edge.read(ask)


@router.get(
    "/branches",
    summary="Ranh mặn 1 và 4 g/L trên từng nhánh | Lines of 1 and 4 g/L by branch",
    response_model=None,
    responses=BAD_QUESTION,
)
async def list_branches(query: Annotated[WaterQuery, Query()], edge: Here) -> dict[str, Any]:
    """Give per branch how far from the mouth each line stands, as an interval in km."""
    at = query.instant(edge)

    def ask(reading: Reading) -> dict[str, Any]:
        return _marked(edge, reading, at, branches_answer(edge.hub.book(reading), at))

    return await edge.read(ask)


def _listed(answer: dict[str, Any] | None, code: str) -> dict[str, Any]:
    """Give what is answered of a station; raise `ProblemError` where the list has it not."""
    if answer is None:
        raise ProblemError(
            404,
            "unknown_station",
            f"không có trạm {code} trong danh mục vào lúc đó",
            f"the list has no station {code} at that instant",
        )
    return answer


def _file(weeks: dict[str, Any], code: str, media: str) -> Response:
    """Write the hours as a file; what is flagged stands in its hour, and counts nowhere."""
    flagged: dict[str, list[str]] = {}
    for value in weeks["flagged"]:
        grams = "–" if value["value"] is None else f"{value['value']:g}"
        hour = f"{value['at'][:13]}:00:00+07:00"
        flagged.setdefault(hour, []).append(f"{grams} ({', '.join(value['tests'])})")
    rows = [
        (
            datetime.fromisoformat(hour["hour"]),
            *(hour[name] for name in VALUES),
            "; ".join(flagged.get(hour["hour"], ())),
        )
        for hour in weeks["hours"]
    ]
    name = f"do-man-{code}-{weeks['until'][:10]}"
    if media == XLSX:
        content, ending = as_workbook(f"{code} {weeks['by']}", HOUR_TITLES, rows), "xlsx"
    else:
        content, ending = as_csv(HOUR_TITLES, rows), "csv"
    return Response(content, media_type=media, headers=attached(f"{name}.{ending}"))


def _marked(edge: Edge, reading: Reading, at: int, body: dict[str, Any]) -> dict[str, Any]:
    """Say of when an answer is, and of which cut."""
    marked = {"at": iso(at), "cut": reading.cut(), **body}
    return {**marked, "is_synthetic": True} if edge.hub.is_synthetic else marked
