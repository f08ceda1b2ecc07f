"""Ranking: a figure split into rows, each with its pull, beside another answer, in an order.

It is what a table of figures shows: codes with the names that lists give them, how each row stands
against the same row of another period, unit or view, and of units what they reported and since when
they are silent.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from hub.clock import day_of, iso, iso_day
from hub.definitions.contract import Doc
from hub.definitions.source import Source
from hub.figures.arrived import spoken_until
from hub.figures.book import Ask, Book
from hub.figures.by_unit import VIEWS
from hub.figures.compute import Question, QuestionError, parts_of, read_question
from hub.figures.figure import Figure
from hub.figures.kpi import LEVEL, Kpi
from hub.figures.official import as_known, figures
from hub.figures.pull import Goal, Pull, goal_of, pulls, written
from hub.figures.versions import counted_by
from hub.reference.form import LEVELS
from hub.reference.periods import BUCKETS, parse_period, previous, year_before
from hub.sheets.collation import collated

PREVIOUS, LAST_YEAR = "previous", "last_year"
SHOWN = (
    "dims", "value", "numerator", "denominator", "scale", "measure_unit", "target", "met", "status",
    "completeness", "closed_at", "restatement", "unit", "missing", "progress",
)  # fmt: skip
DIMENSIONS = {
    "unit": Doc("Đơn vị", "Unit"),
    LEVEL: Doc("Cấp đơn vị", "Level of unit"),
    "procedure": Doc("Thủ tục", "Procedure"),
    "field": Doc("Lĩnh vực", "Field"),
    "channel": Doc("Kênh nộp", "Channel"),
    "service_level": Doc("Mức dịch vụ", "Service level"),
    "station": Doc("Trạm", "Station"),
    "service": Doc("Dịch vụ", "Service"),
    "method": Doc("Hình thức", "Method"),
    "reporter": Doc("Bên báo cáo", "Reporter"),
    "area": Doc("Địa bàn", "Area"),
    "match": Doc("Kết quả đối chiếu", "Match"),
    "source": Doc("Nguồn", "Source"),
    "day": Doc("Ngày", "Day"),
    "week": Doc("Tuần", "Week"),
    "month": Doc("Tháng", "Month"),
    "quarter": Doc("Quý", "Quarter"),
    "year": Doc("Năm", "Year"),
}
LEVEL_NAMES = {code: vi for vi, code in LEVELS.items()}


class Reported(NamedTuple):
    """What a unit sent: steps of its duty (else working days) that had something, of how many.

    `last_on` is the last day of the period, or before it, that what it sent speaks of, None where
    nothing came by then. `silent_days` have begun since, of which `silent_working_days` were
    working days, and are over.
    """

    days: int
    of: int
    is_owed: bool
    last_on: str | None
    silent_days: int | None
    silent_working_days: int | None


@dataclass(frozen=True)
class Line:
    """One row: its figure, the names of its codes, the same row of the other answer, its pull."""

    figure: Figure
    names: Mapping[str, str]
    beside: Figure | None
    pull: Pull | None
    reported: Reported | None

    @property
    def difference(self) -> Fraction | None:
        """By how much the value is greater than the one beside it; None where one has none."""
        if self.beside is None or self.figure.value is None or self.beside.value is None:
            return None
        return value_of(self.figure) - value_of(self.beside)


@dataclass(frozen=True)
class Ranked:
    """All rows of an answer, with the whole figure and what stands beside it."""

    kpi: Kpi
    question: Question
    other: Question | None
    whole: Figure | None
    whole_beside: Figure | None
    goal: Goal | None
    lines: list[Line]
    named: Callable[[str, str | None], str]


def value_of(figure: Figure) -> Fraction:
    """Give a figure's value exactly."""
    return Fraction(figure.numerator, figure.denominator * figure.scale)


def read_other(
    kpi: Kpi, question: Question, asked: Mapping[str, str], compare: str, now: int
) -> Question | None:
    """Read what an answer is held against, None where nothing is said; raise `QuestionError`.

    `previous`, `last_year`, `unit:CODE`, `period:2022-Q1`, `view:as_is`, `as_of:INSTANT`,
    `version:2`. Of a period that has not ended, the other one counts as far into it as this one
    has come.
    """
    kind, _, wanted = compare.partition(":")
    if not compare:
        return None
    if compare in (PREVIOUS, LAST_YEAR) or kind == "period":
        try:
            moved = {PREVIOUS: previous, LAST_YEAR: year_before}.get(compare)
            period = parse_period(wanted) if moved is None else moved(question.period)
        except (ValueError, OverflowError):
            raise _not_comparable(compare) from None
        gone = question.at - question.period.start
        at = period.start + gone if question.at < question.period.end else question.at
        return replace(question, period=period, at=at)
    if kind in ("unit", "view", "as_of", "version") and wanted:
        return read_question(kpi, {**asked, kind: wanted}, now)
    raise _not_comparable(compare)


def _not_comparable(compare: str) -> QuestionError:
    listed = f"{PREVIOUS}, {LAST_YEAR}, unit:H57.1, period:2022-Q1, view:as_is, as_of:…, version:2"
    vi, en = f"compare={compare}: chỉ nhận {listed}", f"compare={compare}: only {listed}"
    return QuestionError("compare", vi, en)


def rank(kpi: Kpi, question: Question, other: Question | None, book: Book, now: int) -> Ranked:
    """Answer a question in rows. Raises `QuestionError`."""

    def answered(asked: Question, by: tuple[str, ...]) -> list[Figure]:
        own = as_known(book, asked.as_of, now)
        return figures(kpi, replace(asked, by=by), own)

    rows = answered(question, question.by)
    wholes = answered(question, ()) if question.by else rows
    whole = wholes[0] if len(wholes) == 1 else None
    beside: dict[tuple[str | None, ...], Figure] = {}
    whole_beside = None
    if other is not None:
        place = _places(other)
        beside = {_key(f, question.by, place): f for f in answered(other, question.by)}
        totals = answered(other, ()) if question.by else list(beside.values())
        whole_beside = totals[0] if len(totals) == 1 else None
    goal = None if whole is None else goal_of(kpi, question, whole, book)
    counted = counted_by(kpi, question.period, book, question.version)
    known: Sequence[Pull | None] = pulls(counted, whole, rows, goal) or [None] * len(rows)
    place = _places(question)
    named, reported = _names(question, book), _reported_by(kpi, question, book)
    lines = [
        Line(
            figure,
            {n: named(n, code) for n, code in figure.dims.items()},
            _same_unit(figure, beside.get(_key(figure, question.by, place))),
            pull,
            reported(figure),
        )
        for figure, pull in zip(rows, known, strict=True)
    ]
    return Ranked(kpi, question, other, whole, whole_beside, goal, lines, named)


def _same_unit(figure: Figure, other: Figure | None) -> Figure | None:
    """Give the other figure, unless its code names another unit there: codes are used again."""
    own = figure.unit
    if other is None or other.unit is None or own is None:
        return other
    is_renamed = any(part.kind == "rename" for part in (*own.became, *other.unit.became))
    return other if is_renamed or own.valid_from == other.unit.valid_from else None


def _places(question: Question) -> dict[str, int]:
    """Number the days, months and so on that a question is split by."""
    if not any(b in BUCKETS for b in question.by):
        return {}
    return {part.text: number for number, part in enumerate(parts_of(question))}


def _key(figure: Figure, by: Sequence[str], place: Mapping[str, int]) -> tuple[str | None, ...]:
    """Name a row so that the same one of another period has the same name: by its number in it."""
    values = ((name, figure.dims.get(name)) for name in by)
    return tuple(
        str(place.get(str(value), value)) if name in BUCKETS else value for name, value in values
    )


def _names(question: Question, book: Book) -> Callable[[str, str | None], str]:
    last = iso_day(day_of(question.period.end - 1)) or ""
    tables = book.reference.tables
    by_code: dict[str, dict[str, str]] = {}
    for dimension, table in (("procedure", "procedures"), ("station", "stations")):
        rows = [r for r in tables.get(table, ()) if r["valid_from"] <= last]
        ordered = sorted(rows, key=lambda r: r["valid_from"])
        by_code[dimension] = {r["code"]: r.get("name_vi") or "" for r in ordered}
    by_code[LEVEL] = LEVEL_NAMES
    units = book.reference.units
    # By the units of today a code that was used again names another unit than it did then.
    day = last if question.view == VIEWS[0] else iso_day(day_of(question.at)) or ""

    def named(dimension: str, code: str | None) -> str:
        if code is None:
            return ""
        if dimension in ("unit", "area") and units is not None:
            unit = units.named(code, day)
            return "" if unit is None else unit.name
        return by_code.get(dimension, {}).get(code, "")

    return named


def _reported_by(kpi: Kpi, question: Question, book: Book) -> Callable[[Figure], Reported | None]:
    """Give what says of a row of a unit what that unit reported in the period."""
    contract = kpi.contract or ""
    definition = book.definitions.contracts.get(contract)
    if "unit" not in question.by or definition is None or definition.party is None:
        return lambda _: None
    ask = Ask(question.period, question.at)
    owing = {s.party: s for s in book.sources.values() if s.contract == contract and s.party}
    until = min(question.at, question.period.end)
    today, ended = day_of(until - 1), day_of(until)
    kept: dict[str, Reported] = {}

    def reported(figure: Figure) -> Reported | None:
        code, _, since = str(figure.dims.get("unit")).partition("@")
        if figure.dims.get("unit") is None or since:
            return None
        if code not in kept:
            duty = owing.get(code)
            own = duty or Source("", contract, code, code, "", "working_day", party=code)
            steps = book.due(own, ask)
            last = spoken_until(book.arrivals.of_source(own), today + 1)
            silent = None if last is None else today - last + 1
            working = None if last is None else book.reference.working_days(last, ended)
            kept[code] = Reported(
                sum(1 for step in steps if step.received),
                len(steps),
                duty is not None,
                None if last is None else iso_day(last - 1),
                silent,
                working,
            )
        return kept[code]

    return reported


def in_order(ranked: Ranked, sort: str) -> list[Line]:
    """Put rows in an order: by a column, with `-` the greatest first; what has none comes last.

    Without one, what pulls most comes first, and what is split by time is in its order. Names are
    in the order of a Vietnamese dictionary. Raises `QuestionError` for a column that is not there.
    """
    name = sort.removeprefix("-")
    times = [b for b in ranked.question.by if b in BUCKETS]
    has_pulls = any(line.pull for line in ranked.lines)
    if not sort:
        if times or not has_pulls:
            return sorted(ranked.lines, key=lambda line: by_names(line, ranked.question.by))
        name, sort = "pull", "-pull"
    if name in ranked.question.by:
        keyed = [(line, by_names(line, (name,))) for line in ranked.lines]
        keyed.sort(key=lambda pair: pair[1], reverse=sort.startswith("-"))
        return [line for line, _ in keyed]
    if name not in _NUMBERS:
        listed = ", ".join([*ranked.question.by, *_NUMBERS])
        raise QuestionError(
            "sort",
            f"sort={sort}: chỉ nhận {listed}, có thể thêm - ở trước",
            f"sort={sort}: only {listed}, with a - before it or not",
        )
    number = _NUMBERS[name]
    numbered = [(line, value) for line in ranked.lines if (value := number(line)) is not None]
    numbered.sort(key=lambda pair: by_names(pair[0], ranked.question.by))
    numbered.sort(key=lambda pair: pair[1], reverse=sort.startswith("-"))
    others = [line for line in ranked.lines if number(line) is None]
    return [*(line for line, _ in numbered), *others]


def by_names(line: Line, by: Sequence[str]) -> list[tuple[Any, str]]:
    """Give what a row is sorted by where it goes by names: those of a Vietnamese dictionary."""
    dims = line.figure.dims
    return [(collated(line.names.get(n) or dims.get(n) or "￿"), dims.get(n) or "") for n in by]


_NUMBERS: dict[str, Callable[[Line], Any]] = {
    "value": lambda line: None if line.figure.value is None else value_of(line.figure),
    "numerator": lambda line: line.figure.numerator,
    "denominator": lambda line: line.figure.denominator,
    "pull": lambda line: line.pull and line.pull.pulls,
    "lacks": lambda line: line.pull and line.pull.lacks,
    "beside": lambda line: None if line.beside is None else value_of(line.beside),
    "difference": lambda line: line.difference,
    "completeness": lambda line: line.figure.completeness,
    "silent_days": lambda line: line.reported and line.reported.silent_days,
}


def public(ranked: Ranked, lines: Sequence[Line], book: Book) -> dict[str, Any]:
    """Give an answer as JSON: `lines` of all rows, in their order."""
    other, goal = ranked.other, ranked.goal
    return {
        "kpi": ranked.kpi.id,
        "title_vi": ranked.kpi.title.vi,
        "title_en": ranked.kpi.title.en,
        "measure_unit": ranked.kpi.measure_unit,
        "period": ranked.question.period.text,
        "from": str(ranked.question.period.start_on),
        "to": str(ranked.question.period.end_on - timedelta(1)),
        "at": iso(ranked.question.at),
        "is_running": ranked.question.at < ranked.question.period.end,
        "as_of": iso(book.reading.committed_at()),
        "cut": book.reading.cut(),
        "by": [{"id": n, "title_vi": DIMENSIONS[n].vi, "title_en": DIMENSIONS[n].en}
               for n in ranked.question.by],
        "where": [
            {
                "id": name,
                "value": value,
                "name": ranked.named(name, value),
                "title_vi": DIMENSIONS[name].vi,
                "title_en": DIMENSIONS[name].en,
            }
            for name, value in dict(ranked.question.where).items()
        ],
        "whole": ranked.whole and ranked.whole.public(),
        "beside": None if other is None else {
            "period": other.period.text,
            "unit": dict(other.where).get("unit"),
            "view": other.view if other.view in VIEWS else None,
            "at": iso(other.at),
            "as_of": iso(other.as_of),
            "version": other.version,
            "whole": ranked.whole_beside and ranked.whole_beside.public(SHOWN),
        },
        "goal": None if goal is None else {
            "value": str(written(goal.value)),
            "is_ceiling": goal.is_ceiling,
            "target": goal.target and goal.target.public(),
        },
        "total": len(ranked.lines),
        "rows": [_public_line(line) for line in lines],
    }  # fmt: skip


def _public_line(line: Line) -> dict[str, Any]:
    pull, beside, difference = line.pull, line.beside, line.difference
    return {
        **line.figure.public(SHOWN),
        "names": {n: name for n, name in line.names.items() if name},
        "beside": beside and beside.public(("value", "numerator", "denominator", "status")),
        "difference": None if difference is None else str(written(difference)),
        "pull": None if pull is None else str(written(pull.pulls)),
        "lacks": None if pull is None or pull.lacks is None else str(written(pull.lacks)),
        "reported": line.reported and line.reported._asdict(),
    }
