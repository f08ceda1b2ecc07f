"""Contents: what the warehouse holds of a store, table by table, with the types that readers get.

Facts are those that others' tools may read by SQL (`Fact.shown`), and no other column. Instants are
in UTC with their zone, counts and đồng are whole numbers, values of figures decimals of nine
places, texts are texts; nothing is null but what is not there. Each row is of a month, by which
its table is cut into files.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl

from hub.clock import OFFSET_US, from_us
from hub.definitions.contract import Doc
from hub.definitions.fact import Fact
from hub.definitions.installed import Definitions
from hub.figures.book import Book
from hub.figures.closing import closings
from hub.figures.compute import Question, QuestionError
from hub.figures.kpi import Kpi
from hub.figures.official import figures
from hub.reference.periods import parse_period

MONTH = "month"
INSTANT = pl.Datetime("us", "UTC")
VALUE = pl.Decimal(38, 9)
ROWS_AT_ONCE = 50_000
_MONTH = Doc("Tháng, theo đó bảng được chia tệp", "The month by which the table is cut into files")


@dataclass(frozen=True)
class Content:
    """One table: its columns with their types and what they are, the key, and how it is read.

    `rows` gives the rows of a book at an instant, in chunks.
    """

    name: str
    doc: Doc
    columns: Mapping[str, tuple[Any, Doc]]
    key: tuple[str, ...]
    rows: Callable[[Book, int], Iterator[pl.DataFrame]]

    @property
    def schema(self) -> pl.Schema:
        """Its columns with their types."""
        return pl.Schema({name: kind for name, (kind, _) in self.columns.items()})

    def frame(self, book: Book, at: int) -> pl.DataFrame:
        """Read all rows, in the order of month and key."""
        chunks = [c.select(self.schema.names()).cast(self.schema) for c in self.rows(book, at)]
        whole = pl.concat(chunks) if chunks else pl.DataFrame(schema=self.schema)
        return whole.sort(MONTH, *self.key)


def contents(definitions: Definitions, kpis: Mapping[str, Kpi]) -> list[Content]:
    """List the tables, by what is installed."""
    facts = [f for f in definitions.facts.values() if f.shown]
    docs = {n: {f.name: f.doc for f in c.fields} for n, c in definitions.contracts.items()}
    titles = {n: c.spec.title for n, c in definitions.contracts.items()}
    return [
        *(_of_fact(f, titles[f.contract], docs[f.contract]) for f in facts),
        _cells(),
        _figures(kpis),
        _official(),
        _editions(),
    ]


def _of_fact(fact: Fact, title: Doc, docs: Mapping[str, Doc]) -> Content:
    columns: dict[str, tuple[Any, Doc]] = {
        MONTH: (pl.String, _MONTH),
        "code": (pl.String, Doc("Mã đối tượng", "The code of the thing")),
    }
    for name, doc in fact.shown.items():
        columns[name] = (_type(fact, name), doc or docs[name])
    disputed = Doc("Có hai nội dung dưới một mã", "Two contents stand under one id")
    columns["is_disputed"] = (pl.Boolean, disputed)

    def rows(book: Book, _: int) -> Iterator[pl.DataFrame]:
        when = fact.measures[0].when
        asked = list(dict.fromkeys([*fact.shown, when]))
        listed = ", ".join(f'"{n}"' for n in asked)
        types = {n: pl.String if fact.types[n] == "text" else pl.Int64 for n in asked}
        schema = {"code": pl.String, "is_disputed": pl.Int64, **types}
        after = ""
        while True:
            # By key, so that no more than some thousand rows stand in memory as objects.
            found = book.reading.rows(
                f"SELECT entity, is_disputed, {listed} FROM {fact.table} WHERE entity > :after"
                f" ORDER BY entity LIMIT {ROWS_AT_ONCE}",
                after=after,
            )
            if not found:
                return
            after = found[-1][0]
            frame = pl.DataFrame(found, schema=schema, orient="row")
            # Nothing stands in the row of a thing of which everything was taken back.
            frame = frame.filter(pl.any_horizontal(pl.col(*fact.shown).is_not_null()))
            month = _month_of(when, is_text=fact.types[when] == "text")
            whole = frame.with_columns(
                month.alias(MONTH),
                pl.col("is_disputed").cast(pl.Boolean),
                *(_cast(fact, n) for n in fact.shown),
            )
            yield whole

    return Content(f"fact_{fact.contract}", title, columns, ("code",), rows)


def _type(fact: Fact, name: str) -> Any:
    if fact.types[name] == "text":
        return pl.String
    if name.endswith("_at"):
        return INSTANT
    return pl.Boolean if name.startswith("is_") else pl.Int64


def _cast(fact: Fact, name: str) -> pl.Expr:
    kind = _type(fact, name)
    if kind == INSTANT:
        return pl.from_epoch(name, "us").dt.replace_time_zone("UTC")
    return pl.col(name).cast(kind)


def _month_of(when: str, *, is_text: bool) -> pl.Expr:
    """Give the local month of an instant, or of a period as it is written; empty where none is."""
    if is_text:
        return pl.col(when).str.slice(0, 7).fill_null("")
    local = pl.from_epoch(pl.col(when) + OFFSET_US, "us")
    return local.dt.to_string("%Y-%m").fill_null("")


def _cells() -> Content:
    columns: dict[str, tuple[Any, Doc]] = {
        MONTH: (pl.String, _MONTH),
        "cell_set": (pl.String, Doc("Số đo và chiều phân tổ", "The measure and its dimensions")),
        "period": (pl.String, Doc("Ngày, hoặc kỳ", "The day, or the period")),
        "dims": (pl.String, Doc("Giá trị các chiều", "The values of the dimensions")),
        "count": (pl.Int64, Doc("Số đối tượng", "How many things")),
        "value": (pl.Int64, Doc("Tổng giá trị", "The sum of their values")),
    }

    def rows(book: Book, _: int) -> Iterator[pl.DataFrame]:
        found = book.reading.rows(
            "SELECT cell_set, period, dims, SUM(count), SUM(value) FROM cell"
            " GROUP BY cell_set, period, dims HAVING SUM(count) <> 0"
        )
        plain = [(p[:7], s, p, d, int(n), int(v)) for s, p, d, n, v in found]
        kinds = {n: kind for n, (kind, _) in columns.items()}
        yield pl.DataFrame(plain, schema=kinds, orient="row")

    doc = Doc("Ô tổng theo ngày", "Sums by day")
    return Content("cell", doc, columns, ("cell_set", "period", "dims"), rows)


_SAID: dict[str, tuple[Any, Doc]] = {
    MONTH: (pl.String, _MONTH),
    "kpi": (pl.String, Doc("Mã chỉ số", "The KPI")),
    "period": (pl.String, Doc("Kỳ", "The period")),
    "dims": (pl.String, Doc("Các chiều, JSON", "Its dimensions, as JSON")),
    "value": (VALUE, Doc("Giá trị", "The value")),
    "numerator": (pl.Int64, Doc("Tử số", "The numerator")),
    "denominator": (pl.Int64, Doc("Mẫu số", "The denominator")),
    "scale": (pl.Int64, Doc("Hệ số của mẫu số", "The factor of the denominator")),
    "measure_unit": (pl.String, Doc("Đơn vị đo", "The unit of measure")),
    "status": (pl.String, Doc("Tạm tính, chính thức, điều chỉnh", "How final it is")),
    "definition_version": (pl.String, Doc("Phiên bản định nghĩa", "By which definition")),
}


def _said(kpi: str, period: str, said: Mapping[str, Any]) -> tuple[Any, ...]:
    """Give a figure as a row, of its JSON."""
    dims = json.dumps(said.get("dims") or {}, ensure_ascii=False, sort_keys=True)
    value = said.get("value")
    exact = None if value is None else Decimal(str(value)).quantize(Decimal("1e-9"))
    numbers = (said.get(n) for n in ("numerator", "denominator", "scale"))
    texts = (said.get(n) for n in ("measure_unit", "status", "definition_version"))
    return (period[:7], kpi, period, dims, exact, *numbers, *texts)


def _figures(kpis: Mapping[str, Kpi]) -> Content:
    def rows(book: Book, at: int) -> Iterator[pl.DataFrame]:
        found = []
        for year in _years(book, at):
            period = parse_period(year)
            for kpi in kpis.values():
                try:
                    listed = figures(kpi, Question(period, at, ()), book)
                except QuestionError:
                    continue  # a KPI that is not asked of a whole year
                found += [_said(kpi.id, year, f.public()) for f in listed]
        yield _frame(_SAID, found)

    doc = Doc("Số liệu toàn tỉnh theo năm", "Figures of the whole province by year")
    return Content("figure", doc, _SAID, ("kpi", "period", "dims"), rows)


def _frame(columns: Mapping[str, tuple[Any, Doc]], rows: Sequence[Any]) -> pl.DataFrame:
    kinds = {n: kind for n, (kind, _) in columns.items()}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def _years(book: Book, at: int) -> list[str]:
    """List the years of which there are cells, up to now."""
    ((first,),) = book.reading.rows("SELECT MIN(period) FROM cell WHERE period > '1900'")
    if first is None:
        return []
    return [str(year) for year in range(int(first[:4]), from_us(at + OFFSET_US).year + 1)]


def _official() -> Content:
    closed = Doc("Chốt lúc", "When it was closed")
    columns = {**_SAID, "closed_at": (INSTANT, closed)}

    def rows(book: Book, _: int) -> Iterator[pl.DataFrame]:
        latest = {c.period.text: c for c in closings(book.reading)}
        found = [
            # When it was frozen it was not official yet.
            (*_said(kpi, text, {**f.public(), "status": "official"}), from_us(closing.closed_at))
            for text, closing in latest.items()
            for kpi, listed in closing.figures.items()
            for f in listed
        ]
        yield _frame(columns, found)

    doc = Doc("Số liệu chính thức của kỳ đã chốt", "Official figures of closed periods")
    return Content("official_figure", doc, columns, ("kpi", "period", "dims"), rows)


def _editions() -> Content:
    columns: dict[str, tuple[Any, Doc]] = {
        MONTH: (pl.String, _MONTH),
        "report": (pl.String, Doc("Biểu", "The report")),
        "period": (pl.String, Doc("Kỳ", "The period")),
        "number": (pl.Int64, Doc("Thứ tự trong lần chốt", "Its place in the act of closing")),
        "closing": (pl.String, Doc("Lần chốt số liệu", "The act of closing")),
        "closed_at": (INSTANT, Doc("Chốt lúc", "When it was closed")),
        "content": (pl.String, Doc("Nội dung, JSON", "What it says, as JSON")),
    }

    def rows(book: Book, _: int) -> Iterator[pl.DataFrame]:
        found = [
            (
                *(closing.period.text[:7], report, closing.period.text, number, closing.event_id),
                *(from_us(closing.closed_at), json.dumps(said, ensure_ascii=False, sort_keys=True)),
            )
            for closing in closings(book.reading)
            for report, listed in closing.reports.items()
            for number, said in enumerate(listed)
        ]
        yield _frame(columns, found)

    doc = Doc("Các bản báo cáo đã chốt", "Editions of reports that were frozen")
    return Content("edition", doc, columns, ("closing", "report", "number"), rows)
