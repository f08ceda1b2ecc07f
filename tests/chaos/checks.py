"""What must hold of a hub after a chaos run, when everything runs again and all is applied.

Each check gives a line with its figures, and a line for each thing that is not as it must be.
"""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl
from confluent_kafka import Consumer, Message, TopicPartition

from hub import registry
from hub.definitions.contract import Contract
from hub.definitions.originals import in_log
from hub.opening import OpenHub, open_hub
from hub.settings import Settings
from hub.store.reading import Row
from hub.store.states import contents
from tests.chaos.parts import Parts
from tests.chaos.poison import Poison
from tests.chaos.traffic import SENDER, Acknowledged, Traffic
from tests.parts.same import digests
from tests.parts.small import Json, admitted_frame

AT_ONCE = 10_000
SHOWN_MAX = 5
VERIFY_SECONDS_MAX = 900
READ_SECONDS_MAX = 30


@dataclass
class Report:
    """What was found: lines for people, and what is wrong by name."""

    lines: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def say(self, name: str, text: str, wrong: list[str]) -> None:
        """Note a check's outcome."""
        self.lines.append(f"{'ok   ' if not wrong else 'WRONG'} {name}: {text}")
        more = len(wrong) - SHOWN_MAX
        self.wrong += [f"{name}: {w}" for w in wrong[:SHOWN_MAX]]
        if more > 0:
            self.wrong.append(f"{name}: … and {more} more")


def check(parts: Parts, traffic: Traffic) -> Report:
    """Check everything."""
    report = Report()
    with open_hub(parts.settings) as hub:
        _same_as_rebuilt(parts, hub, report)
        verified(parts.environment(), report)
        _poison_kept(hub, traffic.poison, parts.settings, report)
        nothing_lost(hub, traffic.acknowledged, report)
        report.say("told of alerts", *parts.told.check(hub))
        if parts.connected is not None:
            for name, found in parts.connected.check(hub).items():
                report.say(f"upstream {name}", *found)
        if parts.written is not None:
            for name, found in parts.written.check(hub, parts.told.by):
                report.say(name, *found)
    return report


def _same_as_rebuilt(parts: Parts, hub: OpenHub, report: Report) -> None:
    """Apply the log from nothing in another schema, in one process, and compare."""
    struck = digests(hub.store, of_one_log=True)
    parts.rows("DROP SCHEMA IF EXISTS rebuilt CASCADE")
    parts.rows("CREATE SCHEMA rebuilt")
    url = f"{parts.settings.database_url}?options=-csearch_path%3Drebuilt"
    settings = Settings(kafka_bootstrap=parts.settings.kafka_bootstrap, database_url=url)
    with open_hub(settings) as again:
        applied = again.runner.catch_up()
        rebuilt = digests(again.store, of_one_log=True)
    names = sorted(struck.keys() | rebuilt.keys())
    wrong = [
        f"{n}: {struck.get(n)}, rebuilt {rebuilt.get(n)}"
        for n in names
        if struck.get(n) != rebuilt.get(n)
    ]
    facts = ", ".join(f"{n} {rebuilt[n].split()[0]}" for n in names if n.startswith("fact_"))
    text = f"{applied:,} records applied from nothing, {len(names)} tables and sets ({facts})"
    report.say("tables as rebuilt from nothing", text, wrong)


def verified(environment: dict[str, str], report: Report) -> None:
    """Run `hub verify`, which recomputes by another path and holds the ledger together."""
    command = [sys.executable, "-m", "hub.cli", "verify"]
    done = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        timeout=VERIFY_SECONDS_MAX,
        check=False,
    )
    lines = done.stdout.strip().splitlines() or [done.stderr[-2_000:]]
    report.say("hub verify", lines[-1], lines if done.returncode else [])


def _poison_kept(hub: OpenHub, sent: list[Poison], settings: Settings, report: Report) -> None:
    """Look for each piece of poison in the quarantine, and for its digest in no other row."""
    with hub.store.reading() as reading:
        rows = reading.rows("SELECT event_id, rule, original FROM quarantine")
    kept = {name: (rule, original) for name, rule, original in rows}
    times = Counter(original for _, original in kept.values())
    wrong = []
    of_kind: Counter[str] = Counter()
    rules: dict[str, set[str]] = {}
    for one in sent:
        if one.is_refused:
            of_kind[f"{one.kind} (refused by the broker, so not acknowledged)"] += 1
            continue
        of_kind[one.kind] += 1
        rule, original = kept.get(one.name, ("", None))
        rules.setdefault(one.kind, set()).add(rule)
        digest = in_log(one.value or b"")
        if original != digest:
            wrong.append(f"{one.kind} at {one.name}: {original!r:.60}, sent {one.value!r:.60}")
        elif one.value is not None and times[digest] != 1:
            wrong.append(f"{one.kind} at {one.name}: kept {times[digest]} times")
    known = {one.name for one in sent if one.place}
    others = {n for n in kept if n.startswith("lgsp.")} - known
    wrong += [f"{n}: in quarantine, and no poison: {kept[n][0]}" for n in sorted(others)]
    shown = ", ".join(f"{k} {n}" for k, n in sorted(of_kind.items()))
    text = f"{len(known)} stand in the log, every kind is to be kept, tombstones too: {shown}"
    report.say("poison", text, wrong)
    _read_back(sent, settings, report)


def _read_back(sent: list[Poison], settings: Settings, report: Report) -> None:
    """Read where poison stands by a plain consumer: the log itself must say the same."""
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka_bootstrap,
            "group.id": "chaos",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
        }
    )
    wrong = []
    standing = [one for one in sent if one.place is not None]
    try:
        for one in standing:
            assert one.place is not None
            consumer.assign([TopicPartition(one.topic, *one.place)])
            message: Message | None = consumer.poll(READ_SECONDS_MAX)
            if message is None or message.error() or message.value() != one.value:
                wrong.append(f"{one.kind} is not at {one.name}")
    finally:
        consumer.close()
    report.say(
        "poison in the log", f"{len(standing)} read back where they were acknowledged", wrong
    )


def nothing_lost(hub: OpenHub, acknowledged: Acknowledged, report: Report) -> None:
    """Hold what was acknowledged, content and all, against the events stored with the facts."""
    for name, contract in registry.contracts().items():
        events = acknowledged.read(name)
        sent = {row for chunk in _chunks(events) for row in _rows(contract, chunk)}
        stored = set(_stored(hub, contract))
        names = [f.name for f in contract.fields]
        place = 1 + names.index("event_id")
        lost = [f"lost: {row[place]}" for row in sorted(sent - stored, key=repr)]
        made_up = [f"never sent: {row[place]}" for row in sorted(stored - sent, key=repr)]
        ids = len({row[place] for row in sent})
        text = f"{len(events):,} acknowledged, {ids:,} ids, {len(sent):,} contents"
        text += f"; {len(stored):,} contents stored"
        report.say(f"nothing lost of {name}", text, lost + made_up)
    with hub.store.reading() as reading:
        kept = {r[0] for r in reading.rows("SELECT event_id FROM quarantine")}
    missing = sorted(set(acknowledged.rejected) - kept)
    text = f"{len(acknowledged.rejected):,} items, looked for in the quarantine"
    report.say("rejected by the gateway", text, [f"not in quarantine: {m}" for m in missing])


def _chunks(events: list[Json]) -> Iterator[list[Json]]:
    return (events[i : i + AT_ONCE] for i in range(0, len(events), AT_ONCE))


def _rows(contract: Contract, events: list[Json]) -> Iterator[Row]:
    frame = admitted_frame(contract, events)
    return frame.select(pl.lit(SENDER), *frame.columns).iter_rows()


def _stored(hub: OpenHub, contract: Contract) -> Iterator[Row]:
    with hub.store.reading() as reading:
        chunk: list[Row] = []
        for row in reading.stored(hub.store.facts[contract.name], ""):
            chunk.append(row)
            if len(chunk) == AT_ONCE:
                yield from _mine(contract, chunk)
                chunk = []
        if chunk:
            yield from _mine(contract, chunk)


def _mine(contract: Contract, chunk: list[Row]) -> Iterator[Row]:
    """Give the contents that this traffic sent; connectors send others."""
    return (row for row in contents(contract, chunk) if row[0] == SENDER)
