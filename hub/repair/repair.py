"""Repair: rejected items are corrected, tried and sent again, and nothing counts twice for it.

What is sent again is a submission like any other, in the name of who sent it first, with a receipt
of its own. The quarantine itself never changes; beside it stands, act by act, who corrected,
replayed or discarded an item, and when.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any

from hub.access.keys import Sender, scopes_of
from hub.access.scope import Scope, merged
from hub.access.seals import Seals
from hub.clock import Clock, to_us
from hub.definitions.admission import Verdict, admit
from hub.definitions.again import JsonObject, told_name
from hub.definitions.contract import Contract
from hub.figures.installed import Installed
from hub.gateway import boundary
from hub.gateway.gateway import Gateway, outside
from hub.log.log import Log
from hub.log.submitting import accepted_at
from hub.proof.trial import Trial, try_events
from hub.repair.items import (
    DISCARDED,
    ENDED,
    FIXED,
    ITEMS_MAX,
    REPLAYED,
    SUPERSEDED,
    Act,
    Item,
    Wanted,
    all_items,
    is_ready,
)
from hub.repair.noting import MeanwhileError, note
from hub.sheets.revising import counted, says_none, settled
from hub.store.store import Store
from hub.troubles import RefusedError

BODY_BYTES_MAX = 8 << 20
REPLAY = "replay:"  # idempotency keys that begin so are the hub's own


class RepairError(RefusedError):
    """This cannot be done to an item, and why, in both languages."""


class Repair:
    """Corrects, tries, replays and discards items of the quarantine.

    With `four_eyes`, who corrected an item may not replay it.
    """

    def __init__(
        self,
        store: Store,
        log: Log,
        installed: Installed,
        clock: Clock,
        seals: Seals,
        *,
        four_eyes: bool = False,
    ) -> None:
        self._store = store
        self._installed = installed
        self._log = log
        self._clock = clock
        self._seals = seals
        self._four_eyes = four_eyes

    def fix(
        self,
        item: Item,
        changes: Mapping[str, Any] | bytes,
        by: str,
        sender: Sender | None = None,
    ) -> Item:
        """Keep a correction: some fields (null: taken out), or the whole item.

        `sender` is as for `replay`. Raises `RepairError` where it would still break its contract
        or leave the sender's scope, and where its repair has ended.
        """
        if item.state in ENDED:
            raise _ended(item)
        content = changes if isinstance(changes, bytes) else _changed(item, changes)
        act = Act(FIXED, by, to_us(self._clock()), content, None, "")
        fixed = replace(item, acts=(*item.acts, act))
        verdict = fixed.verdict()
        if verdict is None:
            verdict = next(iter(self._outside([fixed], sender)), None)
        if verdict is not None:
            raise RepairError(verdict.rule, verdict.message_vi, verdict.message_en)
        self._keep([(item, act)])
        return fixed

    def discard(self, found: Sequence[Item], by: str, reason: str) -> None:
        """End the repair of items without sending them; raise `RepairError` for one that ended."""
        for item in found:
            if item.state in ENDED:
                raise _ended(item)
        act = Act(DISCARDED, by, to_us(self._clock()), None, None, reason)
        self._keep([(item, act) for item in found])

    def try_out(
        self, found: Sequence[Item], asking: Sender | None = None
    ) -> list[tuple[str, str, Trial]]:
        """Say what replaying would change: trials by contract and sender; nothing is committed.

        `asking` is who would do it, as for `replay`.
        """
        trials = []
        for contract, sender, chunk in _chunks(_sendable(found)):
            sent = self._written(chunk)
            admitted = admit(contract, sent.body)
            admitted.reject(self._outside_of(sent, contract, sender, asking))
            who = self._speaking(chunk, asking)
            admitted.mark(boundary.stamp(contract, who.scope))
            if not admitted.kept:
                continue
            now = to_us(self._clock())
            trial = try_events(
                self._store, self._log, self._installed, contract, admitted.events, sender, now
            )
            trials.append((contract.name, sender, trial))
        return trials

    def replay(
        self, items: Sequence[Item], by: str, gateway: Gateway, sender: Sender | None = None
    ) -> dict[str, str]:
        """Send items again that keep their contract; give the receipt of each that was taken.

        One that was replayed is not sent again: its receipt is given. `sender` is who does it with
        its own key, within whose scope alone items are sent; for whoever else does it, it is the
        scope of who sent them first. Raises `RepairError` where another replay is at it, where
        four eyes are wanted and there are two, and where none of the items is within the scope.
        """
        with self._alone():
            items = self._as_they_are(items)
            receipts = {i.event_id: str(i.acts[-1].receipt) for i in items if i.state == REPLAYED}
            for item in items:
                fixed_by = {a.by for a in item.acts if a.action == FIXED}
                if self._four_eyes and by in fixed_by and item.state not in ENDED:
                    raise RepairError(
                        "four_eyes",
                        f"{item.event_id}: người sửa không được tự gửi lại",
                        f"{item.event_id}: who corrected it may not replay it",
                    )
            ready = _sendable(items)
            refusals: list[Verdict] = []
            for contract, _, every in _chunks(ready):
                who = self._speaking(every, sender)
                outside = self._outside(every, sender)
                refusals += outside
                gone = {v.index for v in outside}
                chunk = [i for n, i in enumerate(every) if n not in gone]
                if not chunk:
                    continue
                sent = self._written(chunk)
                # The same items again, after a crash in between: the same answer.
                key = f"{REPLAY}{hashlib.sha256(sent.body).hexdigest()}"
                answer = gateway.accept(contract, who, sent.body, key).body
                refused = {sent.owners[v["index"]] for v in answer["rejected"]}
                self._tell_connector(contract, sent)
                at = to_us(self._clock())
                taken = [i for n, i in enumerate(chunk) if n not in refused]
                act = Act(REPLAYED, by, at, None, answer["receipt"], "")
                self._note_replay(taken, act)
                receipts |= {i.event_id: answer["receipt"] for i in taken}
            if refusals and len(refusals) == len(ready):
                raise RepairError(refusals[0].rule, refusals[0].message_vi, refusals[0].message_en)
        return receipts

    def outside(self, items: Sequence[Item], asking: Sender | None = None) -> dict[str, Verdict]:
        """Say why items that keep their contract are not sent: they leave the scope.

        `asking` is who would send them, as for `replay`.
        """
        return {
            chunk[v.index].event_id: replace(v, index=0)
            for _, _, chunk in _chunks(_sendable(items))
            for v in self._outside(chunk, asking)
        }

    def _outside(self, chunk: Sequence[Item], asking: Sender | None) -> list[Verdict]:
        """Find which of some items, of one contract and sender, would leave the sender's scope."""
        contract = chunk[0].installed
        assert contract is not None  # what can be sent keeps a contract
        sent = self._written(chunk)
        verdicts = self._outside_of(sent, contract, chunk[0].sender, asking)
        by_item = {sent.owners[v.index]: v for v in reversed(verdicts)}
        return [replace(v, index=n) for n, v in sorted(by_item.items())]

    def _outside_of(
        self, sent: "_Sent", contract: Contract, sender: str, asking: Sender | None
    ) -> list[Verdict]:
        """Find which events of a body would leave the sender's scope, by their places in it."""
        scopes = self._scopes(sender) if asking is None else [asking.scope]
        at = accepted_at(self._clock)
        return outside(self._store, contract, scopes, admit(contract, sent.body), at)

    def _written(self, chunk: Sequence[Item]) -> "_Sent":
        """Write what is sent for some items, of one contract and sender."""
        contract = chunk[0].installed
        assert contract is not None  # what can be sent keeps a contract
        written: list[bytes] = []
        owners: list[int] = []
        to_connectors: dict[str, list[JsonObject]] = {}
        for n, item in enumerate(chunk):
            known = partial(self._store.known, contract.name)
            if item.again is None:
                content = (item.content or b"").removeprefix(b"\xef\xbb\xbf").strip()
                written.append(settled(contract, content, known))
                owners.append(n)
                continue
            for event in item.again.settled(item.events, item.content or b"", known):
                written.append(as_json(event))
                owners.append(n)
                if item.again.is_remembered:
                    to_connectors.setdefault(item.sender, []).append(event)
        return _Sent(b"[" + b",".join(written) + b"]", owners, to_connectors)

    def _tell_connector(self, contract: Contract, sent: "_Sent") -> None:
        """Leave for connectors what corrections told of things, so that they can withdraw it."""
        values: dict[str, str] = {}
        for source, events in sent.to_connectors.items():
            by_thing: dict[str, list[JsonObject]] = {}
            for event, said in zip(
                contract.items.validate_json(json.dumps(events)), events, strict=True
            ):
                thing = contract.entity_of(contract.wire(event))
                by_thing.setdefault(told_name(source, thing), []).append(said)
            known = self._log.checkpoints(list(by_thing))
            for name, own in by_thing.items():
                before = json.loads(known.get(name) or "[]")
                values[name] = json.dumps(before + [e for e in own if e not in before])
        if values:
            self._log.set_checkpoints(values)

    def _speaking(self, chunk: Sequence[Item], asking: Sender | None) -> Sender:
        """Say as whom some items, of one contract and sender, are sent."""
        contract, sender = chunk[0].installed, chunk[0].sender
        assert contract is not None  # what can be sent keeps a contract
        return asking or Sender(sender, merged(contract, self._scopes(sender)))

    def _scopes(self, sender: str) -> list[Scope]:
        """Give the scopes of a sender's valid keys."""
        return scopes_of(self._store, sender, to_us(self._clock()))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._store.alone("repair") as is_mine:
            if not is_mine:
                vi, en = "đang có lần gửi lại khác, hãy thử lại", "another replay is at it"
                raise RepairError("busy", vi, en)
            yield

    def _note_replay(self, taken: Sequence[Item], act: Act) -> None:
        """Keep that items were sent, whatever others have done to them meanwhile."""
        while True:
            try:
                self._keep([(i, act) for i in taken])
            except RepairError:
                taken = self._as_they_are(taken)
            else:
                return

    def _as_they_are(self, found: Sequence[Item]) -> list[Item]:
        """Read items again: since they were read, others may have been at them."""
        with self._store.reading() as reading:
            wanted = Wanted(ids=[i.event_id for i in found])
            return list(all_items(reading, self._seals.opener(), wanted))

    def _keep(self, acts: Iterable[tuple[Item, Act]]) -> None:
        try:
            note(self._store, [(i, act, self._sealed(i, act.content)) for i, act in acts])
        except MeanwhileError:
            vi, en = "người khác vừa sửa bản ghi này", "somebody else has just been at this item"
            raise RepairError("changed_meanwhile", vi, en) from None

    def _sealed(self, item: Item, content: bytes | None) -> str | None:
        return None if content is None else self._seals.seal(item.sender, item.event_id, content)


_ENDED_VI = {REPLAYED: "gửi lại", SUPERSEDED: "được bản ghi khác thay thế", DISCARDED: "loại bỏ"}


def _ended(item: Item) -> RepairError:
    en = f"{item.event_id}: it was {item.state}"
    return RepairError("ended", f"{item.event_id}: đã {_ENDED_VI[item.state]}", en)


def _changed(item: Item, changes: Mapping[str, Any]) -> bytes:
    try:
        fields = json.loads(item.content or b"")
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        vi = "bản ghi gốc không phải đối tượng JSON: hãy thay cả bản ghi"
        en = "the item is no JSON object: replace it as a whole"
        raise RepairError("not_an_object", vi, en)
    contract = item.installed
    # A row whose table has no revisions goes on saying none.
    kept = counted(contract) if contract is not None and says_none(contract, fields) else ""
    for name, value in changes.items():
        if value is None and name != kept:
            fields.pop(name, None)
        else:
            fields[name] = value
    return as_json(fields)


def as_json(said: Mapping[str, Any]) -> bytes:
    """Write an item; halves of characters, which are in no text, stay escaped."""
    return json.dumps(said, ensure_ascii=False).encode(errors="backslashreplace")


def _sendable(found: Sequence[Item]) -> list[Item]:
    """Choose those that are not ended and keep their contract."""
    return [i for i in found if is_ready(i)]


def _chunks(found: Sequence[Item]) -> Iterator[tuple[Contract, str, list[Item]]]:
    """Cut items into submissions: of one contract and sender, bounded in number and bytes."""
    ordered = sorted(found, key=lambda i: (i.contract, i.sender, i.event_id))
    for (_, sender), group in groupby(ordered, key=lambda i: (i.contract, i.sender)):
        alike = list(group)
        contract = alike[0].installed
        assert contract is not None  # what can be sent keeps a contract
        chunk: list[Item] = []
        size = 0
        for item in alike:
            length = len(item.content or b"")
            if chunk and (len(chunk) >= ITEMS_MAX or size + length > BODY_BYTES_MAX):
                yield contract, sender, chunk
                chunk, size = [], 0
            chunk.append(item)
            size += length
        yield contract, sender, chunk


@dataclass(frozen=True)
class _Sent:
    """A body: of each event whose it is among the items, and what connectors' items say."""

    body: bytes
    owners: list[int]
    to_connectors: Mapping[str, list[JsonObject]]
