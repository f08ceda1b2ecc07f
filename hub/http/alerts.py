"""The routes of alerts: how they stand, what became of one, and what people say of it."""

import asyncio
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from hub import registry
from hub.access.audit import Entry
from hub.alerts.course import Course, Event, courses, listed
from hub.alerts.rule import Rule
from hub.alerts.telling import append, as_of, said
from hub.clock import iso
from hub.definitions.own.alert import Level, State
from hub.figures.compute import read_as_of, read_instant
from hub.figures.official import as_known
from hub.http.edge import Asking, Here, Reader
from hub.http.openapi import ALERT_RESPONSES, BAD_QUESTION, json_body, problem
from hub.http.parameters import InstantText, Offset, Parameters, WrittenPeriod
from hub.http.problems import ProblemError
from hub.http.repairs import read_as
from hub.store.reading import Reading

ROWS_MAX = 1_000
COMMENT_MAX = 1_000
router = APIRouter(prefix="/v1/alerts")


class AlertsQuery(Parameters):
    """Which alerts: raised in a period or since an instant, of a state, a level, a rule, a subject.

    As they stand, or as of `at` and by what the hub knew `as_of`, by the rules of then or of now.
    What was withdrawn is listed where it is asked for.
    """

    period: WrittenPeriod = None
    since: InstantText = None
    status: State | None = None
    state: State | None = None
    level: Level | None = None
    rule: str | None = None
    subject: str | None = None
    at: InstantText = None
    as_of: InstantText = None
    rules: Literal["then", "now"] | None = None
    offset: Offset = 0


class Said(Parameters):
    """What somebody says of an alert."""

    comment: Annotated[str, Field(min_length=1, max_length=COMMENT_MAX)]


class Acknowledged(Parameters):
    """That somebody has seen an alert, and what there is to say of it."""

    comment: Annotated[str | None, Field(max_length=COMMENT_MAX)] = None


@router.get(
    "",
    dependencies=[Reader],
    summary="Cảnh báo | Alerts",
    response_model=None,
    responses=BAD_QUESTION,
)
async def list_alerts(query: Annotated[AlertsQuery, Query()], edge: Here) -> dict[str, Any]:
    """List alerts, the latest first."""
    now, rules = edge.now(), registry.alert_rules()
    asked = {n: v for n in ("at", "as_of", "since") if (v := getattr(query, n)) is not None}
    known_at, at = read_as_of(asked, now), read_instant("at", asked)
    since = read_instant("since", asked)

    def ask(reading: Reading) -> dict[str, Any]:
        if known_at is None and at is None and query.rules is None:
            alerts = courses(reading.alert_events())
        else:
            book = as_known(edge.hub.book(reading), known_at, now)
            instant = at if at is not None else known_at if known_at is not None else now
            alerts = as_of(rules.values(), book, instant, query.rules or "then")
        rows = list(_wanted(listed(alerts), query, since))
        following = query.offset + ROWS_MAX
        return {
            "as_of": iso(reading.committed_at() or now),
            "cut": reading.cut(),
            "total": len(rows),
            "alerts": [a.public(rules) for a in rows[query.offset : following]],
            "next_offset": following if following < len(rows) else None,
        }

    return await edge.read(ask)


@router.get(
    "/rules",
    dependencies=[Reader],
    summary="Quy tắc cảnh báo | Rules of alerts",
    response_model=None,
)
async def list_rules(edge: Here) -> dict[str, Any]:
    """List the rules: what each asks, whom it is for, and from where on it is told."""
    return {"rules": [describe(rule) for rule in registry.alert_rules().values()]}


@router.get(
    "/{alert}",
    dependencies=[Reader],
    summary="Một cảnh báo và diễn biến | An alert and what became of it",
    response_model=None,
    responses={404: problem("Không có | No such alert")},
)
async def get_alert(alert: str, edge: Here) -> dict[str, Any]:
    """Give an alert with every event of it; of an amended one what it was before."""
    found = await _find(edge, alert)
    return {**found.public(registry.alert_rules()), "history": found.history()}


@router.post(
    "/{alert}/acknowledge",
    summary="Xác nhận đã biết | Acknowledge an alert",
    response_model=None,
    openapi_extra=json_body(Acknowledged),
    responses=ALERT_RESPONSES,
)
async def acknowledge(
    request: Request,
    alert: str,
    who: Asking,
    body: Annotated[Acknowledged, Depends(read_as(Acknowledged))],
    edge: Here,
) -> dict[str, Any]:
    """Acknowledge an alert: it does not escalate any more. Officers may, and some roles."""
    return await _say(request, edge, who, alert, "acknowledged", body.comment)


@router.post(
    "/{alert}/comment",
    summary="Ghi chú | Comment on an alert",
    response_model=None,
    openapi_extra=json_body(Said),
    responses=ALERT_RESPONSES,
)
async def comment(
    request: Request,
    alert: str,
    who: Asking,
    body: Annotated[Said, Depends(read_as(Said))],
    edge: Here,
) -> dict[str, Any]:
    """Comment on an alert. Officers may, and some roles."""
    return await _say(request, edge, who, alert, "commented", body.comment)


def describe(rule: Rule) -> dict[str, Any]:
    """Say what a rule is."""
    return {
        "id": rule.id,
        "title_vi": rule.title.vi,
        "title_en": rule.title.en,
        "question_vi": rule.question.vi,
        "question_en": rule.question.en,
        "level": rule.level,
        "owner": rule.owner,
        "subject_kind": rule.subject_kind,
        "measure_unit": rule.measure_unit,
        "every_minutes": rule.every_minutes,
        "escalate_minutes": rule.escalate_minutes or None,
        "limits": [vars(limits).copy() for limits in rule.limits],
    }


def _wanted(alerts: list[Course], query: AlertsQuery, since: int | None) -> Iterator[Course]:
    """Pick alerts by a question."""
    state = query.state or query.status
    for alert in alerts:
        last, raised_at = alert.last, alert.last["raised_at"]
        period = query.period
        is_within = period is None or period.start <= raised_at < period.end
        is_asked = alert.state == state if state else alert.state != "withdrawn"
        named = {"level": query.level, "rule": query.rule, "subject": query.subject}
        is_named = all(last[name] == value for name, value in named.items() if value is not None)
        if is_within and is_asked and is_named and (since is None or raised_at >= since):
            yield alert


async def _find(edge: Here, alert: str) -> Course:
    def ask(reading: Reading) -> Course | None:
        events: list[Event] = list(reading.alert_events())
        return courses(events).get(alert)

    found = await edge.read(ask)
    if found is None:
        vi, en = f"không có cảnh báo {alert}", f"there is no alert {alert}"
        raise ProblemError(404, "unknown_alert", vi, en)
    return found


async def _say(
    request: Request, edge: Here, who: Asking, alert: str, kind: str, text: str | None
) -> dict[str, Any]:
    """Append what an officer says of an alert, once it is in the audit log."""
    if not (who.is_officer or who.roles):  # of those who are signed in the gate has let in some
        vi = "chỉ cán bộ có khóa --officer xác nhận hoặc ghi chú được cảnh báo"
        raise ProblemError(403, "officer_needed", vi, "a key made with --officer may do so")
    found, now = await _find(edge, alert), edge.now()
    event = said(found, kind, who.name, text, now)
    entry = Entry(who.name, f"alert {kind}", detail={"key": who.key_id, "alert": alert})
    await asyncio.wrap_future(edge.auditor.record(entry))
    request.state.is_recorded = True
    await asyncio.to_thread(append, edge.hub.log, [event], now)
    return {"alert": alert, "event": event["event_id"], "at": iso(now), "state": event["state"]}
