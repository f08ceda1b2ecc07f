"""The command `hub doctor`: what is to be seen to, and what to do about it."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from hub import registry
from hub.clock import system_clock
from hub.commands.console import settings_for_reading
from hub.doctor.finding import Finding, good
from hub.doctor.machine import of_machine
from hub.doctor.parties import of_parties
from hub.doctor.records import of_records
from hub.opening import open_hub
from hub.settings import Settings
from hub.troubles import TroubleError

app = typer.Typer()
EXAMPLES = {
    "doctor": ("hub doctor", "hub doctor --json"),
}


@app.command()
def doctor(
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, for other programs.")
    ] = False,
) -> None:
    """Look at settings, machine, clock, log, archive, keys, duties, connectors; exit 1 on a fault.

    It changes nothing, and may run beside the hub. Each finding says what to do.
    """
    findings = list(examine(settings_for_reading()))
    if as_json:
        print(json.dumps([asdict(f) for f in findings], ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            print(finding.text())
    if any(f.level == "fault" for f in findings):
        raise typer.Exit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything that can be looked at; what is away is a finding, too."""
    yield from of_machine(settings, system_clock())
    try:
        if settings.kafka_bootstrap:
            yield from _of_topics(settings)
        with open_hub(settings) as hub:
            yield from of_records(hub)
            yield from of_parties(hub)
    except TroubleError as error:
        yield Finding(
            "fault",
            "hub",
            f"không mở được: {error}",
            f"it cannot be opened: {error}",
            "sửa điều nêu trên rồi chạy lại `hub doctor`",
            "mend what is named and run `hub doctor` again",
        )
    for name in registry.sources():
        own = registry.beside_source(name, "doctor")
        if own is not None:
            yield from own.findings()


def _of_topics(settings: Settings) -> Iterator[Finding]:
    # The embedded profile needs no Kafka.
    from hub.kafka.credentials import Credentials  # noqa: PLC0415
    from hub.kafka.topics import Topics, wanted  # noqa: PLC0415

    topics = Topics(settings.kafka_bootstrap, Credentials.of(settings))
    try:
        contracts = registry.contracts().values()
        # How many partitions there are is the province's own affair.
        steps = [s for s in topics.plan(wanted(contracts)) if s.is_possible]
    finally:
        topics.close()
    for step in steps:
        yield Finding(
            "fault",
            f"topic {step.topic.name}",
            f"{step.action}: {step.detail}",
            f"{step.action}: {step.detail}",
            "`hub topics plan`, rồi `hub topics apply`",
            "`hub topics plan`, then `hub topics apply`",
        )
    if not steps:
        yield good("topics", "đủ và đúng cấu hình", "all are there and configured")
