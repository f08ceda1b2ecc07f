"""The overview: what a leader is to see of a period now, in order of need, each in a sentence.

First what is off its course, the widest gap first, with the units that made it so; then what waits
for somebody; then what nobody knows; then what goes well. Beside them stand alerts, and who is late
or owes something. Sentences are made here, of the same figures that they stand beside.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from hub.alerts.course import Course
from hub.alerts.rule import Rule
from hub.board import sentences
from hub.board.attention import alerts_standing, sources_owing
from hub.board.pulls import PULLS_MAX, Pull, expected, holders, lacks, pulls
from hub.clock import iso
from hub.definitions.contract import Doc
from hub.figures.book import Book
from hub.figures.closing import in_force
from hub.figures.compute import Question, QuestionError
from hub.figures.figure import Figure
from hub.figures.kpi import Kpi
from hub.figures.official import figures
from hub.figures.progress import PROVINCE
from hub.figures.unchanged import States
from hub.reference.periods import Period, parse_period, previous, year_before

Need = Literal["off_course", "waiting", "unknown", "on_course", "met"]
NEEDS: tuple[Need, ...] = ("off_course", "waiting", "unknown", "on_course", "met")
_NEED_OF: Mapping[str, Need] = {
    "missed": "off_course",
    "behind": "off_course",
    "on_course": "on_course",
    "met": "met",
}
TARGETS = "targets"
MONTHS_MAX = 13  # the last one, and the same one of the year before
KEPT_MAX = 2_000
HOUR_US = 3_600_000_000
# How long an answer to a part stands where nothing came in: things fall due as days pass.
TICK_US = 300_000_000
SHOWN = (
    "value", "numerator", "denominator", "scale", "measure_unit", "target", "met", "progress",
    "status", "completeness", "restatement", "lacks", "closed_at", "definition_version",
)  # fmt: skip
Kept = dict[Any, tuple[Any, list[Figure]]]


@dataclass(frozen=True)
class Item:
    """One KPI of the overview: its figure, none where there is nothing, and who made it so."""

    kpi: Kpi
    need: Need
    figure: Figure | None
    ranked: list[Pull]
    months: list[Figure]
    earlier: dict[str, tuple[Period, Figure]]

    @property
    def gap(self) -> Decimal:
        """How far it is off its course, as a part of what is wanted; of what waits, its growth."""
        figure = self.figure
        if figure is None or figure.target is None:
            return self._growth
        due = expected(figure)
        wanted = figure.target.value * figure.denominator * figure.scale if due is None else due
        return lacks(figure.target, due, figure) / abs(wanted) if wanted else Decimal(0)

    @property
    def _growth(self) -> Decimal:
        """How much more of what waits there is than in the period before, as a part of that."""
        now = self.figure and sentences.value_of(self.figure)
        then = self.earlier.get("previous")
        past = then and sentences.value_of(then[1])
        return (now - past) / past if now and past else Decimal(0)


@dataclass
class Overview:
    """The overview of a period at an instant, over one snapshot.

    `waiting` names the KPIs that have a list of things to be seen to. `kept` is what was answered
    before: a part is asked again where its data changed, or after a while.
    """

    book: Book
    kpis: Mapping[str, Kpi]
    waiting: Collection[str]
    period: Period
    at: int
    kept: Kept = field(default_factory=dict)

    def body(self, alerts: Mapping[str, Course], rules: Mapping[str, Rule]) -> dict[str, Any]:
        """Give all of it as JSON."""
        items = self._items()
        standing = alerts_standing(alerts, rules)
        sources = sources_owing(self.book, self.period, self.at)
        closing = in_force(self.book.closings, self.period)
        restated = any(i.figure is not None and i.figure.status == "restated" for i in items)
        lacking = self.book.reference.missing([TARGETS])
        headline = _headline(items, standing, len(sources["behind"]))
        return {
            "period": self.period.text,
            "is_over": self.period.end <= self.at,
            "status": "provisional" if closing is None else "restated" if restated else "official",
            **({} if closing is None else {"closed_at": iso(closing.closed_at)}),
            "headline_vi": headline.vi,
            "headline_en": headline.en,
            "items": [self._public(item) for item in items],
            "alerts": standing,
            "sources": sources,
            "lacks": [
                dict(zip(("list", "message_vi", "message_en"), (n, *forms), strict=True))
                for n in lacking
                for forms in [self.book.reference.forms[n].not_loaded]
            ],
        }

    def _items(self) -> list[Item]:
        """Give what there is to say of each KPI that has a target or a list, by need."""
        items = [
            self._item(kpi)
            for kpi in self.kpis.values()
            if kpi.id in self.waiting or self._is_aimed(kpi)
        ]
        wanted = [item for item in items if item is not None]
        return sorted(wanted, key=lambda item: (NEEDS.index(item.need), -item.gap))

    def _is_aimed(self, kpi: Kpi) -> bool:
        return self.book.reference.aim(kpi.id, self.period, PROVINCE) is not None

    def _item(self, kpi: Kpi) -> Item | None:
        whole = self._asked(kpi, Question(self.period, self.at))
        figure = whole[0] if len(whole) == 1 else None
        progress = None if figure is None else figure.progress
        if figure is None or figure.value is None:
            return Item(kpi, "unknown", figure, [], [], {}) if self._is_aimed(kpi) else None
        if progress is None and not (kpi.id in self.waiting and figure.numerator):
            return None  # nothing waits, and nothing is aimed at
        need: Need = "waiting" if progress is None else _NEED_OF[progress.state]
        ranked: list[Pull] = []
        if need in NEEDS[:2]:
            units = self._by_unit(kpi)
            ranked = pulls(figure, units) if progress else holders(figure, units)
        return Item(kpi, need, figure, ranked, self._months(kpi), self._earlier(kpi))

    def _by_unit(self, kpi: Kpi) -> list[Figure]:
        """Split a KPI by units; nothing where it cannot be split, or no more as it was closed."""
        if kpi.unit_dimension != "unit":
            return []
        try:
            return self._asked(kpi, Question(self.period, self.at, ("unit",)))
        except QuestionError:
            return []

    def _months(self, kpi: Kpi) -> list[Figure]:
        """Give the last months that had begun by the period's end."""
        until = min(self.period.end, self.at)
        year = parse_period(self.period.text[:4])
        months: list[Figure] = []
        for asked in (previous(year), year):
            try:
                months += self._asked(kpi, Question(asked, self.at, ("month",)))
            except QuestionError:
                continue  # it was closed by another definition, of which the whole is kept alone
        begun = [f for f in months if parse_period(str(f.dims["month"])).start < until]
        return begun[-MONTHS_MAX:]

    def _earlier(self, kpi: Kpi) -> dict[str, tuple[Period, Figure]]:
        """Give the figures of the period before and of a year before, up to the same hour."""
        spans = {"previous": previous(self.period), "last_year": year_before(self.period)}
        earlier = {}
        for name, span in spans.items():
            if span is None or (name == "last_year" and span == spans["previous"]):
                continue
            asked = self._asked(kpi, Question(span, self._same_hour(span)))
            if len(asked) == 1 and asked[0].value is not None:
                earlier[name] = (span, asked[0])
        return earlier

    def _same_hour(self, span: Period) -> int:
        """Give the instant at which an earlier period was as far as this one is."""
        if self.at >= self.period.end:
            return self.at
        gone = (self.at - self.period.start) // HOUR_US * HOUR_US
        return min(span.start + gone, span.end)

    def _asked(self, kpi: Kpi, question: Question) -> list[Figure]:
        """Answer a question, or take the answer that cannot have changed."""
        period, at = question.period, question.at
        state = States(self.book, period, self.at).of(kpi).data
        now = None if at == self.at else at
        name = (kpi.id, period.text, question.by, now)
        tick = self.at // TICK_US
        if name not in self.kept or self.kept[name][0] != (state, tick):
            if len(self.kept) >= KEPT_MAX:
                self.kept.clear()
            self.kept[name] = ((state, tick), figures(kpi, question, self.book))
        return self.kept[name][1]

    def _public(self, item: Item) -> dict[str, Any]:
        kpi, figure = item.kpi, item.figure
        divisor = None
        if figure is not None and figure.measure_unit == sentences.SHARE and figure.target:
            divisor = figure.denominator * figure.scale
        by = "&by=unit" if kpi.unit_dimension == "unit" else ""
        return {
            "kpi": kpi.id,
            "title_vi": kpi.title.vi,
            "title_en": kpi.title.en,
            "owner": kpi.owner,
            "need": item.need,
            **{
                f"{name}_{lang}": getattr(doc, lang)
                for name, doc in _texts(item).items()
                for lang in ("vi", "en")
            },
            "figure": None if figure is None else figure.public(SHOWN),
            "pulls": [p.public(divisor) for p in item.ranked[:PULLS_MAX]],
            "months": [
                {
                    "month": f.dims["month"],
                    **f.public(("value", "numerator", "denominator", "scale", "status")),
                }
                for f in item.months
            ],
            **{
                name: {
                    "period": span.text,
                    "is_up_to_now": self.at < self.period.end,
                    **then.public(("value", "numerator", "denominator")),
                }
                for name, (span, then) in item.earlier.items()
            },
            "link": f"/ask?kpi={kpi.id}&period={self.period.text}{by}",
        }


def _texts(item: Item) -> dict[str, Doc]:
    """Write an item's value, what it is held against, why it is so, and all of it in a line."""
    figure = item.figure
    value = goal = why = Doc("", "")
    if figure is None:
        text = Doc("Chưa có số liệu trong kỳ.", "There are no figures of this period yet.")
    elif figure.value is None:
        told = figure.lacks or ()
        vi = " ".join(lack.message_vi for lack in told) or "Chưa tính được."
        text = Doc(vi, " ".join(lack.message_en for lack in told) or "Not available.")
    else:
        value, goal = sentences.shown(figure), sentences.aimed(figure)
        more = (sentences.restated(figure), sentences.incomplete(figure))
        parts = [p for p in (sentences.why(figure, item.ranked), *more) if p is not None]
        why = _joined(" ", parts)
        text = _joined(" ", [_joined(", ", [value, goal], "."), why])
    return {"value": value, "goal": goal, "why": why, "text": text, "compared": _compared(item)}


def _joined(mark: str, texts: Sequence[Doc], end: str = "") -> Doc:
    """Join what there is of texts."""
    vi, en = (
        mark.join(t for t in some if t) for some in ([d.vi for d in texts], [d.en for d in texts])
    )
    return Doc(vi + end, en + end)


def _compared(item: Item) -> Doc:
    """Say how it compares with what was before; empty where there is nothing to compare with."""
    texts = [
        said
        for span, then in item.earlier.values()
        if item.figure is not None
        and (said := sentences.compared(item.figure, then, span)) is not None
    ]
    return _joined("; ", texts) if texts else Doc("", "")


def _headline(items: list[Item], standing: Mapping[str, Any], behind: int) -> Doc:
    """Say all of it in one line."""
    off = sum(item.need == "off_course" for item in items)
    well = sum(item.need in ("on_course", "met") for item in items)
    alerts = sum(counts["open"] for counts in standing["count"].values())
    grave = standing["count"]["critical"]["open"]
    return Doc(
        f"{off} chỉ tiêu chưa đạt hoặc chậm, {well} đạt; {alerts} cảnh báo mở ({grave} khẩn);"
        f" {behind} nguồn trễ hoặc thiếu.",
        f"Targets missed or behind: {off}, met: {well}; open alerts: {alerts}"
        f" (critical: {grave}); sources late or incomplete: {behind}.",
    )
