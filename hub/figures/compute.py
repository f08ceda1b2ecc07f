"""Figures: a KPI answered for a period, with all that it needs to prove itself."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from hub.clock import iso, to_us
from hub.definitions.contract import INSTANT_MAX, INSTANT_MIN
from hub.figures import by_list
from hub.figures.book import Ask, Book, Key, Spread
from hub.figures.by_unit import VIEWS, ByUnit, UnitAsk, UnknownUnitError
from hub.figures.figure import Figure, Lack
from hub.figures.handling import BY_LIST
from hub.figures.known import strange
from hub.figures.kpi import LEVEL, Kpi
from hub.figures.progress import Aims
from hub.figures.reported import parts_missing
from hub.figures.terms import Sums, Term
from hub.figures.versions import VersionMissingError, definition_version, in_force, kpi_parents
from hub.reference.form import LEVELS
from hub.reference.lists import Aim
from hub.reference.periods import BUCKETS, FORMS, Period, between, bucket_of, parse_period, split
from hub.troubles import RefusedError

FIGURES_MAX = 20_000
_PLACES = Decimal("0.000001")
_AT = "2023-05-17T08:00:00+07:00"


class QuestionError(RefusedError):
    """A question that cannot be answered as put; its field is the parameter."""

    def __init__(self, parameter: str, vi: str, en: str, rule: str = "bad_question") -> None:
        super().__init__(rule, vi, en, parameter)


def no_period(text: str) -> QuestionError:
    """Say that a text is no period, and what one looks like."""
    return QuestionError(
        "period",
        f"không phải kỳ: {text}; ví dụ {FORMS}",
        f"not a period: {text}; write one like {FORMS}",
    )


@dataclass(frozen=True)
class Question:
    """What was asked, in public words: `by` and `where` name public dimensions."""

    period: Period
    at: int
    by: tuple[str, ...] = ()
    where: Mapping[str, str] = ()  # type: ignore[assignment]
    role: str | None = None
    as_of: int | None = None
    view: str = VIEWS[0]
    version: str | None = None


def read_question(kpi: Kpi, parameters: Mapping[str, str], now: int) -> Question:
    """Read a question from request parameters; raise `QuestionError` for what is wrong in it."""
    as_of = read_as_of(parameters, now)
    at = read_instant("at", parameters)
    if at is None:
        at = now if as_of is None else as_of
    known = {"period", "from", "to", "by", "role", "at", "as_of", "version", *kpi.dimensions}
    known |= {"view"} if kpi.unit_dimension else set()
    for name in parameters:
        if name not in known:
            raise QuestionError(
                name,
                f"tham số {name!r} không dùng được với {kpi.id}",
                f"{kpi.id} has no parameter {name!r}",
            )
    period = _read_period(parameters, at)
    by = tuple(dict.fromkeys(b for b in parameters.get("by", "").split(",") if b))
    for name in by:
        if name not in kpi.dimensions:
            raise QuestionError(
                "by",
                f"{kpi.id} không chia được theo {name!r}; chỉ theo {', '.join(kpi.dimensions)}",
                f"{kpi.id} cannot be split by {name!r}; only by {', '.join(kpi.dimensions)}",
            )
    role = parameters.get("role")
    if role is not None and role not in kpi.roles:
        raise QuestionError("role", f"vai trò không hợp lệ: {role}", f"unknown role: {role}")
    view = parameters.get("view", VIEWS[0])
    if view not in VIEWS:
        listed = ", ".join(VIEWS)
        raise QuestionError(
            "view", f"view={view}: chỉ nhận {listed}", f"view={view}: only {listed}"
        )
    if view == VIEWS[2] and not kpi.is_additive:
        raise QuestionError(
            "view",
            f"view=rebased: {kpi.id} không chia được theo tỷ lệ; dùng as_was, as_is",
            f"view=rebased: {kpi.id} cannot be dealt out by weights; use as_was or as_is",
        )
    if {LEVEL, kpi.unit_dimension} <= set(by):
        raise QuestionError(
            "by",
            "by=level,unit: chia theo cấp hoặc theo đơn vị; lọc cấp bằng level=",
            "by=level,unit: split by level or by unit; pick a level by level=",
        )
    where = {n: v for n, v in parameters.items() if n in (*kpi.dims, LEVEL)}
    _check_values(kpi, where, kpi.columns(role))
    version = parameters.get("version")
    if version is not None and version not in kpi.version_names:
        listed = ", ".join(kpi.version_names)
        vi, en = f"{kpi.id} chỉ có phiên bản {listed}", f"{kpi.id} has only version {listed}"
        raise QuestionError("version", f"version={version}: {vi}", f"version={version}: {en}")
    return Question(period, at, by, where, role, as_of, view, version)


def _read_period(parameters: Mapping[str, str], at: int) -> Period:
    """Read which period is asked for: one by its name, or the days `from` … `to`, both in it."""
    if "from" in parameters or "to" in parameters:
        try:
            return between(parameters.get("from", ""), parameters.get("to", ""))
        except ValueError:
            raise QuestionError(
                "from",
                "from và to phải là hai ngày như 2023-05-17, from không sau to",
                "from and to must be two days such as 2023-05-17, the first not after the last",
            ) from None
    named = (parameters.get(name) for name in (*reversed(BUCKETS), "period"))
    text = next(filter(None, named), None)
    try:
        return parse_period(text or str(iso(at))[:4])
    except ValueError:
        raise no_period(str(text)) from None


def units_asked(kpi: Kpi, question: Question, ask: Ask, book: Book) -> ByUnit | None:
    """Give what sums by units, where a question goes by them and there is a list of them."""
    name = kpi.unit_dimension
    units = book.reference.units
    if name is None or units is None or {name, LEVEL}.isdisjoint({*question.by, *question.where}):
        return None
    column, where = kpi.columns(question.role)[name], dict(question.where)
    asked = UnitAsk(
        column,
        kpi.instants(name)[column],
        question.view,
        where.get(name),
        where.get(LEVEL),
        LEVEL in question.by,
    )
    return ByUnit(units, asked, ask)


def sums_of(kpi: Kpi, book: Book, ask: Ask, by_unit: ByUnit | None) -> tuple[Sums, Sums | None]:
    """Sum a KPI's terms, by units where it goes by them.

    Raises `QuestionError` for a unit that neither the list nor the data know.
    """

    def summed(term: Term) -> Sums:
        return by_list.sums(term, book, ask) if by_unit is None else by_unit.sums(term, book)

    sums = summed(kpi.numerator), summed(kpi.denominator) if kpi.denominator else None
    if by_unit is not None:
        check_unit(by_unit)
    return sums


def check_unit(by_unit: ByUnit) -> None:
    """Raise `QuestionError` for a unit that neither the list nor what was summed know."""
    try:
        by_unit.check()
    except UnknownUnitError as error:
        raise _nobody_knows("unit", str(by_unit.wanted), error.args) from None


def _nobody_knows(name: str, value: str, near: Sequence[str]) -> QuestionError:
    """Say that neither lists nor data know what a question names, and what is like it."""
    vi = f"{name}={value}: không có trong danh mục, cũng không có trong dữ liệu"
    en = f"{name}={value}: neither the lists nor the data know it"
    if near:
        listed = ", ".join(near)
        vi, en = f"{vi}; gần giống: {listed}", f"{en}; near: {listed}"
    return QuestionError(name, vi, en, "unknown_value")


def read_as_of(parameters: Mapping[str, str], now: int) -> int | None:
    """Read as of when the hub's knowledge is asked for; None: as it is."""
    as_of = read_instant("as_of", parameters)
    if as_of is not None and as_of > now:
        raise QuestionError(
            "as_of",
            f"chưa đến thời điểm {parameters['as_of']}",
            f"{parameters['as_of']} is yet to come",
        )
    return as_of


def read_instant(name: str, parameters: Mapping[str, str]) -> int | None:
    """Read an instant with its offset, None where it is left out; raise `QuestionError`."""
    if name not in parameters:
        return None
    try:
        # In a query a plus sign reads as a blank.
        at = to_us(datetime.fromisoformat(parameters[name].replace(" ", "+")))
        if not INSTANT_MIN <= at <= INSTANT_MAX:
            raise ValueError("out of range")
    except (ValueError, TypeError):
        raise QuestionError(
            name,
            f"không phải thời điểm có múi giờ, ví dụ {_AT}: {parameters[name]}",
            f"not an instant with an offset, such as {_AT}: {parameters[name]}",
        ) from None
    return at


def _check_values(kpi: Kpi, where: Mapping[str, str], columns: Mapping[str, str]) -> None:
    """Refuse a filter by a value that a closed set does not have: it would read as zero."""
    for name, value in where.items():
        levels = list(LEVELS.values()) if name == LEVEL else None
        allowed = levels or kpi.closed.get(columns[name])
        if allowed is not None and value not in allowed:
            listed = ", ".join(allowed)
            raise QuestionError(
                name,
                f"{name}={value}: chỉ nhận {listed}",
                f"{name}={value}: only {listed}",
            )


def compute(kpi: Kpi, question: Question, book: Book) -> list[Figure]:
    """Compute what was asked for: one figure per key, none where there is nothing to say.

    Of a period that has not begun at the instant asked there is nothing: what is in progress now is
    not what will be then. Raises `QuestionError`, also for a value that neither lists nor data
    know: it would be zero.
    """
    computed = _computed(kpi, question, book)
    is_share = kpi.denominator is not None
    if question.where and not any(f.numerator or (is_share and f.denominator) for f in computed):
        check_known(kpi, question, book)
    return computed


def check_known(kpi: Kpi, question: Question, book: Book) -> None:
    """Raise `QuestionError` for a value that neither lists nor data know: it would read as zero."""
    columns = kpi.columns(question.role)
    named = {n: v for n, v in dict(question.where).items() if n != LEVEL}
    open_ended = {n: v for n, v in named.items() if columns[n] not in kpi.closed}
    asked = {n: (columns[n], v) for n, v in open_ended.items()}
    fact = book.facts.get(kpi.contract or "")
    for name, value, near in strange(book, fact, asked) if fact is not None else ():
        raise _nobody_knows(name, value, near)


def _computed(kpi: Kpi, question: Question, book: Book) -> list[Figure]:
    buckets = [b for b in question.by if b in BUCKETS]
    whole = question.period
    if whole.start >= question.at:
        return []
    if not buckets:
        return _figures(kpi, question, book, {}, whole)
    computed: list[Figure] = []
    begun = [period for period in parts_of(question) if period.start < question.at]
    if not begun:
        return []
    spread = Spread(tuple(p.start for p in begun), min(begun[-1].end, question.at))
    for period in begun:
        names = {b: bucket_of(b, period.start_on) for b in buckets}
        by = tuple(b for b in question.by if b not in BUCKETS)
        part = replace(question, period=period, by=by, as_of=None)
        computed += _figures(kpi, part, book, names, whole, spread)
        if len(computed) > FIGURES_MAX:
            raise QuestionError(
                "by", f"quá {FIGURES_MAX} số liệu", f"more than {FIGURES_MAX} figures"
            )
    return computed


def parts_of(question: Question) -> list[Period]:
    """Give the days or months that a question is split by, its whole period where by neither."""
    buckets = [b for b in question.by if b in BUCKETS]
    if not buckets:
        return [question.period]
    finest = next(b for b in BUCKETS if b in buckets)
    if finest == "week" and len(buckets) > 1:
        raise QuestionError(
            "by", "tuần không nằm trọn trong tháng, quý, năm", "a week may lie in two months"
        )
    try:
        return split(question.period, finest)
    except ValueError:
        part_vi = {"month": "tháng", "quarter": "quý", "year": "năm"}[finest]
        vi, en = f"không gồm trọn các {part_vi}", f"does not consist of whole {finest}s"
        raise QuestionError("by", f"kỳ này {vi}", f"the period {en}") from None


def _figures(
    kpi: Kpi,
    question: Question,
    book: Book,
    bucket: dict[str, str],
    whole: Period,
    spread: Spread | None = None,
) -> list[Figure]:
    """Compute the figures of one period, by the version of the KPI that it goes by."""
    try:
        counted = in_force(kpi, question.period, book, question.version)
    except VersionMissingError as error:
        return [_lacking(kpi, question, book, bucket, (error.lack,))]
    found = _of_version(counted.kpi, question, book, bucket, whole, spread)
    return [counted.told(figure) for figure in found]


def _of_version(
    kpi: Kpi,
    question: Question,
    book: Book,
    bucket: dict[str, str],
    whole: Period,
    spread: Spread | None,
) -> list[Figure]:
    columns = kpi.columns(question.role)
    ask = Ask(
        question.period,
        question.at,
        tuple(columns[b] for b in question.by),
        kpi.filters(question.where, question.role),
        spread,
    )
    lacks = lacks_of([kpi], book)
    if lacks and kpi.lists:
        return [_lacking(kpi, question, book, bucket, lacks)]
    by_unit = units_asked(kpi, question, ask, book)
    above, below = sums_of(kpi, book, ask, by_unit)
    keys = set(above) if below is None else {k for k, n in below.items() if n}
    if not keys and kpi.is_whole and kpi.numerator.is_count and not ask.by and kpi.contract:
        # Nothing was counted, but there were events: the figure is zero, not unknown. Of a period
        # in parts, each part says so.
        until = min(whole.end, question.at)
        keys = {()} if book.has_events(kpi.contract, whole.start, until) else keys
    if lacks and keys:
        return [_lacking(kpi, question, book, bucket, lacks)]
    unsaid = parts_missing(kpi.numerator, kpi.denominator, book, ask)
    keys |= unsaid.unknown
    if not keys:
        return []
    lists = () if by_unit is None else by_unit.lists
    if by_list.is_asked(ask):
        lists = (*lists, BY_LIST.partition(".")[0])
    judged = _judge(kpi, question, ask, book, lists)
    computed = []
    aims, at = _aims(kpi, question, ask, book), iso(question.at)
    for key in sorted(keys, key=_sortable):
        dims = dict(zip(question.by, key, strict=True))
        completeness = round(judged.completeness * unsaid.share(key), 6)
        if key in unsaid.unknown:
            nothing = _nothing(kpi, question, {**dims, **bucket}, judged, aims.of(dims))
            computed.append(replace(nothing, completeness=completeness, missing=unsaid.named(key)))
            continue
        n, d = above.get(key, 0), 1 if below is None else below[key]
        aim = aims.of(dims)
        computed.append(
            Figure(
                dims={**dims, **bucket},
                value=write_value(kpi, n, d),
                numerator=n,
                denominator=d,
                scale=kpi.scale,
                measure_unit=kpi.measure_unit,
                target=aim and aim.target,
                met=None if aim is None else aim.target.is_met(n, d * kpi.scale),
                progress=aims.progress(aim, key, n, d * kpi.scale),
                status="provisional",
                completeness=completeness,
                fresh_at=judged.fresh_at,
                at=at,
                cut=judged.cut,
                definition_version=judged.definition_version,
                missing=unsaid.named(key),
                unit=None if by_unit is None else by_unit.shown(dims.get("unit")),
            )
        )
    return computed


def _aims(kpi: Kpi, question: Question, ask: Ask, book: Book) -> Aims:
    """Give the targets of a question's figures."""

    def sums(period: Period, at: int) -> Sums:
        then, asked = replace(question, period=period, at=at), replace(ask, period=period, at=at)
        return sums_of(kpi, book, asked, units_asked(kpi, then, asked, book))[0]

    unit = kpi.unit_dimension
    others = {*question.by, *dict(question.where)} - {unit}
    wanted = dict(question.where).get(unit or "")
    return Aims(
        kpi.id, book, ask, kpi.is_whole, sums, unit=unit, wanted=wanted, is_cut=bool(others)
    )


def _lacking(
    kpi: Kpi, question: Question, book: Book, bucket: dict[str, str], lacks: tuple[Lack, ...]
) -> Figure:
    """Say which lists were not loaded, in the place of a figure that needs them."""
    judged = _Judged(0.0, None, book.reading.cut(), definition_version(kpi, book))
    nothing = _nothing(kpi, question, {**dict.fromkeys(question.by), **bucket}, judged)
    return replace(nothing, lacks=lacks)


def _nothing(
    kpi: Kpi,
    question: Question,
    dims: Mapping[str, str | None],
    judged: "_Judged",
    aim: Aim | None = None,
) -> Figure:
    """Give a figure that has no value."""
    return Figure(
        dims=dims,
        value=None,
        numerator=0,
        denominator=0,
        scale=kpi.scale,
        measure_unit=kpi.measure_unit,
        target=aim and aim.target,
        met=None,
        status="provisional",
        completeness=judged.completeness,
        fresh_at=judged.fresh_at,
        at=iso(question.at),
        cut=judged.cut,
        definition_version=judged.definition_version,
    )


def lacks_of(kpis: Iterable[Kpi], book: Book) -> tuple[Lack, ...]:
    """Give the lists that KPIs need and that were not loaded."""
    needed = {name for kpi in kpis for name in kpi.lists | kpi_parents(kpi, book)}
    reference = book.reference
    return tuple(Lack(n, *reference.forms[n].not_loaded) for n in reference.missing(needed))


def _sortable(key: Key) -> tuple[str, ...]:
    return tuple(k or "" for k in key)


def write_value(kpi: Kpi, numerator: int, denominator: int) -> str:
    """Write numerator / (denominator × scale), half-up to 6 places; a count as a whole number."""
    if kpi.is_whole:
        return str(numerator)
    exact = Decimal(numerator) / (denominator * kpi.scale)
    return str(exact.quantize(_PLACES, ROUND_HALF_UP))


class _Judged(NamedTuple):
    """What all figures of an answer share."""

    completeness: float
    fresh_at: str | None
    cut: str
    definition_version: str


def _judge(
    kpi: Kpi, question: Question, ask: Ask, book: Book, more_lists: Collection[str]
) -> _Judged:
    if kpi.contract:
        completeness = book.completeness(kpi.contract, ask, kpi.only)
        fresh_at = book.fresh_at(kpi.contract)
    else:
        completeness = 1.0
        fresh_at = None
        if kpi.numerator.is_of_sources:
            fresh_at = max(book.heard.values(), default=None)
    return _Judged(
        round(completeness, 6),
        iso(fresh_at),
        book.reading.cut(),
        definition_version(kpi, book, more_lists),
    )
