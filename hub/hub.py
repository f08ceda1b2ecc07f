"""An opened hub: log, store, runner and gateway of the embedded profile, from the settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hub import registry
from hub.clock import Clock, system_clock
from hub.gateway import Gateway
from hub.log import SqliteLog
from hub.runner import AlreadyRunningError, Runner
from hub.settings import Settings
from hub.store import Store

DEMO_MARK = "demo"


@dataclass
class OpenHub:
    """The parts of a running hub."""

    settings: Settings
    log: SqliteLog
    store: Store
    runner: Runner
    clock: Clock

    @property
    def is_synthetic(self) -> bool:
        """Whether the log was filled by the demo."""
        return self.log.checkpoint(DEMO_MARK) is not None

    def gateway(self) -> Gateway:
        """Open a gateway onto the log."""
        return Gateway(self.log, self.store, self.clock)


@contextmanager
def open_hub(
    settings: Settings, clock: Clock = system_clock, *, check: bool = True
) -> Iterator[OpenHub]:
    """Open the hub in the settings' data folder; nothing is applied yet.

    Raises `DefinitionChangedError`, unless told not to `check`, where its figures follow other
    definitions than the installed ones.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    log = SqliteLog(settings.log_path)
    store = Store(settings.store_url, registry.facts())
    try:
        if check:
            store.check_definitions()
        lock_path = settings.data_dir / "apply.lock"
        runner = Runner(log, store, lock_path, clock)
        yield OpenHub(settings, log, store, runner, clock)
    finally:
        store.close()
        log.close()


def catch_up(hub: OpenHub) -> None:
    """Apply what the log holds, unless another process is at it already."""
    try:
        hub.runner.lock()
    except AlreadyRunningError:
        return
    try:
        hub.runner.catch_up()
    finally:
        hub.runner.stop()
