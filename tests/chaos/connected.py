"""Connectors that are struck, and the upstreams that they read, which are struck as well.

What takes part is found: every source whose simulator has `struck`. Each connector is a process,
killed with -9 as often as the plan says, while its upstream refuses, hangs and says things twice.
In the end what each upstream has as its truth is what the hub counts of it: things, rejected
records, sums, and what another service acknowledged.
"""

import os
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl

from hub import registry
from hub.clock import to_us
from hub.commands.demonstration import simulators
from hub.connecting.struck import Truth, Upstream
from hub.definitions.contract import Contract
from hub.opening import OpenHub
from hub.settings import Settings
from hub.store.states import decode_states
from hub.store.store import Store
from tests.parts.same import Say
from tests.parts.starting import start_hub
from tests.parts.waiting import until

THING_SECONDS = 4.0
THINGS_EACH = 3  # between two faults, of each upstream
MANNER_SECONDS = 8.0
KILLED_MAX = 4
LEAVE_SECONDS_MAX = 60.0
AT_ONCE = 10_000
WAIT_SECONDS_MAX = 660  # longer than the longest wait between two tries to send a message
Facts = dict[str, dict[str, Any]]


def taking_part() -> dict[str, ModuleType]:
    """Find the simulators that can be struck."""
    return {name: made for name, made in simulators().items() if hasattr(made, "struck")}


def _be(upstream: Upstream, manner: str) -> None:
    """Let an upstream behave so, though what it runs on is away for a moment."""
    deadline = time.monotonic() + LEAVE_SECONDS_MAX
    while True:
        try:
            upstream.be(manner)
        except upstream.away:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return


class Connected:
    """All connectors of a run. `ended` counts those that ended by themselves."""

    def __init__(self, folder: Path, settings: Settings, seed: int, say: Say) -> None:
        self._folder = folder / "upstreams"
        self._logs = folder
        self._services = {
            "HUB_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
            "HUB_DATABASE_URL": settings.database_url,
        }
        self._seed, self._say = seed, say
        self.upstreams: dict[str, Upstream] = {}
        self.ended: Counter[str] = Counter()
        self.manners: Counter[str] = Counter()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._said: dict[str, int] = {}  # how long each one's log was when it was started
        self._takes_at = 0.0
        self._left = THINGS_EACH
        self._changing = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._happen, name="upstreams", daemon=True)

    def start(self) -> None:
        """Start upstreams and connectors; from now on things happen."""
        self._folder.mkdir()
        for name, made in taking_part().items():
            self.upstreams[name] = made.struck(self._folder / name, self._seed, self._services)
            self._start(name)
        self._thread.start()
        self._say(f"connectors: {', '.join(self.upstreams)}")

    def _start(self, name: str, **more: str) -> None:
        own = {
            **os.environ,
            **self._services,
            "PGAPPNAME": name,
            # Upstreams are worse than real ones: a real source would be stopped.
            "HUB_BREAKER_SHARE_MAX": "0.9",
            **self.upstreams[name].settings,
            **more,
        }
        with self._log(name).open("ab") as out:
            self._said[name] = out.tell()
            self._running[name] = start_hub("connect", name, env=own, stdout=out, stderr=out)

    def _log(self, name: str) -> Path:
        return self._logs / f"connect-{name}.log"

    def _has_begun(self, name: str) -> bool:
        """Tell whether one has said so since it was started last: till then a signal is its end."""
        said = self._log(name).read_bytes()[self._said[name] :]
        return f"reading {name} begins".encode() in said

    def _happen(self) -> None:
        due = time.monotonic()
        while not self._stopping.wait(max(0.0, due - time.monotonic())):
            due += THING_SECONDS
            if 0 < self._takes_at <= time.monotonic():
                self.be("take")
            if self._left:
                self._left -= 1
                for upstream in self.upstreams.values():
                    upstream.happen()

    def go_on(self) -> None:
        """Let some more things happen, as before each fault.

        On a slow machine, on which faults take longer, more would wait to be settled otherwise.
        """
        self._left = THINGS_EACH

    def be(self, manner: str) -> None:
        """Let all upstreams behave so for a while, or take from now on."""
        with self._changing:
            for upstream in self.upstreams.values():
                _be(upstream, manner)
            self._takes_at = 0.0 if manner == "take" else time.monotonic() + MANNER_SECONDS
            self.manners[manner] += 1

    def kill(self) -> int:
        """Kill some connectors, others each time, and start them again; give how many.

        All at once would leave no time to workers, whose sessions are short.
        """
        killed = list(self._running)[:KILLED_MAX]  # who starts again is last in the row
        for name in killed:
            self._kill(name)
        for name in killed:
            self._start(name)
        return len(killed)

    def _kill(self, name: str) -> None:
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def restart_ended(self) -> None:
        """Start again what ended by itself, as a supervisor would."""
        for name, process in list(self._running.items()):
            if process.poll() is not None:
                self.ended[name] += 1
                log = self._log(name).read_text(errors="replace")
                last = (log.strip().splitlines() or [""])[-1]
                self._say(f"  {name} ended by itself with {process.returncode}: {last[:300]}")
                self._start(name)

    def rest(self, wait: Callable[[str], None], ahead: Mapping[str, str]) -> None:
        """Let nothing more happen but what was to; upstreams take, connectors begin anew.

        `ahead` is the environment of a clock that is set ahead, for those who would wait long
        before they try to send again.
        """
        self._stopping.set()
        self._thread.join()
        self.be("take")
        for name, upstream in self.upstreams.items():
            while upstream.waiting:
                wait(f"{name}: {upstream.waiting} things are still to happen")
        for name in list(self._running):
            self._kill(name)
            is_sending = self.upstreams[name].truth().exchanged is not None
            self._start(name, **(ahead if is_sending else {}))

    def end(self) -> None:
        """Let connectors end in order, once they have begun; raises where one does not."""
        for name, process in self._running.items():
            until(lambda n=name: self._has_begun(n), f"{name} begins")  # type: ignore[misc]
            process.terminate()
        for name, process in self._running.items():
            code = process.wait(LEAVE_SECONDS_MAX)
            assert code == 0, f"{name} ended with {code}"
        self._running.clear()

    def close(self) -> None:
        """End everything, whatever state it is in."""
        self._stopping.set()
        for name in list(self._running):
            self._kill(name)
        for upstream in self.upstreams.values():
            upstream.close()

    def check(self, hub: OpenHub) -> dict[str, tuple[str, list[str]]]:
        """Hold what each upstream has against what the hub counts of it: what was found, is wrong.

        Nothing has to be wrong yet while something of it is on the way.
        """
        return {name: differences(hub.store, name, u.truth()) for name, u in self.upstreams.items()}


def differences(store: Store, source: str, truth: Truth) -> tuple[str, list[str]]:
    """Hold an upstream's truth against what the hub counts of the things that it spoke of."""
    contract = registry.contracts()[registry.sources()[source].contract]
    facts = _facts(store, contract, _spoken(store, contract, source))
    pairs = [("facts", truth.facts, len(facts))]
    for name, wanted in truth.sums.items():
        pairs.append((f"sum of {name}", wanted, sum(f[name] or 0 for f in facts.values())))
    for name, wanted in truth.present.items():
        there = sum(f[name] is not None for f in facts.values())
        pairs.append((f"with {name}", wanted, there))
    with store.reading() as reading:
        query = "SELECT COUNT(*) FROM quarantine WHERE sender = :sender"
        rejected = int(reading.rows(query, sender=source)[0][0])
    if truth.rejected is not None:
        pairs.append(("rejected", truth.rejected, rejected))
    wrong = [f"{what}: upstream {a:,}, hub {b:,}" for what, a, b in pairs if a != b]
    text = ", ".join(f"{what} {b:,}" for what, _, b in pairs)
    if truth.whole is not None:
        wrong += _as_said(source, contract, truth.whole, facts)
        text += ", each as the upstream says it"
    if truth.exchanged is not None:
        states, other = _ledger(store, source, truth.exchanged)
        wrong += other
        text += f"; ledger: {', '.join(f'{n} {s}' for s, n in sorted(states.items()))}"
    return text, wrong if truth.facts else [*wrong, "nothing happened at the upstream"]


def _as_said(source: str, contract: Contract, whole: bytes, facts: Facts) -> list[str]:
    """Hold facts against what the upstream says as a whole, folded one by one."""
    fact = registry.facts()[contract.name]
    instants = [f.name for f in contract.fields if f.kind == "instant"]
    wrong = []
    for record in registry.connectors()[source].read("whole.json", whole):
        events: list[Mapping[str, Any]] = []
        for said in record.events:
            event: dict[str, Any] = {f.name: said.get(f.name) for f in contract.fields}
            at = {n: event[n] for n in instants if event[n] is not None}
            events.append(event | {n: to_us(datetime.fromisoformat(t)) for n, t in at.items()})
        kinds = contract.kinds
        events.sort(key=lambda e: (e["occurred_at"], kinds.index(e["kind"])))
        entity = contract.entity_of(dict(events[0]))
        values, there = fact.recount(events), facts.get(entity)
        if there is None or any(values[n] != there[n] for n in fact.types):
            wrong.append(f"{entity}: upstream {values}, hub {there}")
    return wrong


def _ledger(
    store: Store, source: str, exchanged: Mapping[str, str]
) -> tuple[Counter[str], list[str]]:
    """Hold the ledger of exchanges against what the service settled."""
    with store.reading() as reading:
        query = "SELECT entity, state, is_told FROM exchange WHERE source = :source"
        rows = reading.rows(query, source=source)
    there = {str(entity): str(state) for entity, state, _ in rows}
    names = sorted(there.keys() | exchanged.keys())
    wrong = [
        f"message about {n}: the service {exchanged.get(n)}, the ledger {there.get(n)}"
        for n in names
        if there.get(n) != exchanged.get(n)
    ]
    wrong += [f"the log was not told of {entity}" for entity, _, is_told in rows if not is_told]
    wrong += [
        f"{n} messages of {entity}" for entity, n in Counter(r[0] for r in rows).items() if n > 1
    ]
    return Counter(there.values()), wrong


def _facts(store: Store, contract: Contract, entities: set[str]) -> Facts:
    fact = registry.facts()[contract.name]
    names = list(fact.types)
    with store.reading() as reading:
        rows = reading.rows(f"SELECT entity, {', '.join(names)} FROM {fact.table}")
    return {r[0]: dict(zip(names, r[1:], strict=True)) for r in rows if r[0] in entities}


def _spoken(store: Store, contract: Contract, source: str) -> set[str]:
    """Give the things that a sender spoke of."""
    found: set[str] = set()
    with store.reading() as reading:
        rows = reading.stored(store.facts[contract.name], "")
        while chunk := list(islice(rows, AT_ONCE)):
            of_events = [r[0] for r in chunk for _ in range(r[2])]
            frame = decode_states(contract, chunk).with_columns(pl.Series("of", of_events))
            found |= set(frame.filter(pl.col("sender") == source)["of"])
    return found
