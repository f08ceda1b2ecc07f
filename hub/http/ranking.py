"""The route of a KPI's figures in rows: ranked, beside another answer, also as a file."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from pydantic import Field

from hub.figures.compute import QuestionError, read_question
from hub.figures.official import as_known
from hub.figures.ranking import in_order, public, rank, read_other
from hub.figures.ranking_file import WORDS, crosstab, headings_and_cells
from hub.http.attachment import FILES, FileFormat, media_of, table_file
from hub.http.edge import Here, Reader
from hub.http.figures import NO_KPI, FiguresQuery, OneKpi, sparse
from hub.http.openapi import BAD_QUESTION
from hub.http.parameters import Limit
from hub.store.reading import Reading

router = APIRouter(prefix="/v1", dependencies=[Reader])


class RankingQuery(FiguresQuery):
    """A question about a KPI's figures in rows."""

    compare: Annotated[
        str,
        Field(description="previous, last_year, unit:…, period:…, view:…, as_of:… | held against"),
    ] = ""
    sort: Annotated[
        str, Field(description="theo cột nào, - là giảm dần | by which column, - for descending")
    ] = ""
    top: Annotated[Limit | None, Field(description="số dòng đầu | so many first rows")] = None
    format: FileFormat = None
    layout: Annotated[
        str, Field(description="cross: chiều thứ hai thành cột, ở tệp | in a file: across")
    ] = ""

    def asked(self) -> dict[str, str]:
        """Give what was asked of the figures, as it is written."""
        return self.model_dump(
            exclude_unset=True,
            exclude={"compare", "sort", "top", "layout", "format", "fields"},
            by_alias=True,
        )


@router.get(
    "/kpis/{kpi_id}/ranking",
    summary="Số liệu theo dòng, xếp hạng, so sánh | A KPI's figures in rows, ranked, compared",
    response_model=None,
    responses={
        200: {
            "description": "Theo Accept | by Accept",
            "content": {"application/json": {}, **FILES},
        },
        **BAD_QUESTION,
        404: NO_KPI,
    },
)
async def get_ranking(
    kpi: OneKpi,
    query: Annotated[RankingQuery, Query()],
    edge: Here,
    accept: Annotated[str, Header()] = "",
) -> Response | dict[str, Any]:
    """Rank the rows of a KPI's figure by what each pulls, or by a column; as JSON or a file."""
    now, asked = edge.now(), query.asked()
    question = read_question(kpi, asked, now)
    other = read_other(kpi, question, asked, query.compare, now)
    is_cross = query.layout == "cross"
    if query.layout not in ("", "cross") or (is_cross and len(question.by) != 2):
        raise QuestionError(
            "layout",
            "layout=cross cần đúng hai chiều trong by",
            "layout=cross wants just two dimensions in by",
        )

    kept = sparse(query.fields, ("names", "beside", "difference", "pull", "lacks", "reported"))

    def ask(reading: Reading) -> Response | dict[str, Any]:
        book = edge.hub.book(reading)
        ranked = rank(kpi, question, other, book, now)
        lines = in_order(ranked, query.sort)[: query.top]
        media = media_of(query.format, accept)
        if not media:
            body = public(ranked, lines, as_known(book, question.as_of, now))
            return body if kept is None else {**body, "rows": [kept(r) for r in body["rows"]]}
        headings, cells = crosstab(ranked) if is_cross else headings_and_cells(ranked, lines)
        name = f"{kpi.id}-{question.period.text}"
        return table_file(media, kpi.title.vi, name, headings, cells, WORDS)

    return await edge.read(ask)
