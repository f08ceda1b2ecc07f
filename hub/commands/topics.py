"""The commands `hub topics`: what must be in Kafka, and what is."""

from typing import Annotated

import typer

from hub import registry
from hub.settings import SettingsError, read_settings

app = typer.Typer(name="topics", help="Topics in Apache Kafka.", no_args_is_help=True)
EXAMPLES = {
    "topics plan": ("hub topics plan",),
    "topics apply": ("hub topics apply --replication 3",),
}


@app.command("plan")
def plan(
    partitions: Annotated[int, typer.Option(help="Partitions of the event topics.")] = 12,
) -> None:
    """Say what is to be done for the topics to be as they must be; exit 1 if anything is."""
    if _show_plan(partitions, None):
        raise typer.Exit(1)


@app.command("apply")
def apply(
    partitions: Annotated[int, typer.Option(help="Partitions of the event topics.")] = 12,
    replication: Annotated[int, typer.Option(help="Replicas of each partition.")] = 1,
) -> None:
    """Make and alter the topics as the plan says."""
    _show_plan(partitions, replication)


def _show_plan(partitions: int, replication: int | None) -> int:
    from hub.kafka.topics import Topics, wanted  # noqa: PLC0415 (the embedded profile needs no Kafka)

    settings = read_settings()
    if not settings.kafka_bootstrap:
        raise SettingsError(
            "HUB_KAFKA_BOOTSTRAP is not set: the embedded log has no topics to make"
        )
    topics = Topics(settings.kafka_bootstrap)
    steps = topics.plan(wanted(registry.contracts().values(), partitions))
    for step in steps:
        print(f"{step.action:6}  {step.topic.name}  {step.detail}")
    if not steps:
        print("nothing to do")
    if replication is not None:
        topics.apply(steps, replication)
    topics.close()
    return len(steps)
