"""The command `hub kpi`: figures, as a table or as HTTP gives them."""

import json
from typing import Annotated

import typer

from hub.board import board
from hub.clock import system_clock, to_us
from hub.commands import show
from hub.commands.console import read_filters, read_period, settings_for_reading
from hub.figures.compute import read_as_of, read_question
from hub.figures.official import answer, as_known
from hub.opening import catch_up, open_hub

app = typer.Typer()
EXAMPLES = {
    "kpi": (
        "hub kpi --period 2023",
        "hub kpi dossier_on_time_share --period 2023-Q2 --by unit",
        "hub kpi payment_amount --period 2023 --where service=electricity --json",
        "hub kpi dossier_on_time_share --period 2023 --version 1",
    ),
}
ROLES = "A role that the KPI has, such as received_by, resolved_by or citizen."


@app.command()
def kpi(
    kpi_id: Annotated[str | None, typer.Argument(metavar="[ID]")] = None,
    period: Annotated[str, typer.Option(help="2023 2023-H1 2023-Q1 2023-05 2023-W07 …")] = "",
    by: Annotated[str, typer.Option(help="Dimensions, comma separated.")] = "",
    role: Annotated[str, typer.Option(help=ROLES)] = "",
    where: Annotated[
        list[str] | None, typer.Option(help="A filter, such as service=electricity.")
    ] = None,
    at: Annotated[str, typer.Option(help="The instant of the question, ISO 8601.")] = "",
    as_of: Annotated[str, typer.Option(help="As the hub knew it then, ISO 8601.")] = "",
    version: Annotated[
        str, typer.Option(help="By this version of the KPI, in force or not, such as 2.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the HTTP body.")] = False,
) -> None:
    """Print figures: of one KPI, or of all."""
    options = {"period": period, "by": by, "role": role, "at": at, "as_of": as_of}
    options["version"] = version
    parameters = {k: v for k, v in options.items() if v}
    parameters |= read_filters(where)
    if kpi_id is None and not parameters.keys() <= {"period", "as_of"}:
        # All figures are those of the whole province: asked otherwise, they would answer wrongly.
        raise typer.BadParameter(
            "--by, --role, --where, --at and --version are asked of one KPI: name it"
        )
    asked = read_period(period or str(system_clock().year))
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        now = to_us(hub.clock())
        known_at = read_as_of(parameters, now)
        with hub.store.reading() as reading:
            book = as_known(hub.book(reading), known_at, now)
            if kpi_id is None:
                instant = now if known_at is None else known_at
                kpis = hub.kpis.values()
                body = board.board_body(book, kpis, asked, instant, hub.published)
                figures = body["figures"]
            else:
                chosen = hub.kpis.get(kpi_id)
                if chosen is None:
                    raise typer.BadParameter(f"unknown KPI; one of {', '.join(hub.kpis)}")
                body = answer(chosen, read_question(chosen, parameters, now), book)
                figures = [{"kpi": kpi_id, **f} for f in body["figures"]]
        if as_json:
            print(json.dumps(body, ensure_ascii=False))
        else:
            show.print_board(figures, body["period"], is_synthetic=hub.is_synthetic)
