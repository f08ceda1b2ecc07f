"""Who notices a slip: worked examples, the golden pack, the law that both foldings say the same.

The quickest are asked first, without a store: events are folded, and cells summed, as apply does.
"""

import random
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import islice, product
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl

from hub import registry
from hub.apply import fold
from hub.apply.entities import number_entities
from hub.apply.rows import cell_rows
from hub.clock import iso_day, to_us
from hub.definitions.contract import Contract
from hub.definitions.fact import Fact, LiveEvent
from hub.figures.book import Ask, Book
from hub.figures.compute import read_question
from hub.figures.kpi import Example, Kpi
from hub.figures.official import answer
from hub.reference.lists import Lists
from hub.reference.periods import parse_period
from hub.reports.filled import Filled, read_report_question
from hub.reports.report import Report
from tests.conftest import Hub
from tests.mutants.worlds import World
from tests.parts import against
from tests.parts.against import Asked, Golden
from tests.parts.fees import ODD, year
from tests.parts.golden.cells import cells, overdue_since
from tests.parts.golden.counting import Span, is_on_time
from tests.parts.golden.plain import DECIDED, Dossier, instant
from tests.parts.small import Json, Small, admitted_frame
from tests.parts.varied import varied

COUNT = 500
FEES = 300
DRAWN = 600  # things of each contract that is not named below
GROUP = "entity_number"
EQUATIONS = ("c1 = c2 + c3 + c4", "c1 = c5 + c9", "c5 = c6 + c7 + c8", "c9 = c10 + c11")
# On both sides of midnights.
MIDNIGHTS = [
    f"2023-05-0{day}T{hour}+07:00"
    for day in range(1, 5)
    for hour in ("00:00:00", "16:30:00", "23:59:59")
]
AROUND = ["2023-01-01T00:00:00+07:00", "2022-12-31T23:59:59.999999+07:00", "2023-03-05T08:30:00Z"]


def readings() -> list[Json]:
    """Write readings with every quality, unit and value at a line, some of them revised."""
    values = [("salinity", "g/L", v) for v in ("0.999", "1", "4", "3.999")]
    values += [("salinity", "mg/L", v) for v in ("999.5", "999.499", "4000")]
    values += [("ph", "pH", "7.1"), ("water_level", "m", "1.25")]
    made: list[Json] = []
    for i, (value, quality, at) in enumerate(product(values, (None, 1, 2, 3, 4, 9), AROUND)):
        for revised in (None, "2023-04-01T00:00:00Z"):
            if i % 3 and revised:
                continue
            number = "2.5" if revised else value[2]
            event = {
                "event_id": f"e{len(made)}", "station_code": f"ST{i}", "measured_at": at,
                "quantity": value[0], "unit": value[1], "value": number, "quality": quality,
                "revised_at": revised,
            }  # fmt: skip
            made.append({name: v for name, v in event.items() if v is not None})
    return made


def payments() -> list[Json]:
    """Write statistics of several reporters and methods, some of them revised."""
    made = []
    for i, (method, period, revision) in enumerate(
        product(("cashless", "collection_point", "cash"), ("2023", "2023-05", "2023-05-17"), (0, 1))
    ):
        made.append(
            {
                "event_id": f"e{i}",
                "reporter": f"R{i % 2}",
                "service": ("water", "tuition")[i % 2],
                "method": method,
                "area": f"H57.{i % 3}",
                "period": period,
                "revision": revision,
                "transactions": 3 * i + 7,
                "customers": 2 * i + 5,
                "amount_vnd": 1_000 * i + 11,
            }
        )
    return made


@dataclass(frozen=True)
class Folded:
    """A contract's events, settled, and those that count, by entity, from the least on."""

    contract: Contract
    entities: pl.Series
    events: pl.DataFrame

    @classmethod
    def of(cls, contract: Contract, frame: pl.DataFrame) -> "Folded":
        """Settle events that were admitted, with `sender`."""
        travelled = frame.with_columns(
            pl.lit(20_400, pl.Int64).alias("accepted_on"),
            pl.lit(0, pl.Int64).alias("partition"),
            pl.int_range(pl.len(), dtype=pl.Int64).alias("offset"),
        )
        entities, events = number_entities(contract, travelled)
        events = events.filter(~fold.find_repeats(contract, events, GROUP))
        settled = fold.settle(contract, fold.digest_contents(contract, events, GROUP), GROUP)
        return cls(contract, entities["entity"], settled)

    def by(self, fact: Fact) -> pl.DataFrame:
        """Fold into facts, in columns."""
        facts = fold.fold(fact, self.contract, self.events, GROUP, len(self.entities))
        named = facts.with_columns(self.entities.alias("entity"))
        return named.select("entity", "is_disputed", *fact.types)

    @cached_property
    def live(self) -> dict[str, list[LiveEvent]]:
        """Give the events that count of each entity, from the least on."""
        ordered = fold.order(self.contract, self.events.filter("is_live"), GROUP)
        out: dict[str, list[LiveEvent]] = {name: [] for name in self.entities}
        for row in ordered.rows(named=True):
            out[row["entity"]].append(row)
        return out

    def recounted(self, fact: Fact) -> list[dict[str, Any]]:
        """Fold into facts by plain Python, in the order of the entities."""
        return [fact.recount(self.live[name]) for name in self.entities]


def as_fact(d: Dossier) -> dict[str, Any]:
    """Write a dossier of the pack with the columns of the hub's fact."""
    received = d.received_at
    is_judged = received is not None and d.due is not None and d.end_kind in DECIDED
    synced = None if received is None or d.synced_at is None else max(d.synced_at, received)
    return {
        "received_at": received, "received_by": d.received_by, "resolved_by": d.resolved_by,
        "citizen_unit": d.citizen_unit, "procedure_code": d.procedure,
        "service_level": d.service_level, "channel": d.channel, "due_at": d.due_at,
        "ended_at": d.ended_at, "end_kind": d.end_kind, "left_at": d.left_at,
        "overdue_at": overdue_since(d), "synced_at": synced, "rated_at": d.rated_at,
        "is_satisfied": None if d.is_satisfied is None else int(d.is_satisfied),
        "is_on_time": int(is_on_time(d)) if is_judged else None, "first_at": d.first_at,
    }  # fmt: skip


class Witnesses:
    """All who notice, with what they need made once."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="lgsp-m-")))
        self._made = 0
        self.pack = Golden.made(COUNT)
        contracts = registry.contracts()
        frames = {"dossier": self.pack.frame()}
        by_hand = {
            "reading": readings(),
            "payment": payments(),
            "fee": [*ODD, *(event for one in year(1, FEES) for event in one.events)],
        }
        others = [n for n in contracts if n not in by_hand and n not in frames]
        for name, events in {**by_hand, **{n: self._odd(n) for n in others}}.items():
            admitted = admitted_frame(contracts[name], events)
            frames[name] = admitted.with_columns(pl.lit("s").alias("sender"))
        self.folded = {name: Folded.of(contracts[name], frame) for name, frame in frames.items()}
        self.plain = {d.code: as_fact(d) for d in self.pack.apart.all}
        self.recounted = {n: f.recounted(registry.facts()[n]) for n, f in self.folded.items()}
        self.facts = {n: f.by(registry.facts()[n]) for n, f in self.folded.items()}
        self._hubs: dict[int, Hub] = {}

    def _odd(self, name: str) -> list[Json]:
        return varied(name).odd(random.Random(name), DRAWN, MIDNIGHTS)

    def close(self) -> None:
        """Close what is open."""
        for hub in self._hubs.values():
            hub.close()
        self._open.close()

    def seen(self, world: World) -> str | None:
        """Name the first who notices a world; None where nobody does. A world may not even run."""
        for name, witness in self._asked(world):
            try:
                if next(witness, None) is not None:
                    return name
            except Exception as error:
                return f"{name} ({type(error).__name__})"
        return None

    def _asked(self, world: World) -> Iterator[tuple[str, Iterator[Any]]]:
        changed = [n for n, fact in world.facts.items() if fact is not registry.facts()[n]]
        for name in changed:
            yield "law: both foldings", self._foldings(world.facts[name])
            yield "law: as stored by either due date", self._dated(world.facts[name])
            if name == "dossier":
                yield "golden: dossiers", self._dossiers(world.facts[name])
                yield "golden: cells", self._cells(world.facts[name])
        kpis = [
            kpi
            for name, kpi in world.kpis.items()
            if kpi is not registry.kpis()[name] or kpi.contract in changed
        ]
        for kpi in kpis:
            yield f"example of {kpi.id}", self._examples(world, kpi, is_refilled=bool(changed))
            if kpi.contract == "reading":
                yield "law: others owe nothing", self._only(world, kpi)
        if changed and "dossier" not in changed and not kpis:
            return
        small = self._filled(world) if "dossier" in changed else self._small
        reports = [r for n, r in world.reports.items() if r is not registry.reports()[n]]
        for report in reports:
            yield "law: equations", self._equations(report)
        with small.store.reading() as reading:
            book = replace(self.pack.book(reading), definitions=world.definitions)
            if "dossier" in changed:
                yield "golden: completeness", self._complete(book)
            for kpi in kpis:
                if kpi.contract == "dossier":
                    yield f"golden: {kpi.id}", self._figures(book, kpi)
            for report in reports:
                for asked in _of_reports(report.id):
                    for is_computed in (False, True) if asked.role == "resolved_by" else (False,):
                        yield "golden: report", self._reports(world, book, asked, is_computed)

    def _foldings(self, fact: Fact) -> Iterator[str]:
        """The law that `columns` and `recount` say the same: each held against the other of old."""
        if fact.recount([]) != registry.facts()[fact.contract].recount([]):
            yield "recount of nothing"
        folded = self.folded[fact.contract]
        names = list(fact.types)
        facts = self.facts[fact.contract].select(names).rows(named=True)
        for old, new in zip(facts, folded.recounted(fact), strict=True):
            if old != {n: new[n] for n in names}:
                yield "recount"
        if fact.contract != "dossier":
            for old, new in zip(
                self.recounted[fact.contract],
                folded.by(fact).select(names).rows(named=True),
                strict=True,
            ):
                if {n: old[n] for n in names} != new:
                    yield "columns"

    def _dossiers(self, fact: Fact) -> Iterator[str]:
        for row in self.folded["dossier"].by(fact).rows(named=True):
            plain = self.plain[row["entity"]]
            if any(row[name] != value for name, value in plain.items()):
                yield row["entity"]

    def _cells(self, fact: Fact) -> Iterator[str]:
        facts = fold.digest_facts(fact, self.facts["dossier"]).with_columns(
            pl.lit(fold.IS, fold.AS_OF).alias("as_of")
        )
        rows = cell_rows(fact, facts, 0).select("cell_set", "period", "dims", "count", "value")
        hub = {row[:3]: row[3:] for row in rows.rows()}
        if hub != self._plain_cells:
            yield "cells"

    @cached_property
    def _plain_cells(self) -> dict[tuple[str, str, str], tuple[int, int]]:
        return {(s, iso_day(day), dims): v for (s, day, dims), v in cells(self.pack.apart).items()}

    def _examples(self, world: World, kpi: Kpi, *, is_refilled: bool) -> Iterator[str]:
        for example in registry.kpis()[kpi.id].examples:
            with ExitStack() as stack:
                if is_refilled:
                    stack.enter_context(_defined(world))
                    hub = self._taught(registry.kpis()[kpi.id], example)
                    stack.callback(hub.close)
                else:
                    hub = self._hubs.get(id(example)) or self._taught(kpi, example)
                    self._hubs[id(example)] = hub
                asked = {"period": example.period, **example.where, "at": example.at}
                with hub.store.reading() as reading:
                    book = Book(reading, world.definitions, Lists(hub.reference))
                    question = read_question(kpi, asked, to_us(hub.now))
                    figures = answer(kpi, question, book)["figures"]
                pairs = [(f["numerator"], f["denominator"]) for f in figures]
                is_so = pairs == [(example.numerator, example.denominator)]
                if not is_so or example.value not in (None, figures[0]["value"]):
                    yield example.why

    def _taught(self, kpi: Kpi, example: Example) -> Hub:
        """Open a hub to which the events of an example came."""
        hub = Hub(self._new_folder())
        hub.reference = hub.reference.with_tables(example.reference)
        if example.accepted_at:
            hub.now = datetime.fromisoformat(example.accepted_at)
        contract = example.contract or kpi.contract
        if example.events and contract is not None:
            sources = (s.name for s in registry.sources().values() if s.contract == contract)
            hub.post(contract, *example.events, sender=example.sender or next(sources))
            hub.runner.catch_up()
        return hub

    def _new_folder(self) -> Path:
        self._made += 1
        folder = self._folder / str(self._made)
        folder.mkdir()
        return folder

    def _filled(self, world: World) -> Small:
        """Open a hub with a world's definitions to which the pack came."""
        with _defined(world):
            small = Small(self._new_folder() / "small")
        against.deliver(small.log, self.pack.frame(), 2_000)
        while small.lag(against.DOSSIER):
            small.apply(against.DOSSIER, 5)
        self._open.callback(small.close)
        return small

    @cached_property
    def _small(self) -> Small:
        return self._filled(World(registry.facts(), {}, {}, frozenset()))

    def _complete(self, book: Book) -> Iterator[str]:
        """Where no source owes anything, completeness is the share that was received."""
        alone = replace(book, definitions=replace(book.definitions, sources={}))
        period = parse_period("2025")
        span = Span(period.start, period.end)
        came = len(self.pack.pack.new(span))
        lacking = [d for d in self.pack.pack.all if d.received_at is None and span.has(d.first_at)]
        ask = Ask(period, instant(against.LONG_AFTER))
        if alone.completeness("dossier", ask, {}) != came / (came + len(lacking)):
            yield "completeness"

    def _figures(self, book: Book, kpi: Kpi) -> Iterator[str]:
        with mock.patch.dict(registry.kpis(), {kpi.id: kpi}):
            for asked in against.brief_questions(kpi.id):
                yield from against.figure_differences(self.pack, book, [asked])

    def _equations(self, report: Report) -> Iterator[str]:
        """Whatever column is wrong by one, the equations of design section 3 that it is in fail."""
        if report.carried != ("c4", "c9"):
            yield "carried over"
        nothing = (0,) * len(report.counted)
        question = read_report_question(report, {"period": "2025"}, 0)
        for i, column in enumerate(report.columns):
            wrong = (*nothing[:i], 1, *nothing[i + 1 :])
            filled = Filled(report, question, (), wrong, "", "", None, "")
            broken = {b.equation for b in filled.broken() if " of " not in b.equation}
            if broken != {text for text in EQUATIONS if column.id in re.findall(r"c\d+", text)}:
                yield column.id

    def _only(self, world: World, kpi: Kpi) -> Iterator[str]:
        """What is not in a measure of readings at all is not waited for."""
        measured = world.facts["reading"].measure(str(vars(kpi.numerator)["measure"]))
        facts = self.facts["reading"]
        counted = facts.filter(pl.sql_expr(measured.where))
        values = counted["quantity"].unique().to_list()
        if kpi.only != ({"quantity": values[0]} if len(values) == 1 else {}):
            yield kpi.id

    def _dated(self, fact: Fact) -> Iterator[str]:
        """What a due date that was computed says is what the same one says that was sent."""
        facts = self.facts[fact.contract]
        for name, sql in {} if fact.clocked is None else fact.clocked.dated.items():
            again = facts.select(pl.sql_expr(sql).alias("again"))["again"]
            if again.to_list() != facts[name].to_list():
                yield name

    def _reports(self, world: World, book: Book, asked: Asked, is_computed: bool) -> Iterator[str]:
        pack = self._by_calendar if is_computed else self.pack
        with mock.patch.dict(registry.reports(), world.reports):
            found = against.report_differences(pack, book, asked, is_computed=is_computed)
            yield from islice(found, 1)

    @cached_property
    def _by_calendar(self) -> Golden:
        return self.pack.by_computed_due()


@contextmanager
def _defined(world: World) -> Iterator[None]:
    """Let what is opened have a world's definitions."""
    definitions = world.definitions
    with mock.patch.object(registry, "definitions", return_value=definitions):
        yield


def _of_reports(name: str) -> Iterator[Asked]:
    for period in ("2024", "2025-03", "2025-06", "2025-07", "2026"):
        yield Asked(name, period, role="resolved_by")
    # The last microsecond of a due day: not yet overdue.
    yield Asked(name, "2025", role="resolved_by", at="2025-06-30T23:59:59.999999+07:00")
    yield Asked(name, "2025", role="received_by")
    yield Asked(name, "2025", role="resolved_by", unit="92")
