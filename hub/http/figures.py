"""The routes of KPIs and their figures: as they are, what they are made of, and as they change."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from sse_starlette.sse import EventSourceResponse

from hub.access.keys import Sender
from hub.access.scope import Scope
from hub.access.sight import seen, seen_of_all
from hub.definitions.contract import Contract
from hub.figures.book import Book
from hub.figures.by_unit import VIEWS
from hub.figures.compute import QuestionError, read_as_of, read_question
from hub.figures.figure import NAMES
from hub.figures.kpi import Kpi
from hub.figures.made_of import ENTITY, ROWS_MAX, Wanted, as_rows, facts
from hub.figures.official import answer, as_known
from hub.figures.unchanged import States
from hub.http.attachment import FILES, FileFormat, media_of, table_file
from hub.http.boards import IDLE_SECONDS, Asked, Boards
from hub.http.edge import Edge, Here, Reader, Seeing, within
from hub.http.openapi import BAD_QUESTION, FIGURES, NOT_CHANGED, NOT_SEEN, problem
from hub.http.parameters import (
    POSITIVE,
    InstantText,
    Limit,
    Offset,
    Parameters,
    PeriodText,
    WrittenPeriod,
    only_of,
    said_as,
)
from hub.http.problems import ProblemError
from hub.http.tagged import tagged, unchanged_of
from hub.http.tags import Tags
from hub.operating import tracing
from hub.proof.explain import UnknownNameError, explain
from hub.store.reading import Reading

STREAM_SECONDS_MAX = 86_400.0
SIGNED_IN_SECONDS_MAX = 300.0
STREAM_EVENTS_MAX = 1_000_000
BRIEF = "brief"
NO_KPI = problem("Không có chỉ số này | No such KPI")

AsOf = Annotated[
    InstantText, Field(description="như hệ thống biết lúc đó, ISO 8601 | as the hub knew it then")
]
At = Annotated[
    InstantText, Field(description="thời điểm của câu hỏi, ISO 8601 | the instant of the question")
]
FirstDay = Annotated[
    str | None,
    WithJsonSchema({"type": "string", "format": "date"}),
    Field(alias="from", description="từ ngày, cùng to | from this day, with to"),
]
LastDay = Annotated[
    str | None,
    WithJsonSchema({"type": "string", "format": "date"}),
    Field(alias="to", description="đến hết ngày | up to and with this day"),
]
# Which roles there are, the installed KPIs say: `openapi` names them.
Role = Annotated[str | None, WithJsonSchema({"type": "string"})]
View = Annotated[
    str | None,
    WithJsonSchema({"enum": list(VIEWS)}),
    Field(description="theo đơn vị lúc đó, hiện nay, quy đổi | units of then, of today, re-based"),
]
VersionName = Annotated[
    str | None,
    WithJsonSchema({"type": "string", "minLength": 1}),
    Field(
        description="phiên bản nào, dù đã có hiệu lực hay chưa | by which version, in force or not"
    ),
]
Dimensions = Annotated[
    str | None,
    WithJsonSchema({"type": "string", "minLength": 1}),
    Field(description="các chiều, cách nhau dấu phẩy | dimensions, comma separated"),
]

FieldNames = Annotated[
    str | None,
    WithJsonSchema({"type": "string", "minLength": 1}),
    Field(
        description="chỉ những trường này của mỗi số liệu, cách nhau dấu phẩy; dims luôn có"
        " | only these fields of each figure, comma separated; dims are always there"
    ),
]

Sparse = Callable[[dict[str, Any]], dict[str, Any]]

router = APIRouter(prefix="/v1", dependencies=[Reader])


class CatalogueQuery(Parameters):
    """Of which period figures are wanted, if of any."""

    period: WrittenPeriod = None
    as_of: AsOf = None
    fields: FieldNames = None


class KpiQuery(BaseModel):
    """A question about one KPI as it is written; the KPI's dimensions are parameters, too.

    Which those are, and what the question means, `read_question` says.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Annotated[str, BeforeValidator(only_of)]] = Field(init=False)

    period: PeriodText = None
    first: FirstDay = None
    last: LastDay = None
    role: Role = None
    view: View = None
    at: At = None
    as_of: AsOf = None
    version: VersionName = None

    def asked(self) -> dict[str, str]:
        """Give what was asked, as it is written."""
        return self.model_dump(exclude_unset=True, by_alias=True)


class FiguresQuery(KpiQuery):
    """A question about a KPI's figures, which may be split by dimensions."""

    by: Dimensions = None
    fields: FieldNames = None

    def asked(self) -> dict[str, str]:
        """Give what was asked, as it is written, but for which fields are wanted."""
        return self.model_dump(exclude_unset=True, exclude={"fields"}, by_alias=True)


class FactsQuery(KpiQuery):
    """A question about what one figure is made of, a page of it."""

    offset: Offset = 0
    limit: Limit = ROWS_MAX
    sort: Annotated[
        str, Field(description="theo cột nào, - là giảm dần | by which column, - for descending")
    ] = ENTITY
    after: Annotated[
        str, Field(description="next của trang trước | the next of the page before")
    ] = ""
    format: FileFormat = None

    @property
    def wanted(self) -> Wanted:
        """The page that is wanted."""
        return Wanted(self.offset, self.limit, self.sort, self.after)

    def asked(self) -> dict[str, str]:
        """Give what was asked, as it is written, but for the page."""
        page = {"offset", "limit", "sort", "after", "format"}
        return self.model_dump(exclude_unset=True, exclude=page, by_alias=True)


class ExplainQuery(Parameters):
    """Which thing is to be explained, by its code."""

    entity: Annotated[str, Field(min_length=1, description="mã hồ sơ, đối tượng | its code")]


class StreamQuery(BaseModel):
    """What is to be followed, and when it is to end.

    What is empty is not asked for, and what else a client says is ignored, as it always was here.
    """

    period: WrittenPeriod = None
    limit: Annotated[
        float,
        Field(
            gt=0,
            le=STREAM_EVENTS_MAX,
            description="số sự kiện rồi dừng | end after so many events",
        ),
        BeforeValidator(float),
        POSITIVE,
    ] = STREAM_EVENTS_MAX
    seconds: Annotated[
        float,
        Field(
            gt=0,
            le=STREAM_SECONDS_MAX,
            description="số giây rồi dừng | end after so many seconds",
        ),
        BeforeValidator(float),
        POSITIVE,
    ] = STREAM_SECONDS_MAX
    form: Annotated[
        Literal["figures", "brief"],
        Field(description="brief: chỉ nêu chỉ số nào đổi | brief: name the changed KPIs alone"),
        said_as("chỉ nhận figures, brief", "must be figures or brief"),
    ] = "figures"

    @model_validator(mode="before")
    @classmethod
    def _asked(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in parameters.items() if value != ""}


def sparse(written: str | None, beside: tuple[str, ...] = ()) -> Sparse | None:
    """Read which fields of a figure are wanted; None: all. Raises `QuestionError`.

    `beside`: what a row has besides its figure's fields.
    """
    if written is None:
        return None
    names = [name.strip() for name in written.split(",")]
    known = (*NAMES, *beside)
    for name in names:
        if name not in known:
            listed = ", ".join(known)
            raise QuestionError(
                "fields",
                f"fields={written}: không có trường {name!r}; chỉ nhận {listed}",
                f"fields={written}: there is no field {name!r}; only {listed}",
            )
    kept = {"dims", *names}
    return lambda row: {name: value for name, value in row.items() if name in kept}


async def _kpi(kpi_id: str, edge: Here) -> Kpi:
    kpi = edge.hub.kpis.get(kpi_id)
    if kpi is None:
        words = (f"không có chỉ số {kpi_id}", f"there is no KPI {kpi_id}")
        raise ProblemError(404, "unknown_kpi", *words)
    return kpi


OneKpi = Annotated[Kpi, Depends(_kpi)]


@router.get(
    "/kpis",
    summary="Danh mục chỉ số, số liệu một kỳ | KPIs, figures of a period",
    response_model=None,
    responses={**BAD_QUESTION, **NOT_CHANGED},
)
async def list_kpis(
    request: Request, query: Annotated[CatalogueQuery, Query()], edge: Here
) -> Response:
    """List the KPIs; with a period, their figures of one cut."""
    now = edge.now()
    as_of = read_as_of(query.model_dump(include={"as_of"}, exclude_unset=True), now)
    boards, kept = edge.part(Boards), sparse(query.fields)

    def make() -> dict[str, Any]:
        body = boards.catalogue(query.period, as_of, now)
        if kept is None or query.period is None:
            return body
        return {**body, "figures": [{"kpi": f["kpi"], **kept(f)} for f in body["figures"]]}

    def ask() -> Response:
        tag = boards.tag(query.period, now) if as_of is None else None
        return tagged(request, tag, make)

    return await asyncio.to_thread(ask)


@router.get(
    "/kpis/{kpi_id}",
    summary="Số liệu của một chỉ số | A KPI's figures",
    response_model=None,
    responses={200: FIGURES, **BAD_QUESTION, **NOT_CHANGED, 404: NO_KPI},
)
async def get_kpi(
    request: Request, kpi: OneKpi, query: Annotated[FiguresQuery, Query()], edge: Here
) -> Response:
    """Answer one question about one KPI."""
    now, parameters = edge.now(), query.asked()
    question, kept = read_question(kpi, parameters, now), sparse(query.fields)

    def tag_of(book: Book, now: int) -> str:
        return States(book, read_question(kpi, parameters, now).period, now).tag([kpi])

    if question.as_of is None and "if-none-match" in request.headers:
        tag = await edge.part(Tags).of(f"{request.url.path}?{request.url.query}", tag_of)
        if (unchanged := unchanged_of(request, tag)) is not None:
            return unchanged

    def ask(reading: Reading) -> Response:
        book = edge.hub.book(reading)
        if question.as_of is not None:
            book, tag = as_known(book, question.as_of, now), None
        else:
            tag = States(book, question.period, now).tag([kpi])

        def make() -> dict[str, Any]:
            body = answer(kpi, question, book)
            return body if kept is None else {**body, "figures": [*map(kept, body["figures"])]}

        return tagged(request, tag, make)

    if question.as_of is not None:
        return await edge.read(ask)
    with tracing.computing({"hub.kpi": kpi.id, "hub.period": question.period.text}):
        return await edge.read(ask)


@router.get(
    "/kpis/{kpi_id}/facts",
    summary="Những gì tạo nên một số liệu | What a figure is made of",
    response_model=None,
    responses={
        200: {
            "description": "Theo Accept | by Accept",
            "content": {"application/json": {}, **FILES},
        },
        **BAD_QUESTION,
        403: NOT_SEEN,
        404: NO_KPI,
    },
)
async def list_facts(
    kpi: OneKpi,
    query: Annotated[FactsQuery, Query()],
    edge: Here,
    who: Seeing,
    accept: Annotated[str, Header()] = "",
) -> Response | dict[str, Any]:
    """List the facts behind one figure, a page of them: of those within the key's scope."""
    now = edge.now()
    question = read_question(kpi, query.asked(), now)
    contract, scope = _seen_contract(kpi, edge, who, query.asked())
    limits = {} if contract is None else scope.limits_of(contract)

    def ask(reading: Reading) -> Response | dict[str, Any]:
        book = as_known(edge.hub.book(reading), question.as_of, now)
        own = seen_of_all(book.reading, contract, scope) if contract and limits else None
        body = facts(kpi, question, book, query.wanted, own)
        media = media_of(query.format, accept)
        if media:
            return table_file(media, kpi.title.vi, f"{kpi.id}-{body['period']}", *as_rows(body))
        return body if own is None else {**body, "scope": limits}

    return await edge.read(ask)


@router.get(
    "/kpis/{kpi_id}/explain",
    summary="Vì sao một đối tượng được tính: các sự kiện | Why a thing counts: its events",
    response_model=None,
    responses={**BAD_QUESTION, 403: NOT_SEEN, 404: problem("Không có | No such thing")},
)
async def explain_fact(
    kpi: OneKpi, query: Annotated[ExplainQuery, Query()], edge: Here, who: Seeing
) -> dict[str, Any]:
    """Explain one thing: its events, its fact, the cells that count it; within the key's scope."""
    entity = query.entity
    contract, scope = _seen_contract(kpi, edge, who, {})
    words = (f"không có {entity}", f"there is no {entity}")
    if contract is None:
        raise ProblemError(404, "unknown_fact", *words)

    def ask(reading: Reading) -> dict[str, Any]:
        book = edge.hub.book(reading)
        is_limited = bool(scope.limits_of(contract))
        if is_limited and not seen(book.reading, contract, scope, [entity]):
            raise ProblemError(404, "unknown_fact", *words)
        try:
            return explain(book, f"{contract.name}/{entity}")
        except UnknownNameError:
            raise ProblemError(404, "unknown_fact", *words) from None

    return await edge.read(ask)


def _seen_contract(
    kpi: Kpi, edge: Edge, who: Sender | None, asked: dict[str, str]
) -> tuple[Contract | None, Scope]:
    """Give the contract of a KPI's facts and within which scope they are seen; raise 403."""
    contract = edge.hub.contracts.get(kpi.contract or "")
    return contract, within(who, contract, asked)


@router.get(
    "/stream",
    summary="Số liệu thay đổi | Changed figures, server-sent events",
    responses=BAD_QUESTION,
)
async def stream(request: Request, query: Annotated[StreamQuery, Query()], edge: Here) -> Response:
    """Stream changed figures; whoever comes back with Last-Event-ID is told what moved since."""
    since = request.headers.get("last-event-id")
    period = query.period or edge.year()
    # Who is signed in asks again after some minutes, so that a role that is gone is gone here, too.
    is_person = edge.guard.people.secret(request) != ""
    seconds = min(query.seconds, SIGNED_IN_SECONDS_MAX) if is_person else query.seconds
    asked = Asked(period, int(query.limit), seconds, is_brief=query.form == BRIEF)
    events = edge.part(Boards).follow(asked, since, edge.progress)
    return EventSourceResponse(events, ping=int(IDLE_SECONDS))
