"""Items: what was rejected, as it stands since: by cause, a page of it, and what was done to it."""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hub.clock import iso
from hub.definitions.admission import BodyError, Verdict, admit
from hub.definitions.again import Again, JsonObject
from hub.definitions.contract import Contract
from hub.definitions.originals import Opener, Original
from hub.sheets.revising import with_revision
from hub.store.reading import Reading

ITEMS_MAX = 1_000  # of one page, and of one submission of those that are sent again
OPEN, FIXED, REPLAYED, DISCARDED = "open", "fixed", "replayed", "discarded"
SUPERSEDED = "superseded"
STATES = (OPEN, FIXED, REPLAYED, SUPERSEDED, DISCARDED)
ENDED = (REPLAYED, SUPERSEDED, DISCARDED)


class Act(NamedTuple):
    """What somebody did to an item: `content` is the corrected item, `receipt` of what was sent.

    Of one that was superseded it is the receipt of what came in its place, where one is known.
    """

    action: str
    by: str
    at: int
    content: bytes | None
    receipt: str | None
    reason: str


@dataclass(frozen=True)
class Item:
    """A rejected item with what was done to it since, and what is left of how it came."""

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
    kept: Original
    acts: tuple[Act, ...]
    # The installed contract of that name, where there is one.
    installed: Contract | None
    # How its connector reads it again; None of what was sent under the contract itself.
    again: Again | None = None

    @property
    def state(self) -> str:
        """Say where it stands: open, fixed, replayed, superseded or discarded."""
        return self.acts[-1].action if self.acts else OPEN

    @property
    def original(self) -> bytes | None:
        """Give it as it came; None where that was erased, or stands in its producer's topic."""
        return self.kept.raw

    @property
    def content(self) -> bytes | None:
        """Give it as it was last corrected, else as it came, by the names of its upstream."""
        corrected = (a.content for a in reversed(self.acts) if a.content is not None)
        return next(corrected, self._shown)

    @property
    def _shown(self) -> bytes | None:
        if self.again is None or self.original is None:
            return self.original
        return self.again.shown(self.original)

    @property
    def events(self) -> list[JsonObject]:
        """What a connector's item says as it was last corrected; none where that is still wrong."""
        said = self._read_again()
        return [] if isinstance(said, Verdict) else said

    @property
    def about(self) -> JsonObject:
        """What can be read of how it came, by the fields of its contract."""
        if self.original is None:
            return {}
        if self.again is not None:
            return self.again.about(self.original)
        try:
            said = json.loads(self.original)
        except (ValueError, RecursionError):
            return {}
        return said if isinstance(said, dict) else {}

    def _read_again(self) -> list[JsonObject] | Verdict:
        assert self.again is not None
        return self.again.read(self.content or b"", self.original or b"")

    def verdict(self) -> Verdict | None:
        """Say what is wrong with it now, by the contract that is installed."""
        try:
            if self.installed is None:
                raise BodyError(
                    "unknown_contract",
                    f"không có hợp đồng dữ liệu {self.contract}",
                    f"there is no contract {self.contract}",
                )
            if self.content is None or (self.again is not None and self.original is None):
                raise BodyError(*self._gone())
            if self.again is None:
                body = with_revision(self.installed, self.content)
            else:
                said = self._read_again()
                if isinstance(said, Verdict):
                    return said
                body = json.dumps(said).encode()
            admitted = admit(self.installed, body)
        except BodyError as error:
            return Verdict(0, error.rule, "", "", error.vi, error.en)
        return admitted.rejected[0] if admitted.rejected else None

    def _gone(self) -> tuple[str, str, str]:
        """Say why nothing is left of it here: the rule, in two languages."""
        if self.kept.erased_at is not None:
            at = iso(self.kept.erased_at)
            vi, en = f"bản gốc đã xóa lúc {at}", f"what was sent was erased at {at}"
            return "original_erased", vi, en
        vi = "bản gốc không có ở đây: chỉ còn trong topic của bên gửi, hoặc đã mất khóa"
        en = "what was sent is not here: it is in its producer's topic alone, or its key is lost"
        return "original_elsewhere", vi, en

    def as_rejected(self) -> dict[str, Any]:
        """Give it as it stands, with what is wrong with it now, for a file of errors."""
        verdict = self.verdict()
        words = {"field": "", "message_vi": "", "message_en": ""}
        said = words if verdict is None else {n: getattr(verdict, n) for n in words}
        text = (self.content or b"").decode(errors="replace")
        return {"event_id": self.event_id, "index": self.index, "original": text, **said}

    def public(self, *, is_shown: bool = True) -> dict[str, Any]:
        """Say all there is to say of it; bytes that are no text are given in base64.

        Its original and what became of that are given where they may be shown.
        """
        shown = _shown if is_shown else (lambda _: None)
        verdict = self.verdict()
        names = ("event_id", "sender", "contract", "index", "rule", "field", "value")
        return {
            **{n: getattr(self, n) for n in names},
            "message_vi": self.message_vi,
            "message_en": self.message_en,
            "rejected_at": iso(self.rejected_at),
            "state": self.state,
            "original": shown(self.original),
            "original_erased_at": iso(self.kept.erased_at),
            "content": shown(self.content),
            "verdict": None if verdict is None else verdict.public(),
            "acts": [
                {
                    "action": a.action,
                    "by": a.by,
                    "at": iso(a.at),
                    "content": shown(a.content),
                    "receipt": a.receipt,
                    "reason": a.reason,
                }
                for a in self.acts
            ],
        }


def _shown(content: bytes | None) -> str | None:
    if content is None:
        return None
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
            **{s: int(n) for s, n in zip(STATES, r[5:-3], strict=True)},
            "first_at": iso(int(r[-3])),
            "last_at": iso(int(r[-2])),
            "example": r[-1],
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


def items(
    reading: Reading, opens: Opener, wanted: Wanted, offset: int = 0, most: int = ITEMS_MAX
) -> list[Item]:
    """Read a page of items, the oldest first; `opens` opens what is kept of them."""
    condition, values = _condition(reading, wanted)
    names = ",".join(f'"{n}"' for n in (*_SAID, "original"))
    rows = reading.rows(
        f"SELECT {names} FROM ({_LAST}) q WHERE {condition}"
        " ORDER BY rejected_at, event_id LIMIT :n OFFSET :o",
        **values,
        n=most,
        o=offset,
    )
    acts = _acts(reading, opens, {r[0]: r[1] for r in rows})
    out = []
    for *said, original in rows:
        own = tuple(acts.get(said[0], ()))
        known = dict(zip(_SAID, said, strict=True))
        contract = reading.definitions.contracts.get(known["contract"])
        kept = opens(known["sender"], known["event_id"], original)
        again = _again_of(reading, known["sender"], known["event_id"])
        out.append(Item(**known, kept=kept, acts=own, installed=contract, again=again))
    return out


def _again_of(reading: Reading, sender: str, name: str) -> Again | None:
    """Find how an item is read again, where it came from a connector, which named it."""
    source = reading.definitions.sources.get(sender)
    return source.again if source is not None and name.startswith(f"{sender}:") else None


def is_ready(item: Item) -> bool:
    """Tell whether an item that waits to be repaired could be sent as it stands."""
    return item.state not in ENDED and item.verdict() is None


def all_items(reading: Reading, opens: Opener, wanted: Wanted) -> Iterator[Item]:
    """Read all items that are meant, page by page."""
    offset = 0
    while found := items(reading, opens, wanted, offset):
        yield from found
        offset += len(found)


def _acts(reading: Reading, opens: Opener, senders: dict[str, str]) -> dict[str, list[Act]]:
    """Read what was done to items, which are given with their senders."""
    if not senders:
        return {}
    condition, values = reading.among("event_id", list(senders))
    out: dict[str, list[Act]] = {}
    for name, action, by, at, content, receipt, reason in reading.rows(
        "SELECT event_id, action, actor, at, content, receipt, reason FROM repair"
        f" WHERE {condition} ORDER BY event_id, number",
        **values,
    ):
        plain = None if content is None else opens(senders[name], name, content).raw
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
