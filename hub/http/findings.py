"""The route of findings: what does not look true, by rules; figures stay."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from hub import registry
from hub.access.scope import WHOLE
from hub.access.sight import seen
from hub.http.edge import Here, Reader, Seeing, within
from hub.http.openapi import BAD_QUESTION, NOT_SEEN
from hub.http.parameters import Offset, Parameters, PeriodText
from hub.reports.evidence import ROWS_MAX, find_evidence, rules_of
from hub.reports.filled import read_report_question
from hub.store.reading import Reading

OVER = "06a"  # the form by whose first column things are of a period, and by whose unit
router = APIRouter(dependencies=[Reader])


class FindingsQuery(Parameters):
    """Of which period, by default of this year, of which unit and contract, from which row on."""

    period: PeriodText = None
    unit: Annotated[str | None, Field(description="đơn vị | with what is below it")] = None
    contract: Annotated[
        str | None, Field(description="hợp đồng dữ liệu, mặc định là tất cả | all by default")
    ] = None
    offset: Offset = 0


@router.get(
    "/v1/findings",
    summary="Dấu hiệu dữ liệu không thật | What does not look true",
    response_model=None,
    responses={**BAD_QUESTION, 403: NOT_SEEN},
)
async def list_findings(
    query: Annotated[FindingsQuery, Query()], edge: Here, who: Seeing
) -> dict[str, Any]:
    """List what rules find, each with what shows it, a page of them: within the key's scope."""
    report, now = registry.reports()[OVER], edge.now()
    asked = query.model_dump(exclude_unset=True, exclude={"contract", "offset"})
    question = read_report_question(report, asked, now)
    rules = rules_of(registry.evidence(), query.contract)
    contract = edge.hub.contracts[query.contract or report.contract]
    scope = within(who, contract, asked)
    rules = {name: rule for name, rule in rules.items() if scope.may_send(rule.contract)}

    def ask(reading: Reading) -> dict[str, Any]:
        def sees(contract: str, entities: list[str]) -> set[str]:
            return seen(reading, edge.hub.contracts[contract], scope, entities)

        is_limited = scope != WHOLE
        book = edge.hub.book(reading)
        body = find_evidence(rules, report, question, book, sees if is_limited else None)
        following = query.offset + ROWS_MAX
        rows = body["findings"]
        body["findings"] = rows[query.offset : following]
        return {**body, "next_offset": following if following < len(rows) else None}

    return await edge.read(ask)
