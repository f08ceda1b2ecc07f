"""The commands `hub definitions`: versions of KPIs, who gains and loses by one, put in force."""

import getpass
from datetime import date
from typing import Annotated

import typer

from hub.clock import to_us
from hub.commands.console import (
    act,
    complain,
    read_period,
    settings_for_acting,
    settings_for_reading,
)
from hub.figures.compute import Question
from hub.figures.kpi import Kpi
from hub.figures.ranking import Line, in_order, rank
from hub.figures.versions import DEFINITIONS, spans, with_version
from hub.opening import OpenHub, catch_up, load_tables, open_hub

app = typer.Typer(
    name="definitions",
    help="Versions of KPIs: phiên bản chỉ số, xem trước, cho hiệu lực.",
    no_args_is_help=True,
)
EXAMPLES = {
    "definitions list": ("hub definitions list",),
    "definitions preview": (
        "hub definitions preview dossier_online_share 1 --period 2023 --by unit",
    ),
    "definitions enact": ("hub definitions enact dossier_online_share 1 --from 2027-01-01",),
}
_Id = Annotated[str, typer.Argument(metavar="KPI", help="A KPI's id, such as dossier_overdue.")]
_Version = Annotated[str, typer.Argument(metavar="VERSION", help="A version of it, such as 2.")]


@app.command("list")
def list_definitions() -> None:
    """List each version that is installed, with the days on which it is in force."""
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        with hub.store.reading() as reading:
            rows = hub.book(reading).reference.tables.get(DEFINITIONS, [])
    for kpi in hub.kpis.values():
        own = [row for row in rows if row["kpi"] == kpi.id]
        for name in kpi.version_names:
            days = [f"{s['from'] or '…'} – {s['to'] or '…'}" for s in spans(name, own)]
            print(f"{kpi.id}\t{name}\t{', '.join(days) or 'chưa hiệu lực | not in force'}")


@app.command()
def preview(
    kpi: _Id,
    version: _Version,
    period: Annotated[str, typer.Option(help="2023 2023-Q1 2023-05 …")],
    by: Annotated[str, typer.Option(help="Of what gain and loss are told.")] = "unit",
) -> None:
    """Say who would gain and who would lose by a version: the greatest loss first."""
    asked = read_period(period)
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        known, now = _known(hub, kpi, version), to_us(hub.clock())
        if by not in known.dimensions:
            raise typer.BadParameter(f"one of {', '.join(known.dimensions)}", param_hint="--by")
        with hub.store.reading() as reading:
            # A row is what it would be, beside what it is.
            question = Question(asked, now, (by,), {}, version=version)
            other = Question(asked, now, (by,), {})
            ranked = rank(known, question, other, hub.book(reading), now)
        lines = [line for line in in_order(ranked, "difference") if line.difference != 0]
    for line in lines:
        code = line.figure.dims[by] or ""
        print(_line(f"{code}\t{line.names.get(by) or ''}", line))
    same = len(ranked.lines) - len(lines)
    whole = ranked.whole, ranked.whole_beside
    print(f"{same} không đổi | unchanged")
    print(f"toàn bộ | whole: {' → '.join(f.value or '–' if f else '–' for f in reversed(whole))}")


def _line(named: str, line: Line) -> str:
    before = None if line.beside is None else line.beside.value
    change = "" if line.difference is None else f"{float(line.difference):+.6f}"
    return f"{named}\t{before or '–'} → {line.figure.value or '–'}\t{change}"


@app.command()
def enact(
    kpi: _Id,
    version: _Version,
    since: Annotated[
        str, typer.Option("--from", help="The first day of the first period, as 2027-01-01.")
    ],
    by: Annotated[str, typer.Option(help="Who puts it in force; by default the user.")] = "",
) -> None:
    """Put a version in force from a day on, as an act of the log; what was before keeps its own."""
    try:
        day = date.fromisoformat(since)
    except ValueError:
        raise typer.BadParameter("a day such as 2027-01-01", param_hint="--from") from None
    who = by or getpass.getuser()
    with open_hub(settings_for_acting()) as hub:
        catch_up(hub)
        _known(hub, kpi, version)
        with hub.store.reading() as reading:
            book = hub.book(reading)
            closed = [c.period.text for c in book.closings if c.period.start_on >= day]
            rows = book.reference.tables.get(DEFINITIONS, [])
        if closed:
            listed = ", ".join(closed)
            complain(
                f"{listed}: đã chốt theo phiên bản trước; chọn ngày sau đó"
                " | closed by the version before; choose a later day"
            )
            raise typer.Exit(1)
        try:
            table = with_version(rows, kpi, version, day, who)
        except ValueError as error:
            complain(
                f"{kpi}: danh mục đã nói đến ngày {error}; chọn ngày sau đó"
                f" | the list speaks of {error} already; choose a later day"
            )
            raise typer.Exit(1) from None
        act(hub, "lists_loaded", folder="", lists=[DEFINITIONS])
        load_tables(hub, {DEFINITIONS: table}, who)
        catch_up(hub)
    print(f"{kpi}: phiên bản {version} có hiệu lực từ {day} | in force from then on")


def _known(hub: OpenHub, name: str, version: str) -> Kpi:
    """Give a KPI that has a version."""
    kpi = hub.kpis.get(name)
    if kpi is None:
        raise typer.BadParameter(f"no KPI {name!r}", param_hint="KPI")
    if version not in kpi.version_names:
        listed = ", ".join(kpi.version_names)
        raise typer.BadParameter(f"{name} has only {listed}", param_hint="VERSION")
    return kpi
