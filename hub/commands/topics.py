"""The commands `hub topics`: what must be in Kafka, and what is."""

from typing import TYPE_CHECKING, Annotated

import typer

from hub import registry
from hub.settings import SettingsError, read_settings

if TYPE_CHECKING:
    from hub.kafka.topics import Topics

app = typer.Typer(name="topics", help="Topics in Apache Kafka.", no_args_is_help=True)
EXAMPLES = {
    "topics plan": ("hub topics plan --replication 3",),
    "topics apply": ("hub topics apply --replication 3",),
    "topics rights": (
        "hub topics rights serve --user gateway",
        "hub topics rights 'connect payments' --user connect-payments --apply",
    ),
    "topics limits": ("hub topics limits 'connect payments' --user connect-payments --apply",),
}


@app.command("plan")
def plan(
    partitions: Annotated[int, typer.Option(help="Partitions of the event topics.")] = 12,
    replication: Annotated[
        int | None, typer.Option(help="Replicas that each must have.", show_default=False)
    ] = None,
) -> None:
    """Say what is to be done for the topics to be as they must be; exit 1 if anything is.

    With --replication 3 a topic with fewer replicas is named, and so is one that acknowledges what
    a single broker has.
    """
    if _show_plan(partitions, replication, is_applied=False):
        raise typer.Exit(1)


@app.command("apply")
def apply(
    partitions: Annotated[int, typer.Option(help="Partitions of the event topics.")] = 12,
    replication: Annotated[
        int | None,
        typer.Option(
            help="Replicas of each partition; new topics have the brokers' default without it.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Make and alter the topics as the plan says."""
    _show_plan(partitions, replication, is_applied=True)


@app.command("rights")
def show_rights(
    process: Annotated[
        str, typer.Argument(help="serve, work, operate, or 'connect NAME'.", show_default=False)
    ],
    user: Annotated[str, typer.Option(help="Who runs it: its user, or its certificate's name.")],
    is_applied: Annotated[
        bool, typer.Option("--apply", help="Grant what is missing and revoke the rest.")
    ] = False,
) -> None:
    """Say which rights a process's user lacks in Kafka or has beyond its need; exit 1 if any.

    With --apply they are granted and revoked. A certificate's user is its whole subject, such as
    CN=gateway.
    """
    from hub.kafka import rights  # noqa: PLC0415 (the embedded profile needs no Kafka)

    sources = _sources()
    try:
        wanted = rights.rights(process, registry.contracts().values(), sources)
    except KeyError:
        raise _unknown(process) from None
    topics = _open_topics()
    try:
        there = rights.granted(topics, user)
        for right in sorted(wanted - there):
            print(f"grant   {user}  {right}")
        for right in sorted(there - wanted):
            print(f"revoke  {user}  {right}")
        if wanted == there:
            print("nothing to do")
        elif not is_applied:
            raise typer.Exit(1)
        rights.grant(topics, user, wanted - there)
        rights.revoke(topics, user, there - wanted)
    finally:
        topics.close()


@app.command("limits")
def show_limits(
    process: Annotated[
        str, typer.Argument(help="serve, work, operate, or 'connect NAME'.", show_default=False)
    ],
    user: Annotated[str, typer.Option(help="Who runs it: its user, or its certificate's name.")],
    is_applied: Annotated[
        bool, typer.Option("--apply", help="Set these limits and take all others.")
    ] = False,
) -> None:
    """Say how a user's limits in Kafka differ from those of its process; exit 1 if they do.

    They are bytes a second at each broker, and hundredths of one of its threads. Who is faster is
    made to wait, and loses nothing. With --apply they are set.
    """
    from hub.kafka import rates  # noqa: PLC0415 (the embedded profile needs no Kafka)

    try:
        wanted = rates.rates(process, _sources())
    except KeyError:
        raise _unknown(process) from None
    topics = _open_topics()
    try:
        there = rates.in_force(topics, user)
        for key in sorted(wanted.keys() | there.keys()):
            if wanted.get(key) != there.get(key):
                print(f"{user}  {key}  {_limit(there.get(key))} -> {_limit(wanted.get(key))}")
        if wanted == there:
            print("nothing to do")
        elif not is_applied:
            raise typer.Exit(1)
        rates.limit(topics, user, wanted)
    finally:
        topics.close()


def _limit(value: float | None) -> str:
    return "none" if value is None else f"{value:,.0f}"


def _sources() -> dict[str, str]:
    return {name: source.contract for name, source in registry.sources().items()}


def _unknown(process: str) -> typer.BadParameter:
    from hub.kafka import rights  # noqa: PLC0415 (the embedded profile needs no Kafka)

    known = ", ".join(rights.processes(_sources()))
    return typer.BadParameter(
        f"{process}: không có tiến trình này | there is no such process; {known}"
    )


def _open_topics() -> "Topics":
    # The embedded profile needs no Kafka.
    from hub.kafka.credentials import Credentials  # noqa: PLC0415
    from hub.kafka.topics import Topics  # noqa: PLC0415

    settings = read_settings()
    if not settings.kafka_bootstrap:
        raise SettingsError(
            "HUB_KAFKA_BOOTSTRAP is not set: the embedded log has no topics to make"
        )
    return Topics(settings.kafka_bootstrap, Credentials.of(settings))


def _show_plan(partitions: int, replication: int | None, *, is_applied: bool) -> int:
    from hub.kafka.topics import wanted  # noqa: PLC0415 (the embedded profile needs no Kafka)

    topics = _open_topics()
    steps = topics.plan(wanted(registry.contracts().values(), partitions), replication)
    for step in steps:
        print(f"{step.action:6}  {step.topic.name}  {step.detail}")
    if not steps:
        print("nothing to do")
    if is_applied:
        topics.apply(steps, replication)
    topics.close()
    return len(steps)
