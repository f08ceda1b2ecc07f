"""The routes of water: stations, one station with its windows, branches with their lines."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from hub.clock import iso
from hub.figures.compute import read_instant
from hub.http.edge import Edge, Here, Reader
from hub.http.figures import At
from hub.http.openapi import BAD_QUESTION, problem
from hub.http.parameters import Parameters
from hub.http.problems import ProblemError
from hub.store.reading import Reading
from hub.water.answers import branches_answer, station_answer, stations_answer

router = APIRouter(prefix="/v1", dependencies=[Reader])


class WaterQuery(Parameters):
    """The instant of the question, by default now."""

    at: At = None

    def instant(self, edge: Edge) -> int:
        """Give the instant asked; raise `QuestionError`."""
        asked = read_instant("at", {} if self.at is None else {"at": self.at})
        return edge.now() if asked is None else asked


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
    responses={**BAD_QUESTION, 404: problem("Không có trạm này | No such station")},
)
async def get_station(
    code: str, query: Annotated[WaterQuery, Query()], edge: Here
) -> dict[str, Any]:
    """Give a station's last hours and days, and its next windows or why there are none."""
    at = query.instant(edge)

    def ask(reading: Reading) -> dict[str, Any]:
        found = station_answer(edge.hub.book(reading), code, at)
        if found is None:
            raise ProblemError(
                404,
                "unknown_station",
                f"không có trạm {code} trong danh mục vào lúc đó",
                f"the list has no station {code} at that instant",
            )
        return _marked(edge, reading, at, found)

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


def _marked(edge: Edge, reading: Reading, at: int, body: dict[str, Any]) -> dict[str, Any]:
    """Say of when an answer is, and of which cut."""
    marked = {"at": iso(at), "cut": reading.cut(), **body}
    return {**marked, "is_synthetic": True} if edge.hub.is_synthetic else marked
