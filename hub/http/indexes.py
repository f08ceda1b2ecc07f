"""The routes of QĐ 766: scores by unit and reading, and the dossiers behind them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from hub import registry
from hub.figures.compute import QuestionError
from hub.figures.official import as_known
from hub.http.edge import Here, Reader, Seeing
from hub.http.openapi import BAD_QUESTION, NOT_SEEN
from hub.http.reports import ReportQuery, ThingsQuery, page_of_things
from hub.reports.filled import read_report_question
from hub.reports.index import SENT, column_names, column_of, score_units
from hub.store.reading import Reading

INDEX = "766"

router = APIRouter(prefix="/v1/reports", dependencies=[Reader])


@router.get(
    f"/{INDEX}",
    summary="Bộ chỉ số 766 của một kỳ | The indices of QĐ 766 of a period",
    response_model=None,
    responses=BAD_QUESTION,
)
async def get_index(query: Annotated[ReportQuery, Query()], edge: Here) -> dict[str, Any]:
    """Score units by each reading, side by side, with why the national portal may differ."""
    index, now = registry.indexes()[INDEX], edge.now()
    _leave_due_out(query)

    def ask(reading: Reading) -> dict[str, Any]:
        question = read_report_question(index.counted(SENT), query.asked(), now)
        book = as_known(edge.hub.book(reading), question.as_of, now)
        body = score_units(index, question, book)
        return {**body, "is_synthetic": True} if edge.hub.is_synthetic else body

    return await edge.read(ask)


@router.get(
    f"/{INDEX}/facts",
    summary="Hồ sơ sau một điểm, một lý do | The dossiers behind a score or a difference",
    response_model=None,
    responses={**BAD_QUESTION, 403: NOT_SEEN},
)
async def list_index_things(
    query: Annotated[ThingsQuery, Query()], edge: Here, who: Seeing
) -> dict[str, Any]:
    """List the dossiers of a reading (`progress.resolved.below`) or a rule (`rule.unsynced`)."""
    index = registry.indexes()[INDEX]
    _leave_due_out(query)
    found = column_of(index, query.column)
    if found is None:
        known = ", ".join(column_names(index))
        raise QuestionError("column", f"chỉ nhận {known}", f"one of {known}")
    report, column, is_computed = found
    return await page_of_things(report, column, query, edge, who, is_computed=is_computed)


def _leave_due_out(query: ReportQuery) -> None:
    """Refuse to be asked by which due dates: each reading says that itself."""
    if query.due is not None:
        raise QuestionError(
            "due", "mỗi cách tính đã nói theo hạn nào", "each reading says by which due dates"
        )
