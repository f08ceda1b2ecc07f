"""Row by row: the changes of a table's rows become events, each row's in its order.

What a row says is one event. Where it says another thing, the event told before is withdrawn and
the new one told; where it is gone, withdrawn. Of each row a checkpoint remembers what was told, so
that what comes again (a restart, a snapshot taken anew) tells nothing twice. An event is named by
row, content and how many were told of the row: made again from the same memory it is the same.

Contracts whose reports replace one another by a number (`order_first`) need no withdrawal: the
next report has the next number. Nothing of them can be withdrawn: a deleted row is refused by name.
Where rows are events with names of their own, they are told as they are, and a deletion says
nothing.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hub.clock import iso
from hub.connecting.connection import item_name, judge_arrived
from hub.connecting.envelope import Change, Reading, Times, Unread
from hub.connecting.feeds import JsonObject, Record
from hub.connecting.typed import TypedTable
from hub.definitions.admission import Verdict, unreadable
from hub.definitions.again import mended_name
from hub.definitions.avro import Foreign
from hub.definitions.contract import Contract, Event
from hub.definitions.ranges import Ranges
from hub.sheets.files import NAME
from hub.sheets.mapping import FileMapping

SEEN_MAX = 8  # changes of a row that are known again; before those, it is told anew and put right
TABLES_MAX = 64


@dataclass(frozen=True)
class Told:
    """What was told of a row: how many events, the last one, and by what it is withdrawn.

    `event_id` is empty where nothing stands. `seen` are marks of its latest changes; `finding`
    names the item that is in quarantine until the row can be read.
    """

    count: int = 0
    event_id: str = ""
    digest: str = ""
    entity: str = ""
    withdrawal: JsonObject = field(default_factory=dict)
    seen: tuple[str, ...] = ()
    finding: str = ""

    @classmethod
    def load(cls, text: str | None) -> "Told":
        """Read what `dump` wrote; nothing is an empty memory."""
        if not text:
            return cls()
        count, event_id, digest, entity, withdrawal, seen, finding = json.loads(text)
        return cls(count, event_id, digest, entity, withdrawal, tuple(seen), finding)

    def dump(self) -> str:
        """Write it compactly."""
        said = [self.count, self.event_id, self.digest, self.entity, dict(self.withdrawal)]
        return json.dumps(
            [*said, list(self.seen), self.finding], ensure_ascii=False, separators=(",", ":")
        )


@dataclass
class Folded:
    """What came of changes: records, memories that changed, what was mended, what said nothing.

    `at` is when they were read.
    """

    at: int
    records: list[Record] = field(default_factory=list)
    told: dict[str, Told] = field(default_factory=dict)
    mended: dict[str, str] = field(default_factory=dict)
    passed_over: int = 0


class Rowwise:
    """Makes events of a source's changes, by its contract and mapping."""

    def __init__(
        self,
        source: str,
        contract: Contract,
        mapping: FileMapping,
        times: Times = "",
        schemas: Callable[[int], Foreign] | None = None,
    ) -> None:
        self._source, self._contract, self._mapping = source, contract, mapping
        self._tables: dict[tuple[str, ...], TypedTable] = {}
        table = TypedTable(contract, mapping, []).table
        kinds: dict[str, str] = {c.field: c.kind for c in table.columns}
        own = {c.header: c.field for c in mapping.columns}
        self.reading = Reading(times, schemas, lambda name: kinds.get(own.get(name, name), ""))

    def fold(
        self,
        changes: Sequence[Change | None],
        before: Mapping[str, Told],
        at: int,
        ranges: Ranges | None = None,
    ) -> Folded:
        """Fold changes, in order, into what was told of their rows before; `at` is now."""
        candidates = [self._candidate(c, place) for place, c in enumerate(changes)]
        asked = [r for r in candidates if r is not None]
        found = judge_arrived(self._contract, asked, at, lambda: ranges or Ranges())
        judged: dict[int, Any] = {r.place: j for r, j in zip(asked, found, strict=True)}
        folded = Folded(at, told=dict(before))
        for place, change in enumerate(changes):
            if change is None:
                folded.passed_over += 1
                continue
            self._take(change, candidates[place], judged.get(place), place, folded)
        folded.told = {k: v for k, v in folded.told.items() if v != before.get(k)}
        return folded

    def _candidate(self, change: Change | None, place: int) -> Record | None:
        """Read what a change says of its row, as an event without its name; None for no row."""
        if change is None or (change.verdict is None and change.row is None):
            return None
        if change.verdict is not None or change.row is None:
            verdict = replace(change.verdict, index=place) if change.verdict else None
            return Record(_said(verdict), (), verdict, place)
        typed = self._typed(tuple(change.row))
        known_by = f"{change.key}\x1f".encode() + typed.kept(_shown(change.row))
        kept = typed.kept(_shown(change.row))
        unread = next((v for n in typed.names if isinstance(v := change.row[n], Unread)), None)
        if unread is not None:
            return Record(kept, (), replace(unread.verdict, index=place), place, known_by)
        values = typed.read(change.row, place, 0)
        if isinstance(values, Verdict):
            return Record(kept, (), values, place, known_by)
        return Record(kept, ({NAME: "-", **values},), None, place, known_by)

    def _typed(self, names: tuple[str, ...]) -> TypedTable:
        if names not in self._tables:
            if len(self._tables) >= TABLES_MAX:
                self._tables.clear()
            self._tables[names] = TypedTable(self._contract, self._mapping, names)
        return self._tables[names]

    def _take(
        self, change: Change, read: Record | None, judged: Any, place: int, folded: Folded
    ) -> None:
        """Take one change in."""
        before = folded.told.get(change.key, Told())
        if change.mark and change.mark in before.seen:
            folded.passed_over += 1
            return
        after = before
        if change.mark:
            after = replace(before, seen=(*before.seen, change.mark)[-SEEN_MAX:])
        if read is None:
            after = self._withdraw(change, after, place, folded)
        elif isinstance(judged, Verdict):
            folded.records.append(replace(read, events=(), verdict=judged))
            name = item_name(self._source, read.known_by or read.original)
            after = replace(after, finding=name)
        else:
            after = self._tell(change, after, read, judged, folded)
        if change.key:
            folded.told[change.key] = after

    def _withdraw(self, change: Change, before: Told, place: int, folded: Folded) -> Told:
        """Withdraw what a row that is gone had said."""
        if not before.event_id:
            folded.passed_over += 1
            self._mend(before, change, [], folded)
            return replace(before, finding="")
        if not before.withdrawal:
            folded.records.append(self._cannot_withdraw(change, before, place))
            return before
        event = self._withdrawal(before)
        folded.records.append(Record(change.key.encode(), (event,), None, place))
        self._mend(before, change, [event], folded)
        return Told(before.count, seen=before.seen)

    def _tell(
        self, change: Change, before: Told, read: Record, judged: list[Event], folded: Folded
    ) -> Told:
        """Tell what a row says, where it says another thing than before."""
        (event,) = read.events
        values = {k: v for k, v in event.items() if k != NAME}
        assert change.row is not None
        typed = self._typed(tuple(change.row))
        if typed.has_events:
            folded.records.append(read)
            return Told(seen=before.seen)
        digest = _digest(json.dumps(values, sort_keys=True, ensure_ascii=False))
        if before.event_id and digest == before.digest:
            folded.passed_over += 1
            self._mend(before, change, [], folded)
            return replace(before, finding="")
        if typed.counts_on:
            values |= dict.fromkeys(self._contract.spec.order_first, before.count)
        entity = self._contract.entity_of(self._contract.wire(judged[0]))
        events: list[JsonObject] = []
        if before.event_id and before.withdrawal:
            events.append(self._withdrawal(before))
        elif before.event_id and entity != before.entity:
            folded.records.append(self._cannot_withdraw(change, before, read.place))
            return before
        named = _digest(self._source, change.key, str(before.count), digest)
        events.append({NAME: named, **values})
        folded.records.append(replace(read, events=tuple(events)))
        self._mend(before, change, events, folded)
        return Told(
            before.count + 1, named, digest, entity, self._withdrawn_by(values), before.seen
        )

    def _withdrawn_by(self, values: JsonObject) -> JsonObject:
        """Give what an event of the contract that withdraws another one has to say besides."""
        kind = self._contract.spec.retracting_kind
        if kind is None:
            return {}
        needed = {f.name for f in self._contract.sent if not f.optional} - {NAME}
        return {**{n: v for n, v in values.items() if n in needed}, "kind": kind}

    def _withdrawal(self, told: Told) -> JsonObject:
        return {
            NAME: _digest(told.event_id, "withdrawn"),
            **told.withdrawal,
            "retracts": told.event_id,
        }

    def _cannot_withdraw(self, change: Change, told: Told, place: int) -> Record:
        vi = "dòng đã bị xóa hoặc đổi đối tượng ở nguồn, mà loại số liệu này không rút lại được;"
        vi += " hãy gửi báo cáo thay thế"
        en = "the row is gone or about another thing, and what was told of it cannot be withdrawn;"
        en += " send a report in its place"
        verdict = unreadable("cannot_withdraw", "", told.entity, vi, en, place)
        return Record(
            told.entity.encode(), (), verdict, place, f"{change.key}{change.mark}".encode()
        )

    def _mend(self, told: Told, change: Change, events: Sequence[JsonObject], out: Folded) -> None:
        """Say of an item in quarantine that its row can be read now."""
        if told.finding:
            said = {"at": iso(change.at or out.at), "events": [e[NAME] for e in events]}
            out.mended[mended_name(told.finding)] = json.dumps(said)


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {n: None if isinstance(v, Unread) else v for n, v in row.items()}


def _said(verdict: Verdict | None) -> bytes:
    return b"" if verdict is None else f"{verdict.rule} {verdict.field} {verdict.value}".encode()


def _digest(*said: str) -> str:
    return hashlib.blake2b("\x1f".join(said).encode(), digest_size=16).hexdigest()
