"""The route of the overview: what a leader is to see of a period, made once for all who ask."""

import asyncio
import hashlib
import json
import time
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from hub import registry
from hub.alerts.course import courses
from hub.alerts.telling import as_of
from hub.board.overview import Kept, Overview
from hub.clock import iso, to_us
from hub.figures.compute import read_instant
from hub.figures.figure import Lack, Status
from hub.http.edge import Here, Reader
from hub.http.openapi import BAD_QUESTION, NOT_CHANGED
from hub.http.parameters import InstantText, Parameters, WrittenPeriod
from hub.http.tagged import tagged
from hub.opening import OpenHub
from hub.reference.periods import Period
from hub.store.reading import Reading

# How often it is made anew: where something came in, and where only time went by.
INTERVAL_SECONDS, IDLE_SECONDS = 1.0, 60.0
PERIODS_MAX = 64

router = APIRouter(prefix="/v1", dependencies=[Reader])


class OverviewQuery(Parameters):
    """Of which period, and as things stood when; by default this year, now."""

    period: WrittenPeriod = None
    at: InstantText = None


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PullShown(_Said):
    """What one unit adds to a gap, or holds of what waits."""

    unit: str | None
    name: str
    numerator: int
    denominator: int
    short: str = Field(
        description="Phần thiếu: mục tiêu × mẫu số − tử số | target × denominator − numerator"
    )
    points: str | None = Field(description="Điểm phần trăm của cả tỉnh | points of the whole")


class MonthShown(_Said):
    """A figure of one month."""

    month: str
    value: str | None
    numerator: int
    denominator: int
    scale: int
    status: Status


class EarlierShown(_Said):
    """The figure of an earlier period; of one that still runs, up to the same hour of it."""

    period: str
    is_up_to_now: bool
    value: str | None
    numerator: int
    denominator: int


class ItemShown(_Said):
    """A KPI: how it stands, why, and against what was before."""

    kpi: str
    title_vi: str
    title_en: str
    owner: str
    need: Literal["off_course", "waiting", "unknown", "on_course", "met"]
    value_vi: str
    value_en: str
    goal_vi: str
    goal_en: str
    why_vi: str
    why_en: str
    text_vi: str
    text_en: str
    compared_vi: str
    compared_en: str
    figure: dict[str, Any] | None = Field(description="Như /v1/kpis/{id} | as /v1/kpis/{id}")
    pulls: list[PullShown]
    months: list[MonthShown]
    previous: EarlierShown | None = None
    last_year: EarlierShown | None = None
    link: str


class LevelShown(_Said):
    """How many alerts of a level stand."""

    open: int
    acknowledged: int


class AlertsShown(_Said):
    """The alerts that stand: how many by level, and the gravest."""

    count: dict[Literal["critical", "warning", "notice"], LevelShown]
    gravest: list[dict[str, Any]] = Field(description="Như /v1/alerts | as /v1/alerts")


class BehindShown(_Said):
    """A source that is silent for longer than allowed, or did not meet all it owed."""

    source: str
    title_vi: str
    title_en: str
    owner: str
    is_late: bool
    heard_at: str | None
    steps_due: int
    steps_missing: int
    missing_from: str | None
    text_vi: str
    text_en: str


class SourcesShown(_Said):
    """Who is expected to report, and who is behind."""

    expected: int
    behind: list[BehindShown]


class OverviewShown(_Said):
    """The overview of a period: what is to be seen, in order of need."""

    period: str
    as_of: str | None
    at: str
    cut: str
    is_synthetic: bool
    is_over: bool
    status: Status
    closed_at: str | None = Field(default=None, description="Nếu đã chốt | where it is closed")
    headline_vi: str
    headline_en: str
    items: list[ItemShown]
    alerts: AlertsShown
    sources: SourcesShown
    lacks: list[Lack]


# Of 4 dossiers of H57.1 none is online, of 2 of H57.2 both, of 4 of H57.3 one.
EXAMPLE: dict[str, Any] = {
    "period": "2023",
    "as_of": "2023-06-30T08:00:00+07:00",
    "at": "2024-01-02T08:00:00+07:00",
    "cut": "dossier=10",
    "is_synthetic": False,
    "is_over": True,
    "status": "provisional",
    "headline_vi": "1 chỉ tiêu chưa đạt hoặc chậm, 0 đạt; 0 cảnh báo mở (0 khẩn);"
    " 0 nguồn trễ hoặc thiếu.",
    "headline_en": "Targets missed or behind: 1, met: 0; open alerts: 0 (critical: 0);"
    " sources late or incomplete: 0.",
    "items": [
        {
            "kpi": "dossier_online_share",
            "title_vi": "Tỷ lệ hồ sơ trực tuyến",
            "title_en": "Online share of dossiers",
            "owner": "Văn phòng UBND tỉnh",
            "need": "off_course",
            "value_vi": "30,00\u00a0%",
            "value_en": "30.00%",
            "goal_vi": "mục tiêu ≥ 50\u00a0%",
            "goal_en": "target ≥ 50%",
            "why_vi": "Thiếu 20,00\u00a0điểm. Hai đơn vị kéo xuống: Sở mẫu 01 (20,00\u00a0điểm),"
            " Sở mẫu 03 (10,00\u00a0điểm).",
            "why_en": "Short by 20.00\u00a0points. Two units pull it down: Sở mẫu 01"
            " (20.00\u00a0points), Sở mẫu 03 (10.00\u00a0points).",
            "text_vi": "30,00\u00a0%, mục tiêu ≥ 50\u00a0%. Thiếu 20,00\u00a0điểm. Hai đơn vị kéo"
            " xuống: Sở mẫu 01 (20,00\u00a0điểm), Sở mẫu 03 (10,00\u00a0điểm).",
            "text_en": "30.00%, target ≥ 50%. Short by 20.00\u00a0points. Two units pull it down:"
            " Sở mẫu 01 (20.00\u00a0points), Sở mẫu 03 (10.00\u00a0points).",
            "compared_vi": "",
            "compared_en": "",
            "figure": {"value": "0.300000", "numerator": 3, "denominator": 10},
            "pulls": [
                {
                    "unit": "H57.1",
                    "name": "Sở mẫu 01",
                    "numerator": 0,
                    "denominator": 4,
                    "short": "2",
                    "points": "20.00",
                },
                {
                    "unit": "H57.3",
                    "name": "Sở mẫu 03",
                    "numerator": 1,
                    "denominator": 4,
                    "short": "1",
                    "points": "10.00",
                },
            ],
            "months": [
                {
                    "month": "2023-04",
                    "value": "0.300000",
                    "numerator": 3,
                    "denominator": 10,
                    "scale": 1,
                    "status": "provisional",
                }
            ],
            "link": "/ask?kpi=dossier_online_share&period=2023&by=unit",
        }
    ],
    "alerts": {
        "count": {
            level: {"open": 0, "acknowledged": 0} for level in ("critical", "warning", "notice")
        },
        "gravest": [],
    },
    "sources": {"expected": 0, "behind": []},
    "lacks": [],
}


@dataclass(frozen=True)
class Made:
    """An overview as it was made: when, in how many seconds, after how many commits."""

    made_at: float
    took: float
    commits: int
    body: dict[str, Any]
    tag: str


class Overviews:
    """Makes the overview of a period once for everybody who asks for it."""

    def __init__(self, hub: OpenHub) -> None:
        self._hub = hub
        self._made: dict[str, Made] = {}
        self._kept: Kept = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._waiting = [w.kpi.id for w in registry.worklists().values() if w.is_whole and w.kpi.id]

    async def latest(self, period: Period) -> Made:
        """Give the overview as it is, made anew where there were commits or time has passed."""
        async with self._locks.setdefault(period.text, asyncio.Lock()):
            now, commits = time.monotonic(), self._hub.applying.commits
            made = self._made.get(period.text)
            if made is not None:
                age = now - made.made_at
                is_old = age > IDLE_SECONDS or made.commits != commits
                # A fifth of one core at most goes into it, however long it takes.
                if age < max(INTERVAL_SECONDS, 4 * made.took) or not is_old:
                    return made
            body = await asyncio.to_thread(self._now, period)
            if len(self._made) >= PERIODS_MAX:
                self._made.clear()
            took = time.monotonic() - now
            made = Made(time.monotonic(), took, commits, body, _tag_of(body))
            self._made[period.text] = made
            return made

    def _now(self, period: Period) -> dict[str, Any]:
        with self._hub.store.reading() as reading:
            return self.body(reading, period, to_us(self._hub.clock()), self._kept, is_now=True)

    def body(
        self, reading: Reading, period: Period, at: int, kept: Kept, *, is_now: bool
    ) -> dict[str, Any]:
        """Make the overview of one snapshot; alerts of another instant are worked out anew."""
        book, rules = self._hub.book(reading), registry.alert_rules()
        alerts = courses(reading.alert_events()) if is_now else as_of(rules.values(), book, at)
        made = Overview(book, self._hub.kpis, self._waiting, period, at, kept)
        return {
            "period": period.text,
            "as_of": iso(reading.committed_at()),
            "at": iso(at),
            "cut": reading.cut(),
            "is_synthetic": self._hub.is_synthetic,
            **made.body(alerts, rules),
        }


@router.get(
    "/overview",
    summary="Tổng quan điều hành | What a leader is to see, in order of need",
    response_model=None,
    responses={
        200: {
            "model": OverviewShown,
            "description": "Theo thứ tự cần xem | the most needed first",
            "content": {"application/json": {"example": EXAMPLE}},
        },
        **BAD_QUESTION,
        **NOT_CHANGED,
    },
)
async def get_overview(
    request: Request, query: Annotated[OverviewQuery, Query()], edge: Here
) -> Response:
    """Give what matters of a period, each with its sentence, and the alerts and sources beside.

    Its tag stands while nothing of it changed but the instant and the cut.
    """
    period, overviews = query.period or edge.year(), edge.part(Overviews)
    if query.at is None:
        made = await overviews.latest(period)
        return tagged(request, made.tag, lambda: made.body)
    at = read_instant("at", {"at": query.at})
    assert at is not None

    def ask(reading: Reading) -> Response:
        body = overviews.body(reading, period, at, {}, is_now=False)
        return tagged(request, _tag_of(body), lambda: body)

    return await edge.read(ask)


def _tag_of(body: dict[str, Any]) -> str:
    """Write what an overview says as a weak entity tag (RFC 9110)."""
    said = {name: value for name, value in body.items() if name not in ("as_of", "at", "cut")}
    text = json.dumps(said, ensure_ascii=False, sort_keys=True)
    return f'W/"{hashlib.blake2b(text.encode(), digest_size=12).hexdigest()}"'
