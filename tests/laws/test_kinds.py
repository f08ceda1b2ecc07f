"""What people really send, kind by kind and way by way: the project's own cases, and the matrix.

`tests/cases/cases.json` says of each file there what must come of it, worked out by hand.
`HUB_TEST_RECORD=1` writes the matrix into the page that shows it.
"""

import ast
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connectors.one_stop.connector import CONNECTOR as ONE_STOP
from connectors.payments.connector import read as read_payments
from connectors.salinity.reading import read as read_message
from hub import registry
from hub.access.keys import Sender
from hub.apply import intake
from hub.clock import to_us
from hub.connecting.connection import judge_arrived
from hub.connecting.feeds import Record
from hub.definitions import avro, revisions
from hub.definitions.admission import BodyError, Verdict
from hub.definitions.contract import Contract
from hub.definitions.ranges import Ranges
from hub.kafka import wire
from hub.log.slices import join
from hub.sheets.files import admit_file
from tests.conftest import Hub
from tests.parts import by_hand
from tests.parts.kinds import BEGIN, CASES, END, KINDS, MATRIX, PAGE, ROOT, WAYS, render

FOLDER = ROOT / "tests" / "cases"
LISTED: list[dict[str, Any]] = json.loads((FOLDER / "cases.json").read_text("utf-8"))


@dataclass
class Outcome:
    """What became of a file: wrong items by place, what was taken, what was said of the file."""

    rejected: list[tuple[int, str, str]] = field(default_factory=list)
    events: pl.DataFrame = field(default_factory=pl.DataFrame)
    understood: list[str] = field(default_factory=list)
    refused: str = ""


def by_http(hub: Hub, contract: Contract, data: bytes, judge: Any = None) -> Outcome:
    """Post a body or a file, and apply it; what is taken is what stands in the log."""
    offered: list[Any] = []

    def judged(contract: Contract, body: bytes) -> Any:
        offered.append(judge(contract, body))
        return offered[0]

    more: dict[str, Any] = {"judge": judged} if judge else {}
    try:
        answer = hub.gateway.accept(contract, Sender("s"), data, **more)
    except BodyError as error:
        return Outcome(refused=error.rule)
    rejected = [(v["index"], v["rule"], v["field"]) for v in answer.body["rejected"]]
    slices = hub.log.read(contract.topic, 0)
    frame = intake.take(contract, join(slices)).frame if slices else pl.DataFrame()
    assert answer.body["accepted"] == len(frame)
    lines = [vi for vi, _ in offered[0].understood.lines()] if offered else []
    return Outcome(rejected, frame, lines)


def of_records(hub: Hub, contract: Contract, records: Sequence[Record]) -> Outcome:
    """Judge what a connector reads, as it arrives at the hub's present."""
    judged = judge_arrived(contract, records, to_us(hub.now), Ranges)
    wrong = [v for v in judged if isinstance(v, Verdict)]
    events = contract.columns([e for j in judged if isinstance(j, list) for e in j])
    return Outcome([(v.index, v.rule, v.field) for v in wrong], events)


def by_drop(hub: Hub, contract: Contract, data: bytes) -> Outcome:
    records = read_payments("x", data)
    outcome = of_records(hub, contract, records)
    outcome.understood = [vi for vi, _ in records.understood.lines()]
    return outcome


def by_mqtt(hub: Hub, contract: Contract, data: bytes) -> Outcome:
    records = []
    for place, line in enumerate(data.splitlines()):
        topic, _, payload = line.partition(b"\t")
        read = read_message(topic.decode(), payload)
        records += [Record(r.original, r.events, r.verdict, place) for r in read]
    return of_records(hub, contract, records)


def by_one_stop(hub: Hub, contract: Contract, data: bytes) -> Outcome:
    return of_records(hub, contract, ONE_STOP.read("page", data))


def by_kafka(hub: Hub, contract: Contract, data: bytes) -> Outcome:
    """Take records as another producer would have written them, stamped with the present."""
    items = [json.loads(line) for line in data.splitlines()]
    wires = [{f.name: _wire(f, item.get(f.name)) for f in contract.fields} for item in items]
    schema_id = revisions.latest(contract.name).schema_id
    values: list[bytes | None] = [
        avro.wire(schema_id, by_hand.datum(contract, each)) for each in wires
    ]
    count, stamp = len(values), to_us(hub.now) // 1000
    records = wire.one_by_one(range(count), [stamp] * count, values, [()] * count)
    taken = intake.take(contract, join([wire.slice_of(contract, 0, (0, count), records)]))
    rejected = sorted((r.offset, r.rule, r.field) for r in taken.rejected)
    return Outcome(rejected, taken.frame)


def _wire(f: Any, value: Any) -> Any:
    if value is None:
        return f.to_wire(None)
    if f.kind == "instant":
        return to_us(datetime.fromisoformat(value))
    return round(value * 1000) if f.kind == "thousandths" else value


BY_WAY: dict[str, Callable[[Hub, Contract, bytes], Outcome]] = {
    "event": by_http,
    "file": partial(by_http, judge=admit_file),
    "drop": by_drop,
    "mqtt": by_mqtt,
    "one_stop": by_one_stop,
    "kafka": by_kafka,
}


@pytest.mark.parametrize("case", LISTED, ids=[f"{c['way']} {c['file']}" for c in LISTED])
def test_of_each_case_comes_what_must(hub: Hub, case: dict[str, Any]) -> None:
    contract = registry.contracts()[case["contract"]]
    outcome = BY_WAY[case["way"]](hub, contract, (FOLDER / case["file"]).read_bytes())
    assert outcome.refused == case.get("refused", ""), case["why"]
    wrong = [tuple(r) for r in case.get("rejected", [])]
    assert outcome.rejected == wrong, case["why"]
    assert len(outcome.events) == case.get("accepted", 0), case["why"]
    for name, total in case.get("sum", {}).items():
        assert outcome.events[name].sum() == total, case["why"]
    if "periods" in case:
        assert outcome.events["period"].to_list() == case["periods"], case["why"]
    for words in case.get("understood", []):
        assert any(words in line for line in outcome.understood), outcome.understood


def test_each_file_is_a_case_of_a_kind_and_each_case_of_a_cell() -> None:
    files = {p.name for p in FOLDER.iterdir()} - {"cases.json"}
    assert {c["file"] for c in LISTED} == files
    tried = {(c["kind"], c["way"]) for c in LISTED}
    claimed = {
        (kind, way)
        for kind, cells in MATRIX.items()
        for way, cell in zip(WAYS, cells, strict=True)
        if CASES in cell
    }
    assert tried == claimed


@cache
def names_of(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return frozenset(n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef))


def test_each_cell_is_tried_or_says_why_not() -> None:
    assert list(MATRIX) == list(KINDS)
    for kind, cells in MATRIX.items():
        assert len(cells) == len(WAYS), kind
        for cell in cells:
            assert cell, kind
            for tried in cell:
                if tried.startswith("-"):
                    assert cell == (tried,), "what is tried needs no excuse"
                elif tried != CASES:
                    file, _, name = tried.partition("::")
                    assert name in names_of(file), tried


def test_the_page_shows_the_matrix_as_it_is() -> None:
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if os.environ.get("HUB_TEST_RECORD"):
        Path(PAGE).write_text(before + render() + after, "utf-8")
    assert f"{before}{render()}{after}" == PAGE.read_text("utf-8")
