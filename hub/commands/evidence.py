"""The commands `hub evidence`: a figure with all that it rests on, as a signed file."""

import json
from pathlib import Path
from typing import Annotated

import typer

from hub.clock import to_us
from hub.commands.console import complain, read_filters, settings_for_reading
from hub.figures.compute import read_as_of, read_question
from hub.figures.official import as_known
from hub.gateway.signing import SignatureError
from hub.opening import catch_up, open_hub
from hub.proof.bundle import Asker
from hub.proof.bundle import make as make_bundle
from hub.proof.bundle_file import UnevenError, check, seal

app = typer.Typer(
    name="evidence",
    help="An auditor's bundle: a figure with all that it rests on, signed.",
    no_args_is_help=True,
)
EXAMPLES = {
    "evidence make": (
        "hub evidence make dossier_on_time_share 2023-05 --output on-time.json",
        "hub evidence make dossier_received_new 2023-05 --where unit=H57.1",
    ),
    "evidence verify": ("hub evidence verify on-time.json --keys jwks.json",),
}
# By hand more than over HTTP: nobody else waits for it. The province's month fits.
FACTS_MAX = 60_000


@app.command()
def make(
    kpi_id: Annotated[str, typer.Argument(metavar="KPI")],
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="2023 2023-Q1 2023-05 …")],
    role: Annotated[str, typer.Option(help="A role that the KPI has.")] = "",
    where: Annotated[
        list[str] | None, typer.Option(help="A filter, such as channel=online.")
    ] = None,
    view: Annotated[str, typer.Option(help="as_was or as_is.")] = "",
    at: Annotated[str, typer.Option(help="The instant of the question, ISO 8601.")] = "",
    as_of: Annotated[str, typer.Option(help="As the hub knew it then, ISO 8601.")] = "",
    output: Annotated[Path | None, typer.Option(help="The file to write.")] = None,
) -> None:
    """Write the bundle of one figure: definition, cells, facts, receipts, closings; signed."""
    asked = {"period": period, "role": role, "view": view, "at": at, "as_of": as_of}
    parameters = {k: v for k, v in asked.items() if v}
    parameters |= read_filters(where)
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        kpi = hub.kpis.get(kpi_id)
        if kpi is None:
            raise typer.BadParameter(f"unknown KPI; one of {', '.join(hub.kpis)}")
        now = to_us(hub.clock())
        question = read_question(kpi, parameters, now)
        with hub.store.reading() as reading:
            book = as_known(hub.book(reading), read_as_of(parameters, now), now)
            file = seal(
                make_bundle(kpi, question, book, hub.log, now, Asker(facts_max=FACTS_MAX)),
                hub.signer().sign,
            )
    text = json.dumps(file, ensure_ascii=False)
    if output is None:
        print(text)
        return
    output.write_text(text + "\n", "utf-8")
    print(output)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="What `hub evidence make` wrote.")],
    keys: Annotated[
        Path | None, typer.Option(help="The published keys (JWK set); else this hub's own.")
    ] = None,
) -> None:
    """Tell whether a bundle is as the hub signed it and adds up: exit 0, or 1; no network."""
    try:
        if keys is None:
            with open_hub(settings_for_reading()) as hub:
                known = hub.signer().public()
        else:
            known = json.loads(keys.read_bytes())
        bundle = check(json.loads(file.read_bytes()), known)
    except OSError as error:
        # Nothing was looked at: it is not said of a file that somebody changed it.
        complain(f"không đọc được {error.filename} | cannot be read: {error.strerror}")
        raise typer.Exit(2) from None
    except (SignatureError, UnevenError, ValueError) as error:
        complain(f"{file}: KHÔNG hợp lệ | not valid: {error}")
        raise typer.Exit(1) from None
    figure = bundle["figure"]
    print(
        f"{file}: hợp lệ | valid: {bundle['kpi']} {bundle['period']} = {figure['value']}"
        f" ({figure['numerator']}/{figure['denominator']}),"
        f" {len(bundle['facts'])} đối tượng | facts"
    )
