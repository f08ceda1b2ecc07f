"""Made of: the facts behind a figure, each with its part, a page at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import polars as pl

from hub.apply import fold
from hub.clock import DAY_US, iso
from hub.columns.asking import within
from hub.columns.listing import ORDER, VALUE, Listing, page
from hub.definitions.fact import Fact
from hub.figures.book import Ask, Book
from hub.figures.by_unit import ByUnit
from hub.figures.compute import Question, QuestionError, check_unit, units_asked
from hub.figures.handling import BY_LIST, Spent, said_by_list
from hub.figures.kpi import Kpi
from hub.figures.terms import Addend, Term
from hub.figures.versions import counted_by
from hub.sheets.columnar import Heading

ROWS_MAX = 1_000
ENTITY, ABOVE, BELOW, CODE, ERA = "entity", "~above", "~below", "~code", "~era"
LATE_ORDER = "overdue_us"
LATE = Heading("Quá hạn, đến khi xong hoặc đến nay (ngày)", "overdue_days", "decimal")
PARTS = {ABOVE: "numerator", BELOW: "denominator"}


@dataclass(frozen=True)
class Wanted:
    """Which page of facts is wanted: after how many, or after which, how many, and in which order.

    `sort` is `entity`, `numerator`, a column of whole numbers or an order of the fact, with `-`
    before it the greatest first; facts that have no such number come last. `after` is what the page
    before gave as `next`: so a page deep down costs what the first one does.
    """

    offset: int = 0
    limit: int = ROWS_MAX
    sort: str = ENTITY
    after: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether nothing but an offset is said: then there is no `next`."""
        return self == Wanted(self.offset)


def facts(
    kpi: Kpi, question: Question, book: Book, wanted: Wanted, seen: pl.Series | None = None
) -> dict[str, Any]:
    """List what counts in a figure, a page of it: as of now, or as of the book.

    Of those that whoever asks sees, where `seen` tells which these are.

    What a closed period's official figure was made of is what was known when it was closed.

    Parts add up to the figure's numerator and denominator where each fact adds its own. Raises
    `QuestionError` for a KPI that is not counted over facts one by one, for a split question, and
    for an order that the facts do not have.
    """
    if question.by:
        raise QuestionError(
            "by", "hỏi từng số liệu một, không chia", "ask for one figure at a time, not split"
        )
    if not kpi.lists_facts or kpi.contract is None:
        raise QuestionError(
            "kpi",
            f"{kpi.id} không tính trên từng đối tượng",
            f"{kpi.id} is not counted over facts one by one",
        )
    fact = book.facts[kpi.contract]
    order = _order(fact, wanted.sort, question.at)
    listing = book.reading.all_facts(fact)
    kpi = counted_by(kpi, question.period, book, question.version)
    rows = _counted(kpi, question, book, fact, listing, order)
    if seen is not None:
        rows = rows.filter(pl.col(ENTITY).is_in(seen.implode()))
    total = len(rows)
    if wanted.after:
        rows = rows.filter(_is_after(wanted, listing))
    shown = page(rows, wanted.offset, wanted.limit)
    following = wanted.offset + len(shown)
    has_more = following < len(rows)
    listed: list[dict[str, Any]] = [
        {ENTITY: entity, "numerator": above, "denominator": below}
        for entity, above, below in shown.select(ENTITY, *PARTS).rows()
    ]
    body = {
        "kpi": kpi.id,
        "period": question.period.text,
        "as_of": iso(book.reading.committed_at()),
        "cut": book.reading.cut(),
        "total": total,
        "facts": listed,
        "next_offset": following if has_more and not wanted.after else None,
    }
    if wanted.is_plain:
        return body
    if VALUE in shown.columns:
        sign = -1 if wanted.sort.startswith("-") else 1
        for row, value in zip(listed, shown[VALUE], strict=True):
            row[wanted.sort.lstrip("-")] = None if value is None else sign * value
    return {**body, "next": _place(shown) if has_more else None}


def as_rows(body: Mapping[str, Any]) -> tuple[list[Heading], list[list[Any]]]:
    """Write a page of facts for a file, with lengths of time in days."""
    rows = body["facts"]
    others = [n for n in (rows[0] if rows else ()) if n not in (ENTITY, *PARTS.values())]
    headings = [
        Heading("Mã", ENTITY),
        Heading("Tử số", "numerator", "integer"),
        Heading("Mẫu số", "denominator", "integer"),
        *(LATE if n == LATE_ORDER else Heading(n, n, "integer") for n in others),
    ]

    def cell(name: str, value: Any) -> Any:
        if name != LATE_ORDER or value is None:
            return value
        return (Decimal(value) / DAY_US).quantize(Decimal("0.1"), ROUND_HALF_UP)

    names = (ENTITY, *PARTS.values(), *others)
    return headings, [[cell(n, row[n]) for n in names] for row in rows]


def _order(fact: Fact, sort: str, at: int) -> pl.Expr | None:
    """Write the number that facts are listed by, the least first; None where by their names."""
    name = sort.removeprefix("-")
    if sort == ENTITY:
        return None
    numbers = [n for n, kind in fact.types.items() if kind == "integer"]
    known = {**{n: n for n in numbers}, **fact.orders}
    named = {text: part for part, text in PARTS.items()}
    if name in named:
        number = pl.col(named[name])
    elif name in known:
        number = pl.sql_expr(known[name].format(at=at))
    else:
        listed = ", ".join([ENTITY, *named, *known])
        raise QuestionError(
            "sort",
            f"sort={sort}: chỉ nhận {listed}, có thể thêm - ở trước",
            f"sort={sort}: only {listed}, with a - before it or not",
        )
    return -number if sort.startswith("-") else number


def _counted(
    kpi: Kpi, question: Question, book: Book, fact: Fact, listing: Listing, order: pl.Expr | None
) -> pl.DataFrame:
    """Give the facts that count: entity, both parts, and what they are put in order by."""
    where = kpi.filters(question.where, question.role)
    ask = Ask(question.period, question.at, (), where)
    by_unit = units_asked(kpi, question, ask, book)
    terms = {ABOVE: kpi.numerator, BELOW: kpi.denominator}
    if question.period.start >= question.at:  # it has not begun
        terms = dict.fromkeys(terms)
    if by_unit is not None:
        ask = Ask(question.period, question.at, (), by_unit.where)
    codes = [] if by_unit is None else [pl.col(by_unit.column).alias(CODE)]
    if by_unit is not None and by_unit.era_sql:
        codes.append(pl.sql_expr(by_unit.era_sql).alias(ERA))
    of_field = _is_of_field(book, fact, ask)
    ask = replace(ask, where={c: v for c, v in ask.where.items() if c != BY_LIST})
    rows = _with_parts(terms, book, fact, listing.facts.filter(of_field), ask, order)
    orders = [] if order is None else [pl.col(VALUE)]
    if by_unit is not None:
        rows = rows.with_columns(codes).filter(_is_of_units(rows.select(codes), by_unit))
    found = rows.select(ENTITY, ORDER, *PARTS, *(c.meta.output_name() for c in codes), *orders)
    if by_unit is None:
        return found.collect()
    check_unit(by_unit)
    return _dealt(found.collect(), by_unit)


def _is_of_field(book: Book, fact: Fact, ask: Ask) -> pl.Expr:
    """Write which facts are of the field of procedures that is asked for, if one is."""
    wanted = ask.where.get(BY_LIST)
    if wanted is None or fact.clocked is None:
        return pl.lit(True)
    codes = [code for code, name in said_by_list(book, ask).items() if name == wanted]
    return pl.col(fact.clocked.procedure).is_in(codes)


def _is_counted() -> pl.Expr:
    return pl.any_horizontal(pl.col(part) != 0 for part in PARTS)


def _is_of_units(codes: pl.LazyFrame, by_unit: ByUnit) -> pl.Expr:
    """Write which codes are of the units that are asked for, at any time."""
    there = codes.unique().collect()
    asked = {code for code, *era in there.rows() if by_unit.asks(code, era[0] if era else None)}
    is_there = pl.col(CODE).is_in([code for code in asked if code is not None])
    return is_there | pl.col(CODE).is_null() if None in asked else is_there


def _with_parts(
    terms: Mapping[str, Term | None],
    book: Book,
    fact: Fact,
    facts: pl.LazyFrame,
    ask: Ask,
    order: pl.Expr | None,
) -> pl.LazyFrame:
    """Give the facts that count, with what each adds to terms and what they are in order by."""
    rows = facts.with_columns(pl.lit(0, pl.Int64).alias(name) for name in terms)
    addends = {
        name: [] if term is None or isinstance(term, Spent) else term.addends(ask)
        for name, term in terms.items()
    }
    # Facts that go by another due date than the one sent stand so, then by computed ones alone.
    for is_computed in (False, True):
        wanted = [a for own in addends.values() for a in own if a.is_computed == is_computed]
        if wanted or not is_computed:
            rows = _dated(rows, book, fact, is_computed=is_computed)
        parts = {
            name: sum(
                (a.sign * _added(a, book, fact, ask) for a in own if a.is_computed == is_computed),
                pl.col(name),
            )
            for name, own in addends.items()
        }
        rows = rows.with_columns(part.alias(name) for name, part in parts.items())
        if order is not None and not is_computed and not _names_parts(order):
            rows = rows.with_columns(order.cast(pl.Int64).alias(VALUE))
    for name, term in terms.items():
        if isinstance(term, Spent):
            sums = term.sums(book, replace(ask, by=(ENTITY,)))
            entities = pl.Series(ENTITY, [key[0] for key in sums], pl.String)
            each = pl.DataFrame([entities, pl.Series("~own", list(sums.values()), pl.Int64)])
            rows = rows.join(each.lazy(), on=ENTITY, how="left", maintain_order="left")
            rows = rows.with_columns(pl.col("~own").fill_null(0).alias(name)).drop("~own")
    if order is not None and _names_parts(order):
        rows = rows.with_columns(order.cast(pl.Int64).alias(VALUE))
    return rows.filter(_is_counted())


def _names_parts(order: pl.Expr) -> bool:
    return not set(order.meta.root_names()).isdisjoint(PARTS)


def _dated(rows: pl.LazyFrame, book: Book, fact: Fact, *, is_computed: bool) -> pl.LazyFrame:
    """Give facts by the due dates that they count by."""
    if fact.clocked is None:
        return rows
    changes = book.dues.changes(fact, is_computed=is_computed)
    if changes.is_empty():
        return rows
    columns = (fact.clocked.due, *fact.clocked.dated)
    now = changes.filter(pl.col("as_of") == fold.IS).select(ENTITY, *columns)
    return rows.update(now.lazy(), on=ENTITY, how="left", include_nulls=True)


def _added(addend: Addend, book: Book, fact: Fact, ask: Ask) -> pl.Expr:
    _, measure = book.measure(addend.measure)
    where = {**ask.where, **addend.only}
    if any(ask.where.get(n, v) != v for n, v in addend.only.items()):
        return pl.lit(0, pl.Int64)
    counts = within(measure, where, (addend.start, addend.until))
    flagged = book.flagged(fact, addend.start, addend.until)
    if flagged:
        names = [entity for entities in flagged.values() for entity in entities]
        counts &= ~pl.col(ENTITY).is_in(names)
    number = pl.lit(1, pl.Int64)
    if addend.part == "value":
        value = pl.sql_expr(measure.value)
        # Of one fact, an aggregate is what it is of the facts of its name: there is one.
        number = (value.over(ENTITY) if measure.is_recomputed else value).cast(pl.Int64)
    return pl.when(counts).then(number.fill_null(0)).otherwise(0)


def _dealt(rows: pl.DataFrame, by_unit: ByUnit) -> pl.DataFrame:
    """Take of each fact's parts what is asked for, by its unit; facts of other units go."""
    named = [n for n in (CODE, ERA) if n in rows.columns]
    for part in PARTS:
        kinds = rows.select(*named, part).unique()
        dealt = [
            by_unit.part(code, rest[0] if len(rest) > 1 else None, rest[-1])
            for code, *rest in kinds.rows()
        ]
        shares = kinds.with_columns(pl.Series("~dealt", dealt, pl.Int64))
        joined = rows.join(
            shares, on=[*named, part], how="left", nulls_equal=True, maintain_order="left"
        )
        rows = joined.with_columns(pl.col("~dealt").alias(part)).drop("~dealt")
    return rows.filter(_is_counted())


def _place(shown: pl.DataFrame) -> str:
    """Name the last fact of a page: its number in the order, and itself."""
    last = shown.tail(1)
    value = last[VALUE].item() if VALUE in shown.columns else None
    return f"{'' if value is None else value}~{last[ENTITY].item()}"


def _is_after(wanted: Wanted, listing: Listing) -> pl.Expr:
    """Write which facts come after the one that was the last of the page before."""
    text, mark, entity = wanted.after.partition("~")
    if not mark or not (text == "" or text.removeprefix("-").isdecimal()):
        raise QuestionError(
            "after",
            "after phải là next của trang trước",
            "after must be the next of the page before",
        )
    is_after = pl.col(ENTITY) > entity
    if wanted.sort == ENTITY:
        return is_after
    if not text:
        return pl.col(VALUE).is_null() & is_after
    value = int(text)
    is_same = (pl.col(VALUE) == value) & is_after
    return (pl.col(VALUE) > value) | pl.col(VALUE).is_null() | is_same
