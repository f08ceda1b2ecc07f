"""Index: a set of indices that units are scored by, each by one or several readings of its text.

Where the text that decides on an index contradicts itself, or is not at hand, each way to read it
has a name, and scores stand side by side. What the hub has no data for is said to be missing and
scores nothing: it is not zero, and no other component is scaled up for it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hub.definitions.contract import Contract, Doc
from hub.figures.book import Ask, Book
from hub.figures.compute import Question
from hub.figures.kpi import ByRole
from hub.figures.terms import Term
from hub.reference.spent import LISTS
from hub.reports.filled import Filled, fill
from hub.reports.report import Column, Report

SENT, COMPUTED = "sent", "computed"
_PLACES = Decimal("0.01")
Pair = tuple[int, int]


@dataclass(frozen=True)
class Reading:
    """One way to read a component: `above` of `below`, both conditions on a fact, as of a column.

    `points` are those that it covers of the component's. `is_computed`: by due dates that working
    time says. `terms` stand in the place of conditions where statistics say it, of the province
    alone, asked for with `where`.
    """

    id: str
    title: Doc
    points: Decimal
    above: str = ""
    below: str = ""
    is_computed: bool = False
    terms: tuple[Term, Term] | None = None
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Component:
    """A component with the points that it has at most; `lacking` is what of it has no data here.

    The first of its readings is the one that a sum goes by; `portal` names the one that counts what
    reached the national portal alone, if one does.
    """

    id: str
    title: Doc
    points: Decimal
    readings: tuple[Reading, ...]
    lacking: Doc | None = None
    portal: str | None = None


@dataclass(frozen=True)
class Rule:
    """Why the national portal may count a thing of a component otherwise: a condition on a fact."""

    id: str
    title: Doc
    component: str
    where: str
    is_computed: bool = False


@dataclass(frozen=True)
class Index:
    """A set of indices as one text has it; `version` is the day of that text."""

    number: str
    title: Doc
    version: str
    source: Doc
    contract: str
    components: tuple[Component, ...]
    rules: tuple[Rule, ...]
    within: Mapping[str, str]
    dims: Mapping[str, str | ByRole]
    role: str
    listed: str
    id: str = ""
    closed: Mapping[str, list[str]] = field(default_factory=dict)

    def named(self, name: str, contract: Contract) -> "Index":
        """Give the index its id, and the closed sets of its contract's fields."""
        closed = {f.name: f.limits["enum"] for f in contract.fields if "enum" in f.limits}
        return replace(self, id=name.removeprefix("index_"), closed=closed)

    def counted(self, due: str) -> Report:
        """Give what is counted of facts, by due dates as sent or as computed, as a report."""
        columns = tuple(self._columns(is_computed=due == COMPUTED))
        unit = Doc("Đơn vị", "Unit")
        return Report(
            number=self.number,
            title=self.title,
            heading=(self.title.vi,),
            unit_of_count=Doc("hồ sơ", "dossiers"),
            row_title=unit,
            source=self.source,
            contract=self.contract,
            within=self.within[due],
            columns=columns,
            equations=(),
            notes=(),
            carried=("", ""),
            by="unit",
            dims=self.dims,
            role=self.role,
            listed=self.listed,
            id=self.id,
            closed=self.closed,
        )

    def _columns(self, *, is_computed: bool) -> Iterator[Column]:
        for component in self.components:
            for reading in component.readings:
                if reading.terms is None and reading.is_computed == is_computed:
                    name, title = f"{component.id}.{reading.id}", reading.title
                    yield Column(f"{name}.below", title, title, reading.below)
                    both = f"({reading.below}) AND ({reading.above})"
                    yield Column(f"{name}.above", title, title, both)
        for rule in self.rules:
            if rule.is_computed == is_computed:
                yield Column(f"rule.{rule.id}", rule.title, rule.title, rule.where)


def column_of(index: Index, name: str) -> tuple[Report, Column, bool] | None:
    """Find what is counted under a name: the report, its column, whether by computed due dates."""
    for due in (SENT, COMPUTED):
        report = index.counted(due)
        found = next((column for column in report.columns if column.id == name), None)
        if found is not None:
            return report, found, due == COMPUTED
    return None


def column_names(index: Index) -> list[str]:
    """List the names of all that is counted."""
    return [column.id for due in (SENT, COMPUTED) for column in index.counted(due).columns]


def score_units(index: Index, question: Question, book: Book) -> dict[str, Any]:
    """Score the units of a period by each reading: JSON, with why the portal may say otherwise.

    Raises `QuestionError` for a unit that nobody knows.
    """
    filled = fill(index.counted(SENT), question, book)
    counts = _counts(filled)
    lacks = [] if question.as_of is None else ["as_of"]
    lacks += book.reference.missing(LISTS)
    if not lacks:
        of_computed = _counts(fill(index.counted(COMPUTED), question, book, is_computed=True))
        for code, more in of_computed.items():
            counts.setdefault(code, {}).update(more)
    names = {line.code: line.name for line in filled.lines}
    units = sorted(code for code in counts if code is not None)
    statistics = _told(index, question, book)
    whole = counts[None]
    return {
        "report": index.id,
        "number": index.number,
        "title_vi": index.title.vi,
        "title_en": index.title.en,
        "version": index.version,
        "source_vi": index.source.vi,
        "source_en": index.source.en,
        "period": question.period.text,
        "unit": dict(question.where).get("unit"),
        "unit_name": filled.unit_name,
        "role": question.role or index.role,
        "cut": filled.cut,
        "as_of": filled.as_of,
        "definition_version": filled.definition_version,
        "components": [_described(component) for component in index.components],
        "without_computed": lacks,
        "total": _scored(index, whole, statistics),
        "rows": [
            {"code": code, "name": names.get(code, ""), **_scored(index, counts[code], {})}
            for code in units
        ],
        "differences": [_difference(index, component, whole) for component in index.components],
    }


def _counts(filled: Filled) -> dict[str | None, dict[str, int]]:
    """Give counts by column: of each unit, and under None of all."""
    ids = [column.id for column in filled.report.columns]
    counts: dict[str | None, dict[str, int]] = {
        line.code: dict(zip(ids, line.counts, strict=True)) for line in filled.lines
    }
    counts[None] = dict(zip(ids, filled.total, strict=True))
    return counts


def _told(index: Index, question: Question, book: Book) -> dict[str, Pair]:
    """Take what statistics say, of the whole province."""
    told = {}
    for component in index.components:
        for reading in component.readings:
            if reading.terms is not None and not question.where:
                ask = Ask(question.period, question.at, (), dict(reading.where))
                above, below = (term.sums(book, ask).get(()) for term in reading.terms)
                if below is not None:
                    told[f"{component.id}.{reading.id}"] = (above or 0, below)
    return told


def score(points: Decimal, above: int, below: int) -> str | None:
    """Give the points that a share is worth, half-up to two places; none where nothing divides."""
    if not below:
        return None
    return str((points * above / below).quantize(_PLACES, ROUND_HALF_UP))


def _scored(
    index: Index, counts: Mapping[str, int], statistics: Mapping[str, Pair]
) -> dict[str, Any]:
    """Score each reading of each component, and sum up the first reading of each."""
    scores: dict[str, dict[str, Any]] = {}
    summed, of = Decimal(0), Decimal(0)
    for component in index.components:
        mine = scores.setdefault(component.id, {})
        for i, reading in enumerate(component.readings):
            name = f"{component.id}.{reading.id}"
            pair = statistics.get(name) or (
                counts.get(f"{name}.above", 0),
                counts.get(f"{name}.below", 0),
            )
            points = score(reading.points, *pair)
            mine[reading.id] = {"numerator": pair[0], "denominator": pair[1], "score": points}
            if i == 0 and points is not None:
                summed, of = summed + Decimal(points), of + reading.points
    return {"scores": scores, "sum": str(summed), "of": str(of)}


def _difference(index: Index, component: Component, counts: Mapping[str, int]) -> dict[str, Any]:
    """Say by how much the portal's reading of a component differs, and what falls out by rule."""
    points: dict[str, Decimal | None] = {}
    first = component.readings[0].id if component.readings else None
    for side, reading in (("ours", first), ("portal", component.portal)):
        name = f"{component.id}.{reading}"
        counted = score(
            component.points, counts.get(f"{name}.above", 0), counts.get(f"{name}.below", 0)
        )
        points[side] = None if reading is None or counted is None else Decimal(counted)
    ours, portal = points["ours"], points["portal"]
    is_known = ours is not None and portal is not None
    return {
        "component": component.id,
        "difference": str(portal - ours) if is_known else None,  # type: ignore[operator]
        "rules": [
            {
                "rule": rule.id,
                "column": f"rule.{rule.id}",
                "title_vi": rule.title.vi,
                "title_en": rule.title.en,
                "count": counts.get(f"rule.{rule.id}"),
            }
            for rule in index.rules
            if rule.component == component.id
        ],
    }


def _described(component: Component) -> dict[str, Any]:
    lacking = component.lacking
    return {
        "id": component.id,
        "title_vi": component.title.vi,
        "title_en": component.title.en,
        "points": str(component.points),
        "lacking_vi": lacking and lacking.vi,
        "lacking_en": lacking and lacking.en,
        "readings": [
            {
                "id": reading.id,
                "title_vi": reading.title.vi,
                "title_en": reading.title.en,
                "points": str(reading.points),
            }
            for reading in component.readings
        ],
    }
