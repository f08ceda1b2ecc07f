"""Bundle: all that a figure rests on in one signed file, which is checked without the hub.

A bundle has the figure, its definition, the sums that its numerator and denominator are, each sum's
cells, each cell's facts by their digests, the facts themselves with their events as far as whoever
asks may see them, the signed receipts of the submissions that brought those, and what was closed.
`bundle_file` signs it; `docs/examples/verify_evidence.py` checks it without anything of the hub.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from hub.apply import fold
from hub.clock import day_of, iso, iso_day
from hub.definitions.fact import Fact
from hub.figures.aliases import Aliased
from hub.figures.book import Ask, Book
from hub.figures.by_unit import VIEWS
from hub.figures.closing import in_force
from hub.figures.compute import Question, QuestionError, units_asked
from hub.figures.formula import formula_of
from hub.figures.kpi import LEVEL, Kpi
from hub.figures.official import figures
from hub.figures.past import Past
from hub.figures.restating import restatements
from hub.figures.terms import Both, Computed, Flow, Term, Total
from hub.figures.versions import counted_by
from hub.log.log import Log
from hub.reference.periods import Period
from hub.store.reading import dims_text
from hub.store.states import decode_states
from hub.store.tables import LANES

FACTS_MAX = 10_000
LANE = 1 << 32
KIND = "evidence"
Body = dict[str, Any]
# Which of some things of the KPI's contract whoever asks sees, and whose receipts.
Sees = Callable[[list[str]], set[str]]


@dataclass(frozen=True)
class Asker:
    """Who a bundle is for: None sees all things, or receipts of all senders; how much is asked."""

    sees: Sees | None = None
    sender: str | None = None
    facts_max: int = FACTS_MAX


@dataclass(frozen=True)
class _Leaf:
    """One sum of a term: a measure over a span, added or taken away."""

    sign: int
    term: Flow | Total
    is_computed: bool


def make(
    kpi: Kpi, question: Question, book: Book, log: Log, now: int, asker: Asker = Asker()
) -> Body:
    """Make the bundle of one figure; of a closed period, of the official one at its cut.

    Raises `QuestionError` for a question that is split, that has no figure, of more facts
    than the asker may have, or of a KPI whose facts do not each add a part of their own.
    """
    _leaves_of(kpi, question)  # whether it can be asked at all
    found = figures(kpi, question, book)
    if len(found) != 1 or found[0].value is None:
        raise QuestionError("period", "không có số liệu", "there is no figure", "no_figure")
    figure = found[0]
    closing = in_force(book.closings, question.period) if kpi.numerator.is_of_period else None
    then, asked = book, question
    if closing is not None:
        then = book.on(Past(book.reading, closing.cut))
        asked = replace(question, at=min(question.at, closing.closed_at))
    # By the version that the figure is counted by: of a closed period, by that of then.
    kpi = counted_by(kpi, asked.period, then, asked.version)
    leaves = _leaves_of(kpi, question)
    drawn = _Drawn(kpi, asked, then, asker.facts_max)
    above = [drawn.sum(leaf) for leaf in leaves[0]]
    below = None if leaves[1] is None else [drawn.sum(leaf) for leaf in leaves[1]]
    told = (figure.numerator, figure.denominator)
    if told != (_total(above), 1 if below is None else _total(below)):
        raise QuestionError(
            "kpi",
            f"các ô không cộng thành số liệu {told}: định nghĩa đã đổi sau khi chốt kỳ",
            f"cells do not add up to the figure {told}: its definition changed since the closing",
            "not_proven",
        )
    facts, receipts = drawn.facts(log, asker)
    contract = book.definitions.contracts[kpi.contract or ""]
    bundle = {
        "kind": KIND,
        "kpi": kpi.id,
        "period": question.period.text,
        "dims": dict(question.where),
        "role": question.role or kpi.role,
        "view": question.view,
        "made_at": iso(now),
        "as_of": iso(then.reading.committed_at()),
        "cut": then.reading.cut(),
        "figure": figure.public(),
        "definition": {
            "version": figure.definition_version,
            "title_vi": kpi.title.vi,
            "title_en": kpi.title.en,
            "question_vi": kpi.question.vi,
            "question_en": kpi.question.en,
            "owner": kpi.owner,
            "contract": contract.name,
            "legal_basis": contract.spec.legal_basis,
            "formula": formula_of(kpi),
            "columns": list(drawn.fact.types),
        },
        "numerator": above,
        "denominator": below,
        "facts": facts,
        "receipts": receipts,
        **_restated(kpi, question.period, book, now, asker),
    }
    return _exact(bundle)  # type: ignore[no-any-return]


def _leaves_of(kpi: Kpi, question: Question) -> tuple[list[_Leaf], list[_Leaf] | None]:
    """Take a KPI's terms apart; raise `QuestionError` where they are not sums over facts."""
    if question.by:
        raise QuestionError(
            "by", "hỏi từng số liệu một, không chia", "ask for one figure at a time, not split"
        )
    if question.view == VIEWS[2]:
        raise QuestionError(
            "view",
            "view=rebased chia theo tỷ lệ, không cộng từ hồ sơ: dùng as_was hoặc as_is",
            "view=rebased deals out by weights, it adds up no facts: use as_was or as_is",
        )
    for name in question.where:
        if name == LEVEL or not kpi.columns(question.role)[name].isidentifier():
            raise QuestionError(
                name,
                f"{name} do danh mục nói, không có trong hồ sơ: hỏi từng đơn vị, từng thủ tục",
                f"a list says the {name}, no fact has it: ask by unit or procedure",
            )
    terms = [kpi.numerator, *([kpi.denominator] if kpi.denominator else [])]
    leaves = [list(_leaves(term)) for term in terms]
    if any(None in listed for listed in leaves):
        raise QuestionError(
            "kpi",
            f"{kpi.id} không phải tổng trên từng đối tượng, nên chưa có hồ sơ bằng chứng",
            f"{kpi.id} is no sum over facts one by one, so there is no bundle of it",
        )
    known = [[leaf for leaf in listed if leaf is not None] for listed in leaves]
    return known[0], known[1] if kpi.denominator else None


def _leaves(term: Term, sign: int = 1, *, is_computed: bool = False) -> Iterator[_Leaf | None]:
    """Give the sums that a term adds and takes away; None for one that is no sum over facts."""
    if isinstance(term, Both):
        yield from _leaves(term.first, sign, is_computed=is_computed)
        yield from _leaves(term.second, sign * term.sign, is_computed=is_computed)
    elif isinstance(term, Computed):
        yield from _leaves(term.term, sign, is_computed=True)
    elif isinstance(term, Flow | Total) and term.is_additive:
        yield _Leaf(sign, term, is_computed)
    else:
        yield None


def _takes(term: Flow | Total) -> str:
    return term.part if isinstance(term, Flow) else "count"


def _total(sums: list[Body]) -> int:
    return sum(one["sign"] * cell["adds"] for one in sums for cell in one["cells"])


class _Drawn:
    """What was drawn of one snapshot: the facts that sums are made of, each once."""

    def __init__(self, kpi: Kpi, question: Question, book: Book, facts_max: int) -> None:
        self.kpi = kpi
        self.facts_max = facts_max
        self.book = book
        self.fact: Fact = book.facts[kpi.contract or ""]
        self.where = kpi.filters(question.where, question.role)
        self.question = question
        self._columns = [*self.fact.types, "is_disputed", *LANES]
        self._rows: dict[str, Body] = {}
        self._numbers: dict[str, int] = {}
        self._stored: dict[tuple[str, str], dict[Any, Any]] = {}

    def sum(self, leaf: _Leaf) -> Body:
        """Give one sum: what it counts, and its cells with the facts in them."""
        ask = Ask(self.question.period, self.question.at, ("entity",), self.where)
        self._check_size(leaf, ask)
        term, until = leaf.term, ask.until
        start: int | None = ask.period.start
        if isinstance(term, Total):
            start, until = None, until if term.upto == "end" else min(ask.period.start, ask.at)
        _, measure = self.book.measure(term.measure)
        adds = {str(key[0]): n for key, n in self._summed(leaf, term, ask).items()}
        self._read(sorted(adds))
        dated = self._dated(leaf)
        needed = {*self.where, *(term.only if isinstance(term, Flow) else ())}
        kept = [s for s in measure.sets if needed <= set(s)] or list(measure.sets)
        cells: dict[tuple[str, str], list[str]] = {}
        for entity in sorted(adds):
            row = self._rows[entity] | dated.get(entity, {})
            text = dims_text({d: row[d] for d in kept[0]})
            cells.setdefault((iso_day(day_of(row[measure.when])) or "", text), []).append(entity)
        name = measure.cell_set(kept[0])
        return {
            "measure": measure.name,
            "takes": _takes(term),
            "sign": leaf.sign,
            "rule": measure.where,
            "value": measure.value,
            "when": measure.when,
            "from": iso(start),
            "until": iso(until),
            "cells": [self._cell(name, *key, cells[key], adds) for key in sorted(cells)],
        }

    def _summed(self, leaf: _Leaf, term: Term, ask: Ask) -> Mapping[tuple[Any, ...], int]:
        book = self.book.computed if leaf.is_computed else self.book
        by_unit = units_asked(self.kpi, self.question, ask, book)
        return term.sums(book, ask) if by_unit is None else by_unit.sums(term, book)

    def _check_size(self, leaf: _Leaf, ask: Ask) -> None:
        whole = replace(ask, by=())
        term: Term = replace(leaf.term, part="count") if isinstance(leaf.term, Flow) else leaf.term
        counted = sum(self._summed(leaf, term, whole).values())
        if counted > self.facts_max:
            raise QuestionError(
                "period",
                f"{counted} đối tượng, quá {self.facts_max}: hỏi kỳ ngắn hơn, hoặc một đơn vị",
                f"{counted} facts, more than {self.facts_max}: ask for less time, or one unit",
                "too_many_facts",
            )

    def _read(self, entities: list[str]) -> None:
        fresh = [e for e in entities if e not in self._rows]
        rows = self.book.reading.fact_values(self.fact, self._columns, fresh) if fresh else []
        for entity, *values in sorted(rows):
            self._numbers[entity] = len(self._rows)
            self._rows[entity] = dict(zip(self._columns, values, strict=True))

    def _dated(self, leaf: _Leaf) -> dict[str, Body]:
        """Give what follows from a computed due date, of facts that have one."""
        clocked = self.fact.clocked
        _, measure = self.book.measure(leaf.term.measure)
        if clocked is None or not clocked.is_asked_by(measure):
            return {}
        changes = self.book.dues.changes(self.fact, is_computed=leaf.is_computed)
        here = changes.filter(fold.IS_PRESENT & pl.col("entity").is_in([*self._rows]))
        names = [clocked.due, *clocked.dated]
        found = {
            e: dict(zip(names, rest, strict=True)) for e, *rest in here["entity", *names].rows()
        }
        for entity, dates in found.items():
            self._rows[entity]["~computed"] = dates
        return found

    def _cell(
        self, name: str, period: str, dims: str, entities: list[str], adds: Mapping[str, int]
    ) -> Body:
        lanes = [sum(self._rows[e][lane] for e in entities) % LANE for lane in LANES]
        key = (name, period)
        if key not in self._stored:
            self._stored[key] = self.book.reading.cells(*key)
        stored = self._stored[key].get((period, dims))
        return {
            "cell": f"{name}/{period}/{dims}",
            "count": len(entities),
            "adds": sum(adds[e] for e in entities),
            "digest": lanes,
            # Not so: it was another at the cut, or holds what figures do not count, or not all of
            # it is asked for.
            "is_as_stored": stored is not None
            and [stored[0], *stored[3:]] == [len(entities), *lanes],
            "facts": [[self._numbers[e], adds[e]] for e in entities],
        }

    def facts(self, log: Log, asker: Asker) -> tuple[list[Body], list[Body]]:
        """List the facts in the order of their numbers, and the receipts of their events."""
        listed = list(self._rows)
        seen = set(listed) if asker.sees is None else asker.sees(listed)
        events = _events(self.book, self.fact, [e for e in listed if e in seen])
        receipts, of_place = _receipts(log, self.book, self.fact, events, asker.sender)
        by_entity: dict[str, list[Body]] = {}
        for row in events.iter_rows(named=True):
            by_entity.setdefault(row["entity"], []).append(
                {
                    "sender": row["sender"],
                    "event_id": row["event_id"],
                    "accepted_on": iso_day(row["accepted_on"]),
                    "partition": row["partition"],
                    "offset": row["offset"],
                    "receipt": of_place.get((row["partition"], row["offset"])),
                }
            )
        facts = []
        for entity, row in self._rows.items():
            said: Body = {"digest": [row[lane] for lane in LANES]}
            if entity in seen:
                said["entity"] = entity
                said["columns"] = [row[n] for n in self.fact.types]
                said["is_disputed"] = row["is_disputed"]
                said |= {"computed": row["~computed"]} if "~computed" in row else {}
                said["events"] = by_entity.get(entity, [])
            facts.append(said)
        return facts, receipts


def _events(book: Book, fact: Fact, entities: list[str]) -> pl.DataFrame:
    """List the events of things, with all their codes, as far as the snapshot knows them."""
    reading = book.reading
    contract = book.definitions.contracts[fact.contract]
    merger = reading.merger(fact) if isinstance(reading, Aliased | Past) else None
    of_code = {c: e for e in entities for c in ([e] if merger is None else merger.codes(e))}
    raw = reading.raw if isinstance(reading, Aliased | Past) else reading
    rows = raw.states(fact, sorted(of_code)) if of_code else []
    names = np.repeat(np.array([of_code[r[0]] for r in rows], object), [r[2] for r in rows])
    events = decode_states(contract, rows).with_columns(
        pl.Series("entity", names.tolist(), pl.String)
    )
    if isinstance(reading, Past):
        ends = {p: n for (_, t, p), n in reading.known_at.positions.items() if t == contract.topic}
        end = pl.col("partition").replace_strict(ends, default=0, return_dtype=pl.Int64)
        events = events.filter(pl.col("offset") < end)
    return events.sort("partition", "offset")


def _receipts(
    log: Log, book: Book, fact: Fact, events: pl.DataFrame, sender: str | None
) -> tuple[list[Body], dict[tuple[int, int], str]]:
    """Find the submissions that brought events, of all senders or of one: (receipts, by place)."""
    contract = book.definitions.contracts[fact.contract]
    wanted = {*events.select("sender", "accepted_on").rows()}
    ids = sorted(
        r.id
        for r in log.receipts()
        if r.contract == contract.name
        and (r.sender, r.day) in wanted
        and (sender is None or r.sender == sender)
    )
    places = {*events.select("partition", "offset").rows()}
    receipts: list[Body] = []
    of_place: dict[tuple[int, int], str] = {}
    for known in log.acknowledgements(ids):
        spans = known.places.get(contract.topic, [])
        mine = [at for at in places if any(p == at[0] and a <= at[1] < b for p, a, b in spans)]
        if log.is_open:  # others' records may stand in between
            mine = [at for at in mine if _receipt_at(log, contract.topic, at) == known.id]
        if not mine:
            continue
        of_place |= dict.fromkeys(mine, known.id)
        answer = json.loads(known.answer)[1] if known.answer != "{}" else {}
        receipts.append(
            {
                "receipt": known.id,
                "sender": known.sender,
                "accepted_at": iso(known.accepted_at),
                "accepted": known.accepted,
                "rejected": known.rejected,
                "signed": answer.get("signed"),
            }
        )
    return receipts, of_place


def _receipt_at(log: Log, topic: str, place: tuple[int, int]) -> str | None:
    partition, offset = place
    for one in log.read(topic, offset, partition=partition, until=offset + 1):
        for origin, at in zip(one.origin.tolist(), one.offsets.tolist(), strict=True):
            if at == offset:
                return str(one.origins[origin].receipt)
    return None


def _restated(kpi: Kpi, period: Period, book: Book, now: int, asker: Asker) -> Body:
    """List what was closed of a period with its whole figure then, and why it is another now."""
    closings = [c for c in book.closings if c.period == period]
    listed = [
        {
            **closing.public(),
            "event_id": closing.event_id,
            "figures": [f.public() for f in closing.figures.get(kpi.id, [])],
        }
        for closing in closings
    ]
    sees = asker.sees
    mine = None if sees is None else lambda _, entities: sees(entities)
    since = restatements(book, closings[-1], [kpi], now, mine) if closings else []
    return {"closings": listed, "restatements": since}


def _exact(said: Any) -> Any:
    """Write fractions as decimal text, so that the canonical JSON is one and the same anywhere."""
    if isinstance(said, float):
        return str(Decimal(repr(said)))
    if isinstance(said, Mapping):
        return {str(n): _exact(v) for n, v in said.items()}
    if isinstance(said, list | tuple):
        return [_exact(v) for v in said]
    return said
