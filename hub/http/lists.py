"""The routes of lists that people work with: overdue, due soon, not synced, and so on."""

from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from hub import registry
from hub.access.scope import Scope
from hub.access.sight import seen
from hub.definitions.contract import Contract
from hub.figures.book import Book
from hub.figures.worklist import (
    CODE,
    DAYS_AHEAD,
    DAYS_AHEAD_MAX,
    UNIT,
    Asked,
    WorkList,
    cells,
    find,
    page,
)
from hub.http.attachment import FILES, FileFormat, media_of, table_file
from hub.http.edge import Here, Reader, Seeing, within
from hub.http.figures import At
from hub.http.openapi import BAD_QUESTION, NOT_SEEN, problem
from hub.http.parameters import Offset, Parameters, PeriodText, only_of, said_as
from hub.http.problems import ProblemError
from hub.sheets.columnar import Heading
from hub.store.reading import Reading

ROWS_MAX = 1_000
NO_LIST = problem("Không có danh sách này | No such list")

router = APIRouter(prefix="/v1/lists", dependencies=[Reader])


class ListQuery(BaseModel):
    """A question for a list; the dimensions of its figure (unit, procedure …) are parameters."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Annotated[str, BeforeValidator(only_of)]] = Field(init=False)

    period: PeriodText = None
    role: Annotated[
        str | None, WithJsonSchema({"enum": ["received_by", "resolved_by", "citizen"]})
    ] = None
    at: At = None
    days: Annotated[
        int,
        Field(ge=0, le=DAYS_AHEAD_MAX, description="số ngày làm việc | working days ahead"),
        BeforeValidator(int),
        said_as(
            f"phải là số ngày từ 0 đến {DAYS_AHEAD_MAX}",
            f"must be a number of days from 0 to {DAYS_AHEAD_MAX}",
        ),
    ] = DAYS_AHEAD
    format: FileFormat = None
    offset: Offset = 0

    def asked(self) -> dict[str, str]:
        """Give what was asked of the figure, as it is written."""
        return self.model_dump(exclude_unset=True, exclude={"days", "format", "offset"})


async def _list(name: str) -> WorkList:
    found = registry.worklists().get(name)
    if found is None:
        known = ", ".join(registry.worklists())
        words = (f"không có danh sách {name}; có {known}", f"no list {name}; there are {known}")
        raise ProblemError(404, "unknown_list", *words)
    return found


OneList = Annotated[WorkList, Depends(_list)]


@router.get("", summary="Các danh sách | The lists", response_model=None, responses=BAD_QUESTION)
async def list_lists(_: Annotated[Parameters, Query()]) -> dict[str, Any]:
    """List the lists, each with the figure that it stands behind."""
    return {
        "lists": [
            {
                "id": listed.id,
                "title_vi": listed.title.vi,
                "title_en": listed.title.en,
                "kpi": listed.kpi.id or None,
                "figure_vi": listed.figure.vi,
                "figure_en": listed.figure.en,
            }
            for listed in registry.worklists().values()
        ]
    }


@router.get(
    "/{name}",
    summary="Một danh sách, cũng ở dạng tệp | A list, as a file, too",
    response_model=None,
    responses={
        200: {
            "description": "Theo format hoặc Accept | by format or Accept",
            "content": {"application/json": {}, **FILES},
        },
        **BAD_QUESTION,
        403: NOT_SEEN,
        404: NO_LIST,
    },
)
async def get_list(
    listed: OneList,
    query: Annotated[ListQuery, Query()],
    edge: Here,
    who: Seeing,
    accept: Annotated[str, Header()] = "",
) -> Response | dict[str, Any]:
    """Give a list, the most urgent first: a page of it, or whole as a file.

    By `format`, or by `Accept`, where nothing is said of it.

    Of things within the key's scope.
    """
    asked = listed.asked(query.asked(), edge.now(), query.days)
    contract = edge.hub.contracts[listed.contract]
    scope = within(who, contract, query.asked())

    def ask(reading: Reading) -> Response | dict[str, Any]:
        book = edge.hub.book(reading)
        rows = _seen(find(listed, asked, book), listed, contract, book, scope)
        media = media_of(query.format, accept)
        if media:
            return _file(listed, asked, book, rows, media)
        return page(listed, asked, book, rows, query.offset, ROWS_MAX)

    return await edge.read(ask)


def _seen(
    rows: pl.DataFrame, listed: WorkList, contract: Contract, book: Book, scope: Scope
) -> pl.DataFrame:
    """Keep the rows that are within the scope of whoever asks."""
    if not scope.limits_of(contract):
        return rows
    if not listed.concerns:
        own = seen(book.reading, contract, scope, rows[CODE].to_list())
        return rows.filter(pl.col(CODE).is_in(sorted(own)))
    for kind, _, codes in scope.limits(contract):
        if kind == listed.concerns:
            rows = rows.filter(pl.col(UNIT).is_in(sorted(codes)))
    return rows


def _file(listed: WorkList, asked: Asked, book: Book, rows: pl.DataFrame, media: str) -> Response:
    headings = [Heading(f.title.vi, f.name, f.kind) for f in listed.fields]
    made = cells(listed, listed.complete(book, asked, rows))
    name = f"{listed.id}-{asked.question.period.text}"
    return table_file(media, listed.title.vi, name, headings, made)
