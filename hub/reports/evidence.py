"""Evidence: what of a period's things does not look true, by rules, each with what shows it.

Nothing that is found changes a figure: it is listed, for a person to look at. A rule is a file of
`stream_jobs/evidence/`. It looks at facts with the due dates that figures go by, and at the events
behind them, also at those that do not count any more.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from hub.apply import fold
from hub.apply.stored import settle_stored
from hub.clock import DAY_US, OFFSET_US, iso
from hub.definitions.contract import Doc
from hub.definitions.fact import Fact
from hub.figures.book import Book
from hub.figures.compute import Question
from hub.reports.counting import ask_of, tally_of, things
from hub.reports.report import Report

AT_ONCE = 50_000  # things whose events are read together
ENTITIES_SHOWN_MAX = 100
ROWS_MAX = 1_000
FOUND = ("unit", "at", "entities")


@dataclass(frozen=True)
class Looked:
    """What a rule looks at: facts, each with its `unit`, and their events, least first.

    `events` have `entity`, `is_live` and `class`; a rule that does not ask for them gets none.
    """

    facts: pl.DataFrame
    events: pl.DataFrame


@dataclass(frozen=True)
class Shown:
    """A worked example: events, and the things that a rule must name of them in a period."""

    why: str
    events: list[dict[str, Any]]
    period: str
    named: tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """Something that does not look true. Its id is the name of its file.

    `find` gives `unit`, `at` (the instant by which it belongs to a period), the list `entities`,
    and what shows it: columns of numbers, and of instants, which end in `_at`.
    """

    title: Doc
    meaning: Doc
    find: Callable[[Looked], pl.DataFrame]
    examples: tuple[Shown, ...]
    needs_events: bool = False
    id: str = ""

    def named(self, name: str) -> "Rule":
        """Give the rule its id."""
        return replace(self, id=name)


def day_of(instant: str) -> pl.Expr:
    """Give the local day of an instant column, as a number."""
    return (pl.col(instant) + OFFSET_US) // DAY_US


def find_evidence(
    rules: Mapping[str, Rule],
    report: Report,
    question: Question,
    book: Book,
    sees: Callable[[list[str]], set[str]] | None = None,
) -> dict[str, Any]:
    """List what rules find of the things that a report's first column counts: JSON, by instant.

    Looked at is what whoever asks sees, where `sees` tells which of some things these are.
    """
    fact = book.facts[report.contract]
    entities = things(report, question, book, report.columns[0])
    if sees is not None:
        within = sees(entities)
        entities = [entity for entity in entities if entity in within]
    facts = _facts(report, question, book, fact, entities)
    period = question.period
    rows: list[dict[str, Any]] = []
    for looked, asked in _looked(book, fact, facts, rules.values()):
        for rule in asked:
            found = rule.find(looked).filter(pl.col("at").is_between(period.start, period.end - 1))
            rows += [_public(rule, row) for row in found.rows(named=True)]
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
    yield Looked(facts, nothing), [rule for rule in asked if not rule.needs_events]
    for part in facts.iter_slices(AT_ONCE):
        events = _events(book, fact, part["entity"].to_list())
        yield Looked(part, events), [rule for rule in asked if rule.needs_events]


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
        "title_vi": rule.title.vi,
        "title_en": rule.title.en,
        "meaning_vi": rule.meaning.vi,
        "meaning_en": rule.meaning.en,
    }
