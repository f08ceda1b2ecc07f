"""Feeds: what a connector reads its upstream by, and how it says what it read.

A connector is a folder of `connectors`: `source.py` says who reports how often, `connector.py`
holds a `CONNECTOR`, and `cases/` the upstream's own bytes with what must come of them. Everything
else (validation, durability, retries, the breaker, metrics) is `hub.connecting.connection`'s.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol, runtime_checkable

from pydantic_settings import BaseSettings

from hub.clock import Clock
from hub.connecting.exchanges import Exchanges
from hub.connecting.reconciling import Lacking
from hub.definitions import again
from hub.definitions.admission import Verdict
from hub.definitions.ranges import Ranges
from hub.log.log import Log
from hub.sheets.mapping import FileMapping
from hub.sheets.tabular import TableRead
from hub.troubles import TroubleError

JsonObject = again.JsonObject
Known = again.Known
# Gives the rows of a list that is in force; raises `UpstreamError` where that cannot be told.
Listed = Callable[[str], Sequence[Mapping[str, str]]]


class UpstreamError(TroubleError):
    """The upstream is away or refuses for now; after `retry_seconds` it asked to be tried again."""

    def __init__(self, message: str, retry_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


def _as_it_is(verdict: Verdict) -> Verdict:
    """Say a verdict as it is."""
    return verdict


@dataclass(frozen=True)
class Record:
    """One record of the upstream: its bytes as they came, and what it says.

    `events` are JSON values of the contract; `verdict` says why the record cannot be read, and then
    there are none. `place` is where it stands, such as a row's number; no two records of a delivery
    have the same. `known_by` are bytes by which it is known again, where those are not its own.
    `said` says a verdict on its events in the words of who sent it.
    """

    original: bytes
    events: tuple[JsonObject, ...] = ()
    verdict: Verdict | None = None
    place: int = 0
    known_by: bytes = b""
    said: Callable[[Verdict], Verdict] = field(
        default=_as_it_is, compare=False, repr=False, kw_only=True
    )


def _none_known(_: Sequence[str], __: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Know of nothing."""
    return {}


def _no_rows(_: str) -> Sequence[Mapping[str, str]]:
    """Give no rows: the list is not loaded."""
    return ()


def _nothing(_: list[Verdict]) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Delivery:
    """What one read of the upstream brought.

    `checkpoints` become durable together with the events. `acknowledge` is called when everything
    is durable, with the verdicts on what was rejected (their index is the record's place); what it
    raises as `UpstreamError` is retried by reading again. `refuse` is called where so much of it is
    wrong that nothing was taken. `passed_over` counts what came and is no record, such as a message
    that tells of a device.
    """

    records: list[Record]
    checkpoints: Mapping[str, str] = field(default_factory=dict)
    acknowledge: Callable[[list[Verdict]], None] = _nothing
    refuse: Callable[[list[Verdict]], None] = _nothing
    passed_over: int = 0


class Feed(Protocol):
    """An open upstream. What was not acknowledged is delivered again, by this feed or the next."""

    def fetch(self, seconds: float) -> Delivery | None:
        """Give what the upstream has, waiting at most so long; raises `UpstreamError`."""

    def close(self) -> None:
        """Close the connection."""


@dataclass
class Load:
    """What a feed costs its source since it started, and what waits: in heartbeat and metrics.

    `waiting` counts by what it is: gaps in keys, rows of running transactions, records to be read.
    """

    reads: int = 0
    read_seconds: float = 0.0
    last_rows: int = 0
    waiting: dict[str, int] = field(default_factory=dict)

    def public(self) -> JsonObject:
        """Say it as JSON."""
        return {
            "reads": self.reads,
            "read_seconds": round(self.read_seconds, 3),
            "last_rows": self.last_rows,
            "waiting": dict(self.waiting),
        }


@runtime_checkable
class Loading(Protocol):
    """A feed that knows what it costs its source."""

    def load(self) -> Load:
        """Say what it costs."""


@dataclass(frozen=True)
class Context:
    """What a feed may use: the log, for its checkpoints alone, the clock, the ranges of values,
    what is known of the things that its events are about, the mapping of its source's files, the
    rows of a list in force, and what it exchanges with another service.

    `since` is the day from which history is to be loaded, beside what is new. `known` raises
    `UpstreamError` where not all that is in the log is known yet.
    """

    log: Log
    clock: Clock
    since: date | None = None
    ranges: Callable[[], Ranges] = Ranges
    known: Known = _none_known
    mapping: Callable[[], FileMapping | None] = lambda: None
    listed: Listed = _no_rows
    exchanges: Exchanges | None = None


@dataclass(frozen=True)
class OwnFiles:
    """Files in forms of their own, such as devices write, which are no tables of a contract.

    `is_one` knows a file by its first lines; `read` gives its items as rows, by the rows of the
    list that is called `by`, or without the list, to try it.
    """

    by: str
    is_one: Callable[[bytes], bool]
    read: Callable[[bytes, Sequence[Mapping[str, str]] | None], TableRead]


@dataclass(frozen=True)
class Connector:
    """How a source is read.

    `settings` is a class whose fields are set by `HUB_<SOURCE>_<FIELD>`. `read` turns bytes of the
    upstream (a page, a message, a file; with its name) into records and is pure: the cases go
    through it. `open` begins to read. `own` are files that are taken over HTTP, too. `reconcile`
    gives, page by page, how many records the upstream has of a span of instants, and which of them
    are not here as it has them. `unstruck` says of a source without a simulator why `make chaos`
    may leave it out: that another, which it strikes, is read by the same code.
    """

    settings: type[BaseSettings]
    read: Callable[[str, bytes], list[Record]]
    open: Callable[[Any, Context], Feed]
    takes_since: bool = False
    own: OwnFiles | None = None
    reconcile: (
        Callable[[Any, Context, datetime, datetime], Iterator[tuple[int, list[Lacking]]]] | None
    ) = None
    unstruck: str = ""
