"""Apply: a batch of events changes facts, cells, ledger and position in one transaction.

Nothing else ever writes a figure. What a batch changes is found in steps (`entities.find_change`):
decode in columns, join the stored events of the touched entities, part repeats, fold each entity as
it was and as it is, and add the difference to the cells.
"""

import gc
from collections.abc import Callable, Sequence

from hub.apply import intake
from hub.apply.acts import find_acts, find_alerts
from hub.apply.change import Change
from hub.apply.entities import find_change
from hub.apply.set_aside import find_rejections
from hub.clock import Clock, to_us
from hub.definitions.contract import Contract
from hub.definitions.fact import Fact
from hub.definitions.own.alert import ALERT
from hub.definitions.own.control import CONTROL
from hub.log.slices import Slice, join
from hub.store.store import Store
from hub.store.troubles import FencedError, VersionMismatchError

RETRIES_MAX = 5


class Applier:
    """Applies a log to the store, one topic's slices at a time.

    `has_listeners`: somebody publishes notices of what was set aside, so they are to be left.
    """

    def __init__(
        self,
        store: Store,
        identity: Callable[[str], str],
        clock: Clock,
        *,
        has_listeners: bool = False,
    ) -> None:
        self._store = store
        self._identity = identity
        self._clock = clock
        self._has_listeners = has_listeners

    def apply(self, contract: Contract, slices: Sequence[Slice], shard: int = 0) -> None:
        """Apply slices of one topic, of one partition or several, from their positions on.

        Cells are added to in a `shard`: any number; who has one of their own waits for nobody.

        Raises `FencedError` where somebody else has moved a position, `DefinitionChangedError`
        where the store's figures follow other definitions, `StoreUnavailableError`.
        """
        # A batch makes hundreds of thousands of rows that all live until it is written: collecting
        # garbage among them finds none, and took an eighth of the time.
        gc.disable()
        try:
            for attempt in range(RETRIES_MAX):
                try:
                    self._apply_once(contract, slices, shard)
                except VersionMismatchError:
                    if attempt == RETRIES_MAX - 1:
                        raise
                else:
                    return
        finally:
            gc.enable()

    def _apply_once(self, contract: Contract, slices: Sequence[Slice], shard: int) -> None:
        fact = self._store.facts.get(contract.name)
        build, change = self._find(fact, contract, slices, shard)
        log = self._identity(contract.topic)
        with self._store.writing() as writing:
            at = writing.instant(to_us(self._clock()))
            spans = _spans(slices)
            followings = {partition: following for partition, (_, following) in spans.items()}
            writing.swap_positions(log, contract.topic, spans, at)
            writing.keep_cut(log, contract.topic, followings, at, change.aside, change.heard_each)
            writing.check_build(build)
            if fact is not None:
                writing.check_definition(fact)
                writing.write_facts(fact, change.created, change.changed)
                writing.write_cells(fact, change.cells)
            writing.add_ledger(change.ledger)
            writing.add_arrivals(change.arrivals)
            if fact is not None and change.arrivals is not None:
                writing.touch(fact, shard, at, change.cells, change.arrivals)
            writing.add_lateness(change.lateness)
            writing.hear(change.heard)
            writing.quarantine(change.quarantine)
            writing.close_periods(change.closings)
            writing.keep_lists(change.lists)
            writing.keep_declarations(change.declarations)
            writing.keep_alerts(change.alerts)
            if self._has_listeners:
                writing.notify(change.notices)

    def _find(
        self, fact: Fact | None, contract: Contract, slices: Sequence[Slice], shard: int
    ) -> tuple[str | None, Change]:
        """Work out what slices change; what that took of memory is free again when it is written.

        Gives the name of the set of tables that was read, too.
        """
        taken = intake.take(contract, join(list(slices)))
        with self._store.reading() as reading:
            build = reading.build()
            if contract.name == CONTROL.name:
                return build, find_acts(contract, taken, reading, shard)
            if contract.name == ALERT.name:
                return build, find_alerts(contract, taken, reading, shard)
            if fact is None:
                return build, find_rejections(contract, taken, reading, shard)
            return build, find_change(fact, contract, taken, reading, shard)


def _spans(slices: Sequence[Slice]) -> dict[int, tuple[int, int]]:
    """Give per partition what its slices span: the first offset, and the one after the last.

    Raises `FencedError` where one does not follow the other: then something between them is gone.
    """
    spans: dict[int, tuple[int, int]] = {}
    for s in slices:
        first, following = spans.get(s.partition, (s.first, s.first))
        if s.first != following:
            raise FencedError(f"{s.topic}/{s.partition}: {s.first} does not follow {following}")
        spans[s.partition] = first, s.following
    return spans
