"""An opened hub: log, store, and what is known of applying, from the settings.

Two profiles: embedded (SQLite log and store, applied here) and production (Kafka and PostgreSQL,
applied by workers).
"""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

from hub import registry
from hub.access.audit import Audit
from hub.access.seals import Seals, open_file
from hub.access.sessions import Sessions
from hub.alerts.delivering import Deliverer
from hub.alerts.outlet import Message, Outlets
from hub.alerts.telling import Teller
from hub.apply.rebuild import apply_all
from hub.apply.runner import Runner
from hub.apply.watch import Watch
from hub.archive.log import Archive, ArchivedLog
from hub.board.board import ask_first
from hub.board.published import Published, published
from hub.bulletins.issuing import Issuer
from hub.clock import Clock, system_clock, to_us
from hub.definitions.contract import Contract
from hub.figures.book import Book
from hub.figures.installed import Installed
from hub.figures.kpi import Kpi
from hub.figures.loading import load_lists
from hub.gateway.gateway import Gateway
from hub.gateway.signing import Signer
from hub.locks import AlreadyRunningError
from hub.log.log import Log, LogUnavailableError
from hub.log.spool import Spool
from hub.log.sqlite import SqliteLog
from hub.log.succession import succession_of
from hub.reference.checking import Flaw, check_tables
from hub.reference.form import Row
from hub.reports.dispatching import Dispatcher, Giving, Package, lay
from hub.settings import Settings, make_folder, read_own
from hub.sheets.mapping import FileMapping
from hub.sheets.province import Fault, ListFile, read_province
from hub.store.adopting import OtherLogError, adopt, check_known
from hub.store.mappings import list_name
from hub.store.reading import Reading
from hub.store.sql_views import views_of
from hub.store.sqlite import Sqlite
from hub.store.store import Store
from hub.store.troubles import DefinitionChangedError
from hub.troubles import TroubleError

if TYPE_CHECKING:
    from hub.kafka.log import KafkaLog

logger = logging.getLogger(__name__)
DEMO_MARK = "demo"


class ListsError(TroubleError):
    """The province's lists cannot be loaded; the message names the first thing that is wrong."""


# How long Kafka has to take what is sent where there is a spool; and what the spool holds.
SPOOLED_SECONDS_MAX, DRAINED_SECONDS_MAX = 3, 20
# What shows how much is done, out of how much.
Showing = Callable[[], AbstractContextManager[Callable[[int, int], None]]]


@dataclass
class OpenHub:
    """The parts of a running hub."""

    settings: Settings
    log: Log
    store: Store
    # What applies the log here, and what is known of applying, which may happen elsewhere.
    runner: Runner
    applying: Runner | Watch
    clock: Clock
    installed: Installed

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """The contracts of events, by name."""
        return self.installed.definitions.contracts

    @property
    def kpis(self) -> Mapping[str, Kpi]:
        """The KPIs, by id."""
        return self.installed.kpis

    def book(self, reading: Reading) -> Book:
        """Open the book on a snapshot, with all that is installed."""
        return self.installed.book(reading)

    def tend_columns(self) -> None:
        """See to the columns of facts; where they are new, ask of them what is asked first."""
        if self.store.tend_columns():
            with self.store.reading() as reading:
                now, kpis = to_us(self.clock()), self.kpis.values()
                ask_first(self.book(reading), kpis, now, self.published)

    @property
    def is_synthetic(self) -> bool:
        """Whether the log was filled by the demo."""
        return self.log.checkpoint(DEMO_MARK) is not None

    @property
    def published(self) -> tuple[Published, ...]:
        """What was published of the demo's year; of a province's own years nothing is known."""
        return published() if self.is_synthetic else ()

    def audit(self) -> Audit:
        """Open the audit log: a file of its own, or a table in the production store."""
        if self.settings.kafka_bootstrap:
            return Audit(self.store.database, self.clock)
        path = (self.settings.data_dir / "audit.sqlite3").absolute()
        return Audit(Sqlite(f"sqlite:///{path}", is_original=True), self.clock)

    def seals(self) -> Seals:
        """Open the keys of what was rejected: a file of their own, or a table of the store."""
        if self.settings.kafka_bootstrap:
            return Seals(self.store.database, self.clock)
        return Seals(open_file(self.settings.data_dir / "seals.sqlite3"), self.clock)

    def sessions(self) -> Sessions:
        """Open the sessions of people: a file of their own, or a table of the store."""
        if self.settings.kafka_bootstrap:
            return Sessions(self.store.database, self.clock)
        return Sessions(open_file(self.settings.data_dir / "sessions.sqlite3"), self.clock)

    def gateway(self) -> Gateway:
        """Open a gateway onto the log."""
        spool = None
        if self.settings.kafka_bootstrap and self.settings.spool_dir is not None:
            patient = _kafka_log(self.settings, self.store, DRAINED_SECONDS_MAX)
            spool = Spool(self.log, self.settings.spool_dir / "spool.sqlite3", patient)
        return Gateway(self.log, self.store, self.clock, self.signer(), self.seals().seal, spool)

    def teller(self) -> Teller:
        """Open what finds alerts and tells of them."""
        return Teller(self.log, self.store, self.book, registry.alert_rules(), self.clock)

    def deliverer(self) -> Deliverer:
        """Open what tells officers of alerts. Raises `SettingsError` for an outlet's settings."""
        url = self.settings.public_url or self.settings.url
        return Deliverer(self.store, self.outlets(), url, self.clock)

    def issuer(self) -> Issuer:
        """Open what tells people of alerts. Raises `SettingsError` for an outlet's settings."""
        return Issuer(self.store, self.outlets(), self.settings.subscribers_file, self.clock)

    def outlets(self) -> Outlets:
        """Open the outlets, each with its settings. Raises `SettingsError`."""
        return {
            name: (outlet, read_own(f"outlet_{name}", outlet.settings))
            for name, outlet in registry.outlets().items()
        }

    def dispatcher(self) -> Dispatcher:
        """Open what gives scheduled reports. Raises `SettingsError` for an outlet's settings."""
        outlet = registry.outlets()["mail"]
        settings = read_own("outlet_mail", outlet.settings)

        def mail(package: Package) -> None:
            own = (package.id, package.written_at, package.title, package.lines)
            message = Message(*own, package.title, "", (), package.files)
            outlet.send(outlet.write(message, package.address), settings)

        giving: dict[str, Giving] = {"mail": mail, "folder": partial(lay, self.settings.reports)}
        asked = (self.store, self.book, registry.reports(), giving, self.clock)
        return Dispatcher(*asked, is_synthetic=self.is_synthetic)

    def signer(self) -> Signer:
        """Open the keys that sign receipts. Raises `SigningKeyError`."""
        return Signer(self.settings.signing_keys, to_us(self.clock()))


@contextmanager
def open_hub(
    settings: Settings, clock: Clock = system_clock, *, check: bool = True
) -> Iterator[OpenHub]:
    """Open the hub of the settings; nothing is applied yet.

    Raises `DefinitionChangedError`, unless told not to `check`, where its figures follow other
    definitions than the installed ones.
    """
    installed = registry.installed()
    definitions = installed.definitions
    store = None
    log: Log | None = None
    try:
        if settings.kafka_bootstrap:
            store = Store(settings.database_url, definitions, columns=settings.columns)
            log = open_kafka_log(settings, store)
        else:
            make_folder(settings.data_dir)
            log = SqliteLog(settings.log_path)
            store = Store(settings.store_url, definitions, columns=settings.columns)
        store.succession = succession_of(log)
        store.show(views_of(definitions, installed.lists.installed.forms))
        if settings.archive_dir is not None:
            log = ArchivedLog(log, Archive(settings.archive_dir))
        if check:
            store.check_definitions()
            if not settings.kafka_bootstrap:  # which may be away
                check_logs(log, store)
        lock_path = None if settings.kafka_bootstrap else settings.data_dir / "apply.lock"
        runner = Runner(log, store, lock_path, clock)
        applying = Watch(log, store) if settings.kafka_bootstrap else runner
        yield OpenHub(settings, log, store, runner, applying, clock, installed)
    finally:
        if log is not None:
            log.close()
        if store is not None:
            store.close()


def check_logs(log: Log, store: Store) -> None:
    """Raise a `TroubleError` where archive, log and store are not of one hub.

    A store of the log from which this one was restored goes on with this one.
    """
    topics = [c.topic for c in store.definitions.applied.values()]
    if isinstance(log, ArchivedLog):
        log.check_belongs(topics)
    is_ahead = not adopt(store, store.succession, log.identity)
    check_known(store, lambda name, topic: topic not in topics or name == log.identity(topic))
    with store.reading() as reading:
        at = {topic: reading.positions(log.identity(topic), topic) for topic in topics}
    ends = log.ends_of(topic for topic, positions in at.items() if positions)
    for topic, positions in at.items():
        is_ahead |= any(n > ends[topic].get(partition, 0) for partition, n in positions.items())
    if is_ahead:
        raise OtherLogError(
            "cơ sở dữ liệu đã tính xa hơn nhật ký: nhật ký là một bản cũ; đặt lại nhật ký mới hơn,"
            " hoặc chạy `hub rebuild --replace` |"
            " the database was applied further than the log goes, which is an older copy; put back"
            " a newer one, or run `hub rebuild --replace`"
        )


def open_kafka_log(settings: Settings, store: Store) -> "KafkaLog":
    """Open the log in Kafka, with schema ids from the registry where one is set."""
    if settings.schema_registry_url:
        from hub.kafka import schema_registry  # noqa: PLC0415

        schema_registry.adopt(settings.schema_registry_url, store.definitions.contract)
    # With a spool behind it nobody need wait long for a broker that is away.
    wait = SPOOLED_SECONDS_MAX if settings.spool_dir is not None else None
    return _kafka_log(settings, store, wait)


def _kafka_log(settings: Settings, store: Store, seconds: int | None) -> "KafkaLog":
    # The embedded profile needs no Kafka client.
    from hub.kafka.credentials import Credentials  # noqa: PLC0415
    from hub.kafka.log import KafkaLog  # noqa: PLC0415

    return KafkaLog(settings.kafka_bootstrap, store, seconds, Credentials.of(settings))


def names_for_lists(installed: Installed) -> dict[str, Collection[str]]:
    """Give what lists may name that is of the hub: by the column that names it."""
    return {"contract": installed.definitions.contracts, "kpi": installed.kpis}


def load_tables(hub: OpenHub, tables: Mapping[str, list[Row]], by: str) -> dict[str, str]:
    """Load lists where they are not in force yet; give the digests of those loaded.

    Raises `LogUnavailableError`.
    """
    return load_lists(hub.log, tables, to_us(hub.clock()), by)


def confirm_mapping(hub: OpenHub, mapping: FileMapping, by: str) -> None:
    """Append the event by which a sender's files are read from now on, where it says anything new.

    Raises `LogUnavailableError`.
    """
    load_tables(hub, {list_name(mapping.contract, mapping.sender): mapping.rows}, by)


def load_province(hub: OpenHub, folder: Traversable, by: str) -> dict[str, str]:
    """Load a folder's lists, checked, as `load_tables` does.

    Raises `ListsError`, which names the first fault; `hub reference check` names all.
    """
    forms = hub.installed.lists.installed.forms
    files = read_province(forms, folder)
    tables = {name: file.rows for name, file in files.items()}
    flaws = check_tables(forms, tables, names_for_lists(hub.installed))
    for name, file in files.items():
        wrong = [flaw for flaw in flaws[name] if not flaw.is_note]
        if file.faults or wrong:
            first = file.faults[0].text() if file.faults else _said(file, wrong[0])
            raise ListsError(f"{folder}: {first}; hub reference check")
    return load_tables(hub, tables, by)


def _said(file: ListFile, flaw: Flaw) -> str:
    words = (flaw.column, flaw.value, flaw.rule, flaw.vi, flaw.en)
    return Fault(file.file, file.lines[flaw.row], *words).text()


@contextmanager
def running(hub: OpenHub) -> Iterator[None]:
    """Apply the log here, or follow those who do. Raises `AlreadyRunningError`.

    The province's lists are loaded first, where the settings name a folder of them.
    """
    if isinstance(hub.applying, Runner):
        hub.applying.lock()
    if hub.settings.reference_dir is not None:
        try:
            load_province(hub, hub.settings.reference_dir, "HUB_REFERENCE_DIR")
        except LogUnavailableError as error:
            # A gateway starts without Kafka. What was in force before stays so; `/readyz` says
            # which lists are missing.
            logger.error("lists of HUB_REFERENCE_DIR wait for the next start: %s", error)
    hub.applying.start()
    try:
        yield
    finally:
        hub.applying.stop()


def catch_up(hub: OpenHub) -> None:
    """Apply what the log holds, unless another process is at it."""
    if hub.settings.kafka_bootstrap:
        return
    try:
        hub.runner.lock()
    except AlreadyRunningError:
        return
    try:
        hub.runner.catch_up()
    finally:
        hub.runner.stop()


def applied(hub: OpenHub, contract: Contract) -> Callable[[], bool]:
    """Give what tells whether all events of a contract that are in the log now are applied."""
    ends = hub.log.ends(contract.topic)

    def is_applied() -> bool:
        with hub.store.reading() as reading:
            stands = reading.positions(hub.log.identity(contract.topic), contract.topic)
        return all(stands.get(partition, 0) >= end for partition, end in ends.items())

    return is_applied


def bring_up(hub: OpenHub, showing: Showing) -> int | None:
    """Apply what nobody else can; count it where nothing was applied before, else give None.

    Where the log has forgotten what was not applied yet, workers cannot go on by themselves.
    """
    try:
        hub.store.check_definitions()
    except DefinitionChangedError:
        return None  # what is in force stays as it is
    if not hub.settings.kafka_bootstrap:
        catch_up(hub)
        return None
    with hub.store.reading() as reading:
        at = {
            c.topic: reading.positions(hub.log.identity(c.topic), c.topic)
            for c in hub.installed.definitions.applied.values()
        }
    live = hub.log.live if isinstance(hub.log, ArchivedLog) else hub.log
    is_behind = any(
        at[topic].get(partition, 0) < begin
        for topic in at
        for partition, begin in live.begins(topic).items()
    )
    is_new = not any(sum(positions.values()) for positions in at.values())
    if not is_behind and not is_new:
        return None
    with showing() as report:
        applied = apply_all(hub.runner, report)
    return applied if is_new else None
