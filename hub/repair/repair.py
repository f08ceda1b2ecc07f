"""Repair: rejected items are corrected, tried and sent again, and nothing counts twice for it.

What is sent again is a submission like any other, in the name of who sent it first, with a receipt
of its own. The quarantine itself never changes; beside it stands, act by act, who corrected,
replayed or discarded an item, and when.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import sqlalchemy as sa

from hub.access.keys import Sender
from hub.clock import Clock, iso, to_us
from hub.definitions.admission import BodyError, Verdict, admit
from hub.definitions.contract import Contract
from hub.figures.installed import Installed
from hub.gateway.gateway import Gateway
from hub.log.log import Log
from hub.proof.trial import Trial, try_events
from hub.store.reading import Reading
from hub.store.store import Store
from hub.store.tables import repair
from hub.troubles import RefusedError

ITEMS_MAX = 1_000  # of one page, and of one submission of those that are sent again
BODY_BYTES_MAX = 8 << 20
OPEN, FIXED, REPLAYED, DISCARDED = "open", "fixed", "replayed", "discarded"
ENDED = (REPLAYED, DISCARDED)
REPLAY = "replay:"  # idempotency keys that begin so are the hub's own


class RepairError(RefusedError):
    """This cannot be done to an item, and why, in both languages."""


class Act(NamedTuple):
    """What somebody did to an item: `content` is the corrected item, `receipt` of what was sent."""

    action: str
    by: str
    at: int
    content: bytes | None
    receipt: str | None
    reason: str


@dataclass(frozen=True)
class Item:
    """A rejected item with what was done to it since."""

    event_id: str
    sender: str
    contract: str
    rejected_at: int
    index: int
    rule: str
    field: str
    value: str
    message_vi: str
    message_en: str
    original: bytes
    acts: tuple[Act, ...]
    # The installed contract of that name, where there is one.
    installed: Contract | None

    @property
    def state(self) -> str:
        """Say where it stands: open, fixed, replayed or discarded."""
        return self.acts[-1].action if self.acts else OPEN

    @property
    def content(self) -> bytes:
        """Give it as it was last corrected, else as it came."""
        corrected = (a.content for a in reversed(self.acts) if a.content is not None)
        return next(corrected, self.original)

    def verdict(self) -> Verdict | None:
        """Say what is wrong with it now, by the contract that is installed."""
        try:
            if self.installed is None:
                raise BodyError(
                    "unknown_contract",
                    f"không có hợp đồng dữ liệu {self.contract}",
                    f"there is no contract {self.contract}",
                )
            admitted = admit(self.installed, self.content)
        except BodyError as error:
            return Verdict(0, error.rule, "", "", error.vi, error.en)
        return admitted.rejected[0] if admitted.rejected else None

    def as_rejected(self) -> dict[str, Any]:
        """Give it as it stands, with what is wrong with it now, for a file of errors."""
        verdict = self.verdict()
        words = {"field": "", "message_vi": "", "message_en": ""}
        said = words if verdict is None else {n: getattr(verdict, n) for n in words}
        text = self.content.decode(errors="replace")
        return {"event_id": self.event_id, "index": self.index, "original": text, **said}

    def public(self) -> dict[str, Any]:
        """Say all there is to say of it; bytes that are no text are given in base64."""
        verdict = self.verdict()
        names = ("event_id", "sender", "contract", "index", "rule", "field", "value")
        return {
            **{n: getattr(self, n) for n in names},
            "message_vi": self.message_vi,
            "message_en": self.message_en,
            "rejected_at": iso(self.rejected_at),
            "state": self.state,
            "original": _shown(self.original),
            "content": _shown(self.content),
            "verdict": None if verdict is None else verdict.public(),
            "acts": [
                {
                    "action": a.action,
                    "by": a.by,
                    "at": iso(a.at),
                    "content": None if a.content is None else _shown(a.content),
                    "receipt": a.receipt,
                    "reason": a.reason,
                }
                for a in self.acts
            ],
        }


def _shown(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return f"base64:{base64.b64encode(content).decode()}"


@dataclass(frozen=True)
class Wanted:
    """Which items are meant; what is empty is not asked for."""

    sender: str = ""
    contract: str = ""
    rule: str = ""
    field: str = ""
    state: str = ""
    ids: Sequence[str] | None = None
    contracts: Sequence[str] = ()


_LAST = (
    "SELECT q.*, COALESCE(l.action, 'open') AS state FROM quarantine q LEFT JOIN ("
    "SELECT r.event_id, r.action FROM repair r JOIN ("
    "SELECT event_id, MAX(number) AS number FROM repair GROUP BY event_id"
    ") m ON m.event_id = r.event_id AND m.number = r.number) l ON l.event_id = q.event_id"
)


def groups(reading: Reading, wanted: Wanted) -> list[dict[str, Any]]:
    """Group items by what is wrong: how many there are, in which states, first and last seen."""
    condition, values = _condition(reading, wanted)
    names = ("contract", "sender", "rule", "field")
    counts = ",".join(f"SUM(CASE WHEN state = '{s}' THEN 1 ELSE 0 END)" for s in STATES)
    rows = reading.rows(
        f"SELECT {','.join(names)}, COUNT(*), {counts}, MIN(rejected_at), MAX(rejected_at),"
        f" MIN(event_id) FROM ({_LAST}) q WHERE {condition}"
        " GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 2, 3, 4",
        **values,
    )
    return [
        {
            **dict(zip(names, r[:4], strict=True)),
            "count": int(r[4]),
            **{s: int(n) for s, n in zip(STATES, r[5:9], strict=True)},
            "first_at": iso(int(r[9])),
            "last_at": iso(int(r[10])),
            "example": r[11],
        }
        for r in rows
    ]


_SAID = (
    "event_id",
    "sender",
    "contract",
    "rejected_at",
    "index",
    "rule",
    "field",
    "value",
    "message_vi",
    "message_en",
)
STATES = (OPEN, FIXED, REPLAYED, DISCARDED)


def items(reading: Reading, wanted: Wanted, offset: int = 0, most: int = ITEMS_MAX) -> list[Item]:
    """Read a page of items, the oldest first."""
    condition, values = _condition(reading, wanted)
    names = ",".join(f'"{n}"' for n in (*_SAID, "original"))
    rows = reading.rows(
        f"SELECT {names} FROM ({_LAST}) q WHERE {condition}"
        " ORDER BY rejected_at, event_id LIMIT :n OFFSET :o",
        **values,
        n=most,
        o=offset,
    )
    acts = _acts(reading, [r[0] for r in rows])
    out = []
    for *said, original in rows:
        own = tuple(acts.get(said[0], ()))
        known = dict(zip(_SAID, said, strict=True))
        contract = reading.definitions.contracts.get(known["contract"])
        plain = base64.b64decode(original)
        out.append(Item(**known, original=plain, acts=own, installed=contract))
    return out


def is_ready(item: Item) -> bool:
    """Tell whether an item that waits to be repaired could be sent as it stands."""
    return item.state not in ENDED and item.verdict() is None


def all_items(reading: Reading, wanted: Wanted) -> Iterator[Item]:
    """Read all items that are meant, page by page."""
    offset = 0
    while found := items(reading, wanted, offset):
        yield from found
        offset += len(found)


def _acts(reading: Reading, names: list[str]) -> dict[str, list[Act]]:
    if not names:
        return {}
    condition, values = reading.among("event_id", names)
    out: dict[str, list[Act]] = {}
    for name, action, by, at, content, receipt, reason in reading.rows(
        "SELECT event_id, action, actor, at, content, receipt, reason FROM repair"
        f" WHERE {condition} ORDER BY event_id, number",
        **values,
    ):
        plain = None if content is None else base64.b64decode(content)
        out.setdefault(name, []).append(Act(action, by, int(at), plain, receipt, reason))
    return out


def _condition(reading: Reading, wanted: Wanted) -> tuple[str, dict[str, Any]]:
    parts, values = ["1 = 1"], {}
    for name in ("sender", "contract", "rule", "field", "state"):
        if value := getattr(wanted, name):
            parts.append(f"{name} = :{name}")
            values[name] = value
    if wanted.contracts:
        named = {f"contract{i}": name for i, name in enumerate(wanted.contracts)}
        parts.append(f"contract IN ({','.join(f':{n}' for n in named)})")
        values |= named
    if wanted.ids is not None:
        condition, more = reading.among("event_id", list(wanted.ids))
        parts.append(condition)
        values |= more
    return " AND ".join(parts), values


def waiting(reading: Reading) -> list[tuple[str, str, int]]:
    """Count items that nobody has sent again or discarded: (contract, sender, count)."""
    ended = ",".join(f"'{s}'" for s in ENDED)
    return [
        (contract, sender, int(n))
        for contract, sender, n in reading.rows(
            "SELECT contract, sender, COUNT(*) FROM quarantine q WHERE NOT EXISTS (SELECT 1 FROM"
            f" repair r WHERE r.event_id = q.event_id AND r.action IN ({ended})) GROUP BY 1, 2"
        )
    ]


def time_to_fix(reading: Reading) -> tuple[int, float]:
    """Give how many items were sent again, and the seconds that they waited for it, summed."""
    ((count, waited),) = reading.rows(
        "SELECT COUNT(*), SUM(r.at - q.rejected_at) FROM repair r JOIN quarantine q"
        f" ON q.event_id = r.event_id WHERE r.action = '{REPLAYED}'"
    )
    return int(count), int(waited or 0) / 1e6


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
        *,
        four_eyes: bool = False,
    ) -> None:
        self._store = store
        self._installed = installed
        self._log = log
        self._clock = clock
        self._four_eyes = four_eyes

    def fix(self, item: Item, changes: Mapping[str, Any] | bytes, by: str) -> Item:
        """Keep a correction: some fields (null: taken out), or the whole item.

        Raises `RepairError` where it would still break its contract, or its repair has ended.
        """
        if item.state in ENDED:
            raise _ended(item)
        content = changes if isinstance(changes, bytes) else _changed(item, changes)
        act = Act(FIXED, by, to_us(self._clock()), content, None, "")
        fixed = Item(**{**item.__dict__, "acts": (*item.acts, act)})
        verdict = fixed.verdict()
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

    def try_out(self, found: Sequence[Item]) -> list[tuple[str, str, Trial]]:
        """Say what replaying would change: trials by contract and sender; nothing is committed."""
        out = []
        for contract, sender, chunk in _chunks(_sendable(found)):
            admitted = admit(contract, _body(chunk))
            now = to_us(self._clock())
            trial = try_events(
                self._store, self._log, self._installed, contract, admitted.events, sender, now
            )
            out.append((contract.name, sender, trial))
        return out

    def replay(
        self, items: Sequence[Item], by: str, gateway: Gateway, sender: Sender | None = None
    ) -> dict[str, str]:
        """Send items again that keep their contract; give the receipt of each that was taken.

        One that was replayed is not sent again: its receipt is given. `sender` is who does it, with
        the units of its key, for which alone items are sent; without one there is no such limit.
        Raises `RepairError` where another replay is at it, where four eyes are wanted and there are
        two, and where none of the items is of the key's units.
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
            for contract, name, every in _chunks(ready):
                who = Sender(name) if sender is None else sender
                outside = gateway.outside_units(contract, who, admit(contract, _body(every)))
                refusals += outside
                gone = {v.index for v in outside}
                chunk = [i for n, i in enumerate(every) if n not in gone]
                if not chunk:
                    continue
                body = _body(chunk)
                # The same items again, after a crash in between: the same answer.
                key = f"{REPLAY}{hashlib.sha256(body).hexdigest()}"
                answer = gateway.accept(contract, who, body, key).body
                refused = {v["index"] for v in answer["rejected"]}
                at = to_us(self._clock())
                taken = [i for n, i in enumerate(chunk) if n not in refused]
                act = Act(REPLAYED, by, at, None, answer["receipt"], "")
                self._note_replay(taken, act)
                receipts |= {i.event_id: answer["receipt"] for i in taken}
            if refusals and len(refusals) == len(ready):
                raise RepairError(refusals[0].rule, refusals[0].message_vi, refusals[0].message_en)
        return receipts

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._store.database.alone("repair") as is_mine:
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
            return list(all_items(reading, Wanted(ids=[i.event_id for i in found])))

    def _keep(self, acts: Iterable[tuple[Item, Act]]) -> None:
        rows = [
            {
                "event_id": item.event_id,
                "number": len(item.acts),
                "action": act.action,
                "actor": act.by,
                "at": act.at,
                "content": None if act.content is None else base64.b64encode(act.content).decode(),
                "receipt": act.receipt,
                "reason": act.reason,
            }
            for item, act in acts
        ]
        if not rows:
            return
        try:
            with self._store.administering() as c:
                c.execute(repair.insert(), rows)
        except sa.exc.IntegrityError:
            vi, en = "người khác vừa sửa bản ghi này", "somebody else has just been at this item"
            raise RepairError("changed_meanwhile", vi, en) from None


def _ended(item: Item) -> RepairError:
    return RepairError(
        "ended",
        f"{item.event_id}: đã {'gửi lại' if item.state == REPLAYED else 'loại bỏ'}",
        f"{item.event_id}: it was {item.state}",
    )


def _changed(item: Item, changes: Mapping[str, Any]) -> bytes:
    try:
        fields = json.loads(item.content)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        vi = "bản ghi gốc không phải đối tượng JSON: hãy thay cả bản ghi"
        en = "the item is no JSON object: replace it as a whole"
        raise RepairError("not_an_object", vi, en)
    for name, value in changes.items():
        if value is None:
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
            if chunk and (len(chunk) >= ITEMS_MAX or size + len(item.content) > BODY_BYTES_MAX):
                yield contract, sender, chunk
                chunk, size = [], 0
            chunk.append(item)
            size += len(item.content)
        yield contract, sender, chunk


def _body(chunk: Sequence[Item]) -> bytes:
    contents = (i.content.removeprefix(b"\xef\xbb\xbf").strip() for i in chunk)
    return b"[" + b",".join(contents) + b"]"
