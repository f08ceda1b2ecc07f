"""The command `hub restore`: a lost log, made again from the archive."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from hub import registry
from hub.apply.rebuild import apply_all
from hub.archive import restoring
from hub.archive.manifest import ArchiveError
from hub.archive.restoring import Outcome, Plan
from hub.clock import iso, iso_day, system_clock, to_us
from hub.commands.console import act, complain, progress
from hub.definitions.own.control import CONTROL
from hub.locks import held
from hub.log.sqlite import SqliteLog
from hub.opening import open_hub, open_kafka_log
from hub.settings import Settings, read_settings
from hub.store.adopting import adopt, check_known
from hub.store.store import Store

app = typer.Typer()
EXAMPLES = {
    "restore": ("hub restore /mnt/luu-tru",),
}


@app.command()
def restore(
    archive: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="The folder of the archive.")
    ],
    partitions: Annotated[
        int, typer.Option(help="Partitions of event topics in Kafka that are not there yet.")
    ] = 12,
    replication: Annotated[int, typer.Option(help="Replicas of their partitions.")] = 1,
) -> None:
    """Make a lost log again from an archive, in an empty HUB_DATA_DIR or profile, and apply it.

    The log gets a new identity and the same offsets; a store that came from a backup goes on with
    it. Exit 1 where a file of the archive is missing or damaged, 2 where something is there
    already; then nothing was changed.
    """
    settings = read_settings()
    definitions = registry.definitions()
    topics = [c.topic for c in definitions.applied.values()]
    try:
        planned = restoring.plan(archive, topics)
        with progress("checking the archive") as report:
            restoring.check_files(planned, report)
        if settings.kafka_bootstrap:
            outcome = _in_kafka(settings, planned, partitions, replication)
        else:
            outcome = _embedded(settings, planned)
    except ArchiveError as error:
        complain(f"{error}")
        raise typer.Exit(1) from None
    print(
        f"{outcome.records:,} records and {outcome.receipts:,} receipts restored, of what was"
        f" accepted up to {iso(outcome.latest_at)}"
    )
    with open_hub(settings) as hub:
        act(hub, "log_restored", archive=str(archive), manifest=planned.manifest.previous)
        hub.runner.lock()
        with progress("applying") as report:
            applied = apply_all(hub.runner, report)
        hub.runner.stop()
    print(f"{applied:,} events applied; make sure by `hub verify`")


def _embedded(settings: Settings, planned: Plan) -> Outcome:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    log = SqliteLog(settings.log_path)
    store = Store(settings.store_url, registry.definitions())
    try:
        with held(settings.data_dir / "apply.lock"):
            with log.refilling() as into, progress("restoring") as report:
                check_known(store, planned.is_known)
                now = to_us(system_clock())
                outcome = restoring.restore(planned, into, log.identity, CONTROL.topic, now, report)
            _settle(store, outcome, log.identity)
    finally:
        store.close()
        log.close()
    return outcome


def _in_kafka(settings: Settings, planned: Plan, partitions: int, replication: int) -> Outcome:
    from hub.kafka import refilling, topics  # noqa: PLC0415 (the embedded profile needs no Kafka client)

    store = Store(settings.database_url, registry.definitions())
    log = open_kafka_log(settings, store)
    try:
        wanted = topics.wanted(registry.contracts().values(), partitions)
        steps = log.topics.plan(wanted)
        log.topics.apply([s for s in steps if s.action == "create"], replication)
        with (
            refilling.refilling(log, settings.kafka_bootstrap, store) as into,
            progress("restoring") as report,
        ):
            check_known(store, planned.is_known)
            now = to_us(system_clock())
            outcome = restoring.restore(planned, into, log.identity, CONTROL.topic, now, report)
        for receipt in into.lost:
            print(
                f"lost: receipt {receipt.id} of {receipt.sender}, {iso_day(receipt.day)}:"
                f" {receipt.accepted + receipt.rejected} items; they are to be sent again"
            )
        _settle(store, outcome, log.identity)
    finally:
        store.close()
        log.close()
    return outcome


def _settle(store: Store, outcome: Outcome, identity: Callable[[str], str]) -> None:
    """Let a store from a backup go on with the new log, or be made anew where it is ahead of it."""
    if not adopt(store, outcome.succession, identity):
        store.clear_derived()
        complain(
            "bản sao cơ sở dữ liệu đã tính xa hơn kho lưu trữ: số liệu được tính lại từ đầu |"
            " the database's backup was applied further than the archive goes: its figures are"
            " counted anew, without what was known when",
            "yellow",
        )
