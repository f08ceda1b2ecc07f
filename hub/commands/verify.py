"""The command `hub verify`: every figure recomputed from the log by another path."""

from typing import Annotated, Any

import typer

from hub.clock import to_us
from hub.commands.console import complain_of_nothing, progress_bar, settings_for_reading
from hub.opening import catch_up, check_logs, open_hub
from hub.proof import verify as verifying
from hub.proof.sample import Sample, parse_share

app = typer.Typer()
EXAMPLES = {
    "verify": ("hub verify", "hub verify --sample 1%"),
}


@app.command()
def verify(
    sample: Annotated[
        str, typer.Option(help="Look at a share, such as 1%, another one each time.")
    ] = "",
) -> None:
    """Recompute everything from the log by another path; exit 1 and name what differs."""
    try:
        share = parse_share(sample) if sample else 0.0
    except ValueError as error:
        raise typer.BadParameter(f"--sample: {error}") from None
    settings = settings_for_reading()
    with open_hub(settings) as hub:
        check_logs(hub.log, hub.store)
        catch_up(hub)
        with progress_bar() as bar:
            tasks: dict[str, Any] = {}

            def report(name: str, done: int, total: int) -> None:
                if name not in tasks:
                    tasks[name] = bar.add_task(name, total=total)
                bar.update(tasks[name], completed=done, total=total)

            begun = to_us(hub.clock())
            looked_at = Sample(share, begun) if sample else None
            findings = verifying.verify(hub.log, hub.store, hub.installed, report, looked_at)
        verifying.state(hub.log, findings, begun, looked_at)
    for line in findings.differences[: verifying.DIFFERENCES_SHOWN_MAX]:
        print(line)
    more = len(findings.differences) - verifying.DIFFERENCES_SHOWN_MAX
    if more > 0:
        print(f"… and {more} more")
    print(
        f"{findings.events:,} events, {findings.facts:,} facts and {findings.cells:,} cells"
        f" recomputed: {len(findings.differences)} differences"
    )
    if not findings.read:
        complain_of_nothing(settings)
    if findings.differences or not findings.read:
        raise typer.Exit(1)
