"""The routes of reports: biểu 06a and 06b, as JSON, XLSX or PDF, and what a number is made of."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from hub import registry
from hub.access.keys import Sender
from hub.access.sight import seen
from hub.figures.compute import QuestionError
from hub.figures.official import as_known
from hub.http.edge import Edge, Here, Reader, Seeing, within
from hub.http.figures import AsOf, At
from hub.http.openapi import BAD_QUESTION, NOT_SEEN, problem
from hub.http.parameters import (
    POSITIVE,
    Offset,
    Parameters,
    PeriodText,
    only_of,
    period_of,
    said_as,
)
from hub.http.problems import ProblemError
from hub.opening import OpenHub
from hub.reports.counting import things
from hub.reports.editions import editions, sign_file, status_of
from hub.reports.filled import DUES, describe, fill, read_due, read_report_question
from hub.reports.formats import FORMATS, write
from hub.reports.report import Column, Report
from hub.store.reading import Reading

SIGNATURE = "Hub-Signature"
ROWS_MAX = 1_000
EDITION_MAX = 1_000_000
AS_IT_STANDS = 0
NO_REPORT = problem("Không có biểu này, hoặc bản này | No such report, or edition")

router = APIRouter(prefix="/v1/reports", dependencies=[Reader])


class ReportQuery(BaseModel):
    """A question for a report; its dimensions (unit, procedure, channel) are parameters, too."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Annotated[str, BeforeValidator(only_of)]] = Field(init=False)

    period: PeriodText = None
    role: Annotated[str | None, WithJsonSchema({"enum": ["resolved_by", "received_by"]})] = None
    view: Annotated[str | None, WithJsonSchema({"enum": ["as_was", "as_is"]})] = None
    due: Annotated[str | None, WithJsonSchema({"enum": list(DUES)})] = None
    at: At = None
    as_of: AsOf = None

    def asked(self) -> dict[str, str]:
        """Give what was asked, as it is written, but for how it is answered."""
        beside = {"format", "edition", "offset", "column"}
        return self.model_dump(exclude_unset=True, exclude=beside)


class FileQuery(ReportQuery):
    """A question for a report as a file of a format, as it stands or as it was frozen."""

    format: Annotated[
        Literal["json", "xlsx", "pdf"],
        said_as("phải là json, xlsx hoặc pdf", "must be json, xlsx or pdf"),
    ] = "json"
    edition: Annotated[
        int,
        Field(ge=1, le=EDITION_MAX, description="bản đã chốt số | a frozen edition"),
        BeforeValidator(int),
        POSITIVE,
    ] = AS_IT_STANDS


class ThingsQuery(ReportQuery):
    """A question for what one number of a report counts, a page of it."""

    column: Annotated[str, Field(description="c1 … c11")] = ""
    offset: Offset = 0


async def _report(report: str) -> Report:
    listed = registry.reports()
    if report not in listed:
        words = (f"không có biểu {report}", f"there is no report {report}")
        raise ProblemError(404, "unknown_report", *words)
    return listed[report]


OneReport = Annotated[Report, Depends(_report)]


@router.get(
    "",
    summary="Các biểu | The reports",
    response_model=None,
    responses=BAD_QUESTION,
)
async def list_reports(_: Annotated[Parameters, Query()]) -> dict[str, Any]:
    """List the reports, with each column in words."""
    return {"reports": [describe(report) for report in registry.reports().values()]}


@router.get(
    "/{report}",
    summary="Biểu 06a, 06b của một kỳ | A report of a period",
    response_model=None,
    responses={
        200: {
            "description": f"Một bản đã chốt có chữ ký ở {SIGNATURE} | an edition is signed there",
            "content": {media: {} for media, _ in FORMATS.values()},
        },
        **BAD_QUESTION,
        404: NO_REPORT,
    },
)
async def get_report(
    report: OneReport, query: Annotated[FileQuery, Query()], edge: Here
) -> Response:
    """Fill a report, or give an edition of it."""
    now = edge.now()

    def ask(reading: Reading) -> Response:
        if query.edition != AS_IT_STANDS:
            return _edition(report, query, edge, reading)
        question = read_report_question(report, query.asked(), now)
        book = as_known(edge.hub.book(reading), question.as_of, now)
        filled = fill(report, question, book, is_computed=read_due(query.asked()))
        body = {**filled.public(), "status": status_of(report, question, book, filled)}
        if edge.hub.is_synthetic:
            body["is_synthetic"] = True
        return _file(body, query.format, write(body, query.format))

    return await edge.read(ask)


def _edition(report: Report, query: FileQuery, edge: Edge, reading: Reading) -> Response:
    asked = query.asked()
    for name in asked.keys() - {"period"}:
        raise QuestionError(
            name, "một bản đã chốt là của toàn tỉnh", "an edition is of the whole province"
        )
    period = period_of(asked.get("period", ""))
    listed = editions(report, edge.hub.book(reading), period)
    if query.edition > len(listed):
        words = (f"kỳ này có {len(listed)} bản đã chốt", f"this period has {len(listed)} editions")
        raise ProblemError(404, "unknown_edition", *words)
    body = listed[query.edition - 1]
    content = write(body, query.format)
    answer = _file(body, query.format, content)
    answer.headers[SIGNATURE] = sign_file(edge.part(OpenHub.signer), content, body)
    return answer


def _file(body: dict[str, Any], form: str, content: bytes) -> Response:
    media, _ = FORMATS[form]
    edition = f"-{body['edition']['number']}" if body.get("edition") else ""
    name = f"{body['report']}-{body['period']}{edition}.{form}"
    saved = {} if form == "json" else {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media, headers=saved)


@router.get(
    "/{report}/facts",
    summary="Hồ sơ trong một cột của biểu | What a number of a report counts",
    response_model=None,
    responses={**BAD_QUESTION, 403: NOT_SEEN, 404: NO_REPORT},
)
async def list_things(
    report: OneReport, query: Annotated[ThingsQuery, Query()], edge: Here, who: Seeing
) -> dict[str, Any]:
    """List the dossiers that a column counts, a page of them: of those within the key's scope."""
    column = next((c for c in report.counted if c.id == query.column), None)
    if column is None:
        known = ", ".join(c.id for c in report.counted)
        raise QuestionError("column", f"chỉ nhận {known}", f"one of {known}")
    return await page_of_things(
        report, column, query, edge, who, is_computed=read_due(query.asked())
    )


async def page_of_things(
    report: Report,
    column: Column,
    query: ThingsQuery,
    edge: Edge,
    who: Sender | None,
    *,
    is_computed: bool,
) -> dict[str, Any]:
    """Give a page of what a column counts: of what is within the key's scope."""
    now = edge.now()
    question = read_report_question(report, query.asked(), now)
    contract = edge.hub.contracts[report.contract]
    scope = within(who, contract, query.asked())

    def ask(reading: Reading) -> dict[str, Any]:
        book = as_known(edge.hub.book(reading), question.as_of, now)
        counted = things(report, question, book, column, is_computed=is_computed)
        if scope.limits_of(contract):
            own = seen(book.reading, contract, scope, counted)
            counted = [entity for entity in counted if entity in own]
        following = query.offset + ROWS_MAX
        return {
            "report": report.id,
            "period": question.period.text,
            "column": column.id,
            "cut": book.reading.cut(),
            "total": len(counted),
            "facts": counted[query.offset : following],
            "next_offset": following if following < len(counted) else None,
        }

    return await edge.read(ask)
