"""Memory: what was told of a dossier, so that each fact is told once and withdrawn when it must be.

A snapshot says all that stands. What was told and stands no longer is withdrawn by a `retracted`
event; as that cannot itself be withdrawn, a fact that comes back is told under its next generation.

Two things are not taken from the snapshot alone. Synchronisation is a series of which the upstream
shows the latest, so an earlier one stands beside a later one, or a second synchronisation would
undo the first; of each kind no more than `SERIES_MAX` are told, as an upstream may try for days.
And where a correction touches a due date that a later one follows, the later one is told again:
the contract orders by when something was recorded.

What of a snapshot cannot be read is not taken for withdrawn: of those kinds all that was told
stands, until a snapshot comes that can be read. One whose `NgayCapNhat` cannot be read may be older
than the latest: it adds what is new and withdraws nothing.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from connectors.one_stop.fields import to_iso
from hub.connecting.feeds import JsonObject

_SERIES = ("synced", "sync_failed")
_DUE = ("received", "due_changed")
SERIES_MAX = 20


@dataclass
class Memory:
    """What was told of one dossier.

    `at` is `NgayCapNhat` of the latest snapshot; `told` says of each fact that stands, by the name
    of its first generation, its generation, and of which kind it was, for a synchronisation after
    the instant when it was (a memory of before may lack the kind); `gone` the last generation of
    those withdrawn; `findings` name what of it cannot be read.
    """

    at: str = ""
    told: dict[str, tuple[int, str]] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)

    @classmethod
    def load(cls, text: str) -> "Memory":
        """Read what `dump` wrote; an empty text is an empty memory."""
        if not text:
            return cls()
        at, told, gone, *findings = json.loads(text)
        return cls(at, {k: (g, s) for k, (g, s) in told.items()}, gone, *findings)

    def dump(self) -> str:
        """Write it compactly."""
        findings = [self.findings] if self.findings else []
        return json.dumps([self.at, self.told, self.gone, *findings], separators=(",", ":"))

    def adopt(self, events: Iterable[JsonObject]) -> None:
        """Take in what a person told of the dossier by correcting a rejected field.

        So it is withdrawn, or told again, as if it had been read. Taken in twice, it is once.
        """
        for event in events:
            if event["kind"] == "retracted":
                named = {_named(name, g): name for name, (g, _) in self.told.items()}
                if (name := named.get(event["retracts"])) is not None:
                    self.gone[name] = self.told.pop(name)[0]
            elif event["event_id"] not in self.told and event["event_id"] not in self.gone:
                self.told[event["event_id"]] = (0, _mark(event))

    def find(self, names: Sequence[str], at: str) -> list[str]:
        """Take in what of a snapshot cannot be read; give the names of what was mended since.

        A snapshot without a time may be older than the latest: it mends nothing.
        """
        mended = [name for name in self.findings if name not in names] if at else []
        self.findings = [*dict.fromkeys([*(n for n in self.findings if n not in mended), *names])]
        return mended

    def is_newer(self, at: str) -> bool:
        """Tell whether the latest snapshot is newer than one; of one without a time, no."""
        return "" < at < self.at

    def tell(
        self, code: str, at: str, facts: Sequence[JsonObject], unread: Collection[str] = ()
    ) -> list[JsonObject]:
        """Take in a snapshot of a dossier; give the events that it adds, withdrawals first.

        An older snapshot than the latest, which a late page brings, says nothing. `unread` are the
        kinds of which something could not be read.
        """
        if self.is_newer(at):
            return []
        self.at = at or self.at
        stated = {str(f["event_id"]): f for f in facts}
        latest = max((f["occurred_at"] for f in facts if f["kind"] in _SERIES), default="")
        left = [
            name
            for name, (_, mark) in self.told.items()
            if name not in stated and not _stands(mark, latest, unread)
        ]
        events: list[JsonObject] = []
        for name in [*left, *self._overtaken(facts)] if at else []:
            generation, _ = self.told.pop(name)
            self.gone[name] = generation
            events.append(_retraction(code, at, _named(name, generation)))
        for name, fact in stated.items():
            kind = fact["kind"]
            if name in self.told or (kind in _SERIES and self._has_enough(kind)):
                continue
            generation = self.gone.pop(name, -1) + 1
            self.told[name] = (generation, _mark(fact))
            events.append({**fact, "event_id": _named(name, generation)})
        return events

    def _has_enough(self, kind: str) -> bool:
        found = sum(mark.endswith(f" {kind}") for _, mark in self.told.values())
        return found >= SERIES_MAX

    def _overtaken(self, facts: Sequence[JsonObject]) -> list[str]:
        """Find the due dates told before that come after one that is new."""
        due = [f for f in facts if f["kind"] in _DUE]
        due.sort(key=lambda f: (f["occurred_at"], _DUE.index(f["kind"])))
        names = [str(f["event_id"]) for f in due]
        first_new = next((i for i, n in enumerate(names) if n not in self.told), len(names))
        return [n for n in names[first_new:] if n in self.told]


def _mark(fact: JsonObject) -> str:
    kind = str(fact["kind"])
    return f"{fact['occurred_at']} {kind}" if kind in _SERIES else kind


def _stands(mark: str, latest: str, unread: Collection[str]) -> bool:
    """Tell whether what was told stands though it is not stated; `latest` is a synchronisation."""
    synced_at, _, kind = mark.rpartition(" ")
    # Of a memory from before the kind was kept: it may be any.
    is_unread = kind in unread if kind else bool(unread)
    return is_unread or "" < synced_at < latest


def _named(name: str, generation: int) -> str:
    """Name a generation of a fact; the first has the fact's own name."""
    return name if generation == 0 else _hash(f"{name}:{generation}")


def _retraction(code: str, at: str, withdrawn: str) -> JsonObject:
    return {
        "event_id": _hash(f"{withdrawn}:retracted"),
        "dossier_code": code,
        "kind": "retracted",
        "occurred_at": to_iso(at),
        "retracts": withdrawn,
    }


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
