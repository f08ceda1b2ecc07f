"""Evidence: what of a period's things does not look true, by rules, each with what shows it.

Nothing that is found changes a figure: it is listed, for a person to look at. A rule is a file of
`stream_jobs/evidence/`. One of dossiers looks at those of the period, with the due dates that
figures go by, and at the events behind them, also at those that do not count any more. One of
another contract looks at all of its facts: what is wrong there shows between several of them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import polars as pl

from hub.apply import fold
from hub.apply.stored import settle_stored
from hub.clock import DAY_US, OFFSET_US, iso
from hub.clock import day_of as day_of_us
from hub.definitions.contract import Doc
from hub.definitions.fact import Fact
from hub.figures.book import Book
from hub.figures.compute import Question, QuestionError
from hub.figures.worklist import UNIT, within
from hub.reference.periods import Period
from hub.reports.counting import ask_of, tally_of, things
from hub.reports.report import Report

AT_ONCE = 50_000  # things whose events are read together
ENTITIES_SHOWN_MAX = 100
ROWS_MAX = 1_000
DOSSIER = "dossier"
FOUND = ("unit", "at", "entities")


Sees = Callable[[str, list[str]], set[str]]
Places = Callable[[str, Period], list[list[str]]]


@dataclass(frozen=True)
class Looked:
    """What a rule looks at: facts, each with its `unit`, and their events, least first.

    `events` have `entity`, `is_live` and `class`; a rule that does not ask for them gets none.
    `places` lists which places are part of another in a period, by level: each level is all of it.
    """

    facts: pl.DataFrame
    events: pl.DataFrame
    places: Places


@dataclass(frozen=True)
class Shown:
    """A worked example: events, and the things that a rule must name of them in a period."""

    why: str
    events: list[dict[str, Any]]
    period: str
    named: tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """Something that does not look true, of things of a contract. Its id is the name of its file.

    `find` gives `unit`, `at` (the instant by which it belongs to a period), the list `entities`,
    and what shows it: columns of numbers, and of instants, which end in `_at`.
    """

    title: Doc
    meaning: Doc
    find: Callable[[Looked], pl.DataFrame]
    examples: tuple[Shown, ...]
    needs_events: bool = False
    contract: str = DOSSIER
    id: str = ""

    def named(self, name: str) -> "Rule":
        """Give the rule its id."""
        return replace(self, id=name)


def rules_of(rules: Mapping[str, Rule], contract: str | None) -> dict[str, Rule]:
    """Give the rules about things of one contract, or all; raise `QuestionError` where none is."""
    known = sorted({rule.contract for rule in rules.values()})
    if contract is not None and contract not in known:
        listed = ", ".join(known)
        raise QuestionError(
            "contract",
            f"contract={contract}: chỉ nhận {listed}",
            f"contract={contract}: only {listed}",
        )
    return {name: rule for name, rule in rules.items() if contract in (None, rule.contract)}


def day_of(instant: str) -> pl.Expr:
    """Give the local day of an instant column, as a number."""
    return (pl.col(instant) + OFFSET_US) // DAY_US


def find_evidence(
    rules: Mapping[str, Rule],
    report: Report,
    question: Question,
    book: Book,
    sees: Sees | None = None,
) -> dict[str, Any]:
    """List what rules find in a period, of dossiers those that a report's first column counts.

    JSON, by instant. Looked at is what whoever asks sees, where `sees` tells which of some things
    of a contract these are.
    """
    period, unit = question.period, dict(question.where).get(UNIT)
    of_dossiers = [rule for rule in rules.values() if rule.contract == report.contract]
    others = [rule for rule in rules.values() if rule.contract != report.contract]
    rows: list[dict[str, Any]] = []
    for looked, asked in (
        *(_of_report(report, question, book, of_dossiers, sees) if of_dossiers else ()),
        *((_of_all(book, rule, sees), [rule]) for rule in others),
    ):
        for rule in asked:
            found = rule.find(looked).filter(pl.col("at").is_between(period.start, period.end - 1))
            asked_of = None if rule.contract == report.contract else unit
            is_within = within(book, asked_of, day_of_us(period.end) - 1)
            rows += [_public(rule, r) for r in found.rows(named=True) if is_within(r[UNIT] or "")]
    rows.sort(key=lambda row: (row["at"], row["rule"], row["unit"] or "", row["entities"]))
    by_unit = Counter((row["unit"] or "", row["rule"]) for row in rows)
    return {
        "period": period.text,
        "as_of": iso(book.reading.committed_at()),
        "cut": book.reading.cut(),
        "rules": [_described(rule) for rule in rules.values()],
        "total": len(rows),
        "counts": dict(sorted(Counter(row["rule"] for row in rows).items())),
        "units": [{"unit": u, "rule": r, "count": n} for (u, r), n in sorted(by_unit.items())],
        "findings": rows,
    }


def _of_report(
    report: Report, question: Question, book: Book, rules: list[Rule], sees: Sees | None
) -> Iterable[tuple[Looked, list[Rule]]]:
    """Give what rules of a report's contract look at."""
    fact = book.facts[report.contract]
    entities = things(report, question, book, report.columns[0])
    if sees is not None:
        seen = sees(report.contract, entities)
        entities = [entity for entity in entities if entity in seen]
    return _looked(book, fact, _facts(report, question, book, fact, entities), rules)


def _of_all(book: Book, rule: Rule, sees: Sees | None) -> Looked:
    """Give what a rule of another contract looks at: all facts that count, and that are seen."""
    fact = book.facts[rule.contract]
    facts = book.reading.facts(fact, ["entity", *fact.types], "entity IS NOT NULL")
    if sees is not None:
        seen = sees(rule.contract, facts["entity"].to_list())
        facts = facts.filter(pl.col("entity").is_in(sorted(seen)))
    return Looked(facts.sort("entity"), _events(book, fact, []), partial(_parts_of, book))


def _parts_of(book: Book, place: str, period: Period) -> list[list[str]]:
    return book.reference.below("units", place, period)


def _facts(
    report: Report, question: Question, book: Book, fact: Fact, entities: list[str]
) -> pl.DataFrame:
    """Read the facts of things, with the due dates that figures go by."""
    clocked = fact.clocked
    assert clocked is not None, fact.contract
    condition = tally_of(report, ask_of(report, question)).within
    facts = book.reading.facts(fact, ["entity", *fact.types], condition)
    asked = pl.col("entity").is_in(pl.Series(entities, dtype=pl.String).implode())
    changes = book.dues.changes(fact, is_computed=False).filter(fold.IS_PRESENT)
    dated = changes.select("entity", clocked.due, *clocked.dated)
    unit = pl.sql_expr(clocked.unit).alias("unit")
    return facts.filter(asked).update(dated, on="entity").sort("entity").with_columns(unit)


def _looked(
    book: Book, fact: Fact, facts: pl.DataFrame, rules: Iterable[Rule]
) -> Iterable[tuple[Looked, list[Rule]]]:
    """Give what rules look at: facts at once, and so many together with their events."""
    asked = list(rules)
    nothing = _events(book, fact, [])
    places = partial(_parts_of, book)
    yield Looked(facts, nothing, places), [rule for rule in asked if not rule.needs_events]
    for part in facts.iter_slices(AT_ONCE):
        events = _events(book, fact, part["entity"].to_list())
        yield Looked(part, events, places), [rule for rule in asked if rule.needs_events]


def _events(book: Book, fact: Fact, entities: list[str]) -> pl.DataFrame:
    contract = book.definitions.contracts[fact.contract]
    states = book.reading.states(fact, entities) if entities else []
    return fold.order(contract, settle_stored(contract, states), "entity")


def _public(rule: Rule, row: Mapping[str, Any]) -> dict[str, Any]:
    entities = sorted(row["entities"])
    return {
        "rule": rule.id,
        "unit": row["unit"],
        "at": iso(row["at"]),
        "count": len(entities),
        "entities": entities[:ENTITIES_SHOWN_MAX],
        "evidence": {
            name: iso(value) if name.endswith("_at") else value
            for name, value in row.items()
            if name not in FOUND
        },
    }


def _described(rule: Rule) -> dict[str, str]:
    return {
        "rule": rule.id,
        "contract": rule.contract,
        "title_vi": rule.title.vi,
        "title_en": rule.title.en,
        "meaning_vi": rule.meaning.vi,
        "meaning_en": rule.meaning.en,
    }
