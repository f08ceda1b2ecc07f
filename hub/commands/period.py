"""The commands `hub period`: closing periods, and why their figures would be others now."""

import getpass
import json
from typing import Annotated, Any

import typer

from hub import registry
from hub.clock import from_us, to_us
from hub.commands.console import act, complain, read_period, settings_for_reading
from hub.commands.show import write_count
from hub.figures.closing import REPORT, Closing, in_force
from hub.figures.closing import close as close_period
from hub.figures.official import freeze
from hub.figures.restating import restatements as find_restatements
from hub.opening import catch_up, open_hub
from hub.reports.editions import freeze_reports
from hub.store.cuts import latest_cut

app = typer.Typer(
    name="period", help="Closed periods: chốt số liệu, điều chỉnh.", no_args_is_help=True
)
EXAMPLES = {
    "period close": ("hub period close 2023-05 --dry-run", "hub period close 2023-05"),
    "period list": ("hub period list",),
    "period restatements": ("hub period restatements 2023-05",),
}


@app.command()
def close(
    period: Annotated[str, typer.Argument(help="2023 2023-H1 2023-Q1 2023-05 2023-W07 …")],
    by: Annotated[str, typer.Option(help="Who closes it; by default the user.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show, and close nothing.")] = False,
) -> None:
    """Close a period: its figures as they stand are official, later changes stand beside them."""
    asked = read_period(period)
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        now = to_us(hub.clock())
        if asked.end > now:
            complain(f"{period}: kỳ chưa kết thúc | it has not ended yet")
            raise typer.Exit(1)
        with hub.store.reading() as reading:
            cut = latest_cut(reading)
            if cut is None:
                complain("chưa có sự kiện nào | nothing has been applied yet")
                raise typer.Exit(1)
            book, who = hub.book(reading), by or getpass.getuser()
            reports, is_synthetic = registry.reports().values(), hub.is_synthetic
            editions = freeze_reports(reports, book, asked, now, who, is_synthetic=is_synthetic)
            event = freeze(book, hub.kpis.values(), asked, cut, now, who, editions)
        _show(event)
        if dry_run:
            return
        act(hub, "period_closed", period=period, digest=event["digest"])
        close_period(hub.log, event)
        catch_up(hub)
    print(f"đã chốt {period}, mã băm {event['digest']} | closed")


def _show(event: dict[str, Any]) -> None:
    for kpi, found in json.loads(event["figures"]).items():
        if kpi.startswith(REPORT):
            edition = found[0]["edition"]
            print(f"biểu {kpi.removeprefix(REPORT)}: bản {edition['number']} | edition")
            continue
        for figure in found:
            share = f"{write_count(figure['numerator'])} / {write_count(figure['denominator'])}"
            print(f"{kpi:40} {figure['value'] or '–':>16}  {share}  {figure['completeness']:.2%}")
    for source, days in json.loads(event["silent"]).items():
        listed = ", ".join(days[:5]) + (" …" if len(days) > 5 else "")
        print(f"chưa báo cáo | silent: {source}: {listed}")


@app.command("list")
def list_periods() -> None:
    """List closed periods, in the order in which they were closed."""
    with open_hub(settings_for_reading()) as hub, hub.store.reading() as reading:
        for c in hub.book(reading).closings:
            at = from_us(c.closed_at).isoformat(timespec="minutes")
            print(f"{c.period.text:10}  {at}  {c.closed_by}  {c.digest}")


@app.command()
def restatements(
    period: Annotated[str, typer.Argument(help="A closed period; by default all.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print all there is to say.")] = False,
) -> None:
    """Say which figures of closed periods would be others now, by how much, and why."""
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        now = to_us(hub.clock())
        with hub.store.reading() as reading:
            book = hub.book(reading)
            closed = {c.period.text: c for c in book.closings}
            chosen: list[Closing] = list(closed.values())
            if period:
                found = in_force(book.closings, read_period(period))
                if found is None or found.period.text != period:
                    complain(f"{period}: chưa chốt | not closed; closed are: {', '.join(closed)}")
                    raise typer.Exit(1)
                chosen = [found]
            kpis = list(hub.kpis.values())
            restated = [r for c in chosen for r in find_restatements(book, c, kpis, now)]
    if as_json:
        print(json.dumps(restated, ensure_ascii=False, indent=2))
        return
    for r in restated:
        old, new = r["official"] or {}, r["restated"] or {}
        print(f"{r['period']}  {r['kpi']}: {old.get('value')} → {new.get('value')}")
        print(f"  {r['difference']['numerator']:+,} / {r['difference']['denominator']:+,}")
        for cause in r["causes"][:20]:
            events = ", ".join(f"{e['sender']}/{e['event_id']}" for e in cause["events"][:5])
            named = cause["entity"] or f"{len(cause['events'])} events"
            loaded = (f"{act['list']} ({act['loaded_by']})" for act in cause.get("lists", ()))
            events = "; ".join(filter(None, (events, ", ".join(loaded))))
            print(f"    {cause['numerator']:+,} / {cause['denominator']:+,}  {named}  {events}")
    print(f"{len(restated)} restated figures")
