"""The commands `hub alerts`: what somebody is to be told, by which rules, and who has seen it."""

import getpass
import json
from typing import Annotated, Any

import typer

from hub import registry
from hub.alerts.connected import connected
from hub.alerts.connected import report as write_report
from hub.alerts.course import Course, courses, listed
from hub.alerts.episodes import Rules
from hub.alerts.telling import append, as_of, said
from hub.clock import iso, to_us
from hub.commands.console import act, complain, settings_for_reading
from hub.figures.compute import QuestionError, read_instant
from hub.figures.quality import sources
from hub.opening import OpenHub, catch_up, open_hub
from hub.reference.periods import parse_period

app = typer.Typer(
    name="alerts",
    help="Alerts: what stands, by which rules, who has seen it.",
    no_args_is_help=True,
)
EXAMPLES = {
    "alerts list": ("hub alerts list --state open", "hub alerts list --at 2023-04-01T08:00+07:00"),
    "alerts rules": ("hub alerts rules",),
    "alerts report": ("hub alerts report > ket-noi.txt",),
    "alerts acknowledge": ("hub alerts acknowledge 0f3a9c1e5b7d2a4c6e80 'Đã cho đóng cống'",),
    "alerts comment": ("hub alerts comment 0f3a9c1e5b7d2a4c6e80 'Chờ con nước chiều'",),
}
AlertId = Annotated[str, typer.Argument(metavar="ALERT", help="Its id, as `hub alerts list` says.")]


@app.command("list")
def list_alerts(
    state: Annotated[str, typer.Option(help="open, acknowledged, cleared or withdrawn.")] = "",
    level: Annotated[str, typer.Option(help="notice, warning or critical.")] = "",
    at: Annotated[str, typer.Option(help="As of an instant, worked out anew of the log.")] = "",
    rules: Annotated[
        Rules, typer.Option(help="Of a past instant: by the rules of then, or those of now.")
    ] = "then",
    as_json: Annotated[bool, typer.Option("--json", help="As the route gives it.")] = False,
) -> None:
    """List alerts, the latest first; what was withdrawn only where it is asked for."""
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        alerts = listed(_alerts(hub, at, rules))
        shown = [
            a.public(registry.alert_rules())
            for a in alerts
            if (a.state == state if state else a.state != "withdrawn")
            and level in ("", a.last["level"])
        ]
    if as_json:
        print(json.dumps({"alerts": shown}, ensure_ascii=False, indent=1))
        return
    for alert in shown:
        print(_line(alert))
    print(f"{len(shown)} cảnh báo | alerts")


@app.command("rules")
def list_rules() -> None:
    """List the rules: level, owner, and the question that each answers."""
    for rule in registry.alert_rules().values():
        print(f"{rule.id}  {rule.level}  {rule.owner}")
        print(f"  {rule.question.vi} | {rule.question.en}")


@app.command()
def report() -> None:
    """Write one report to administrators: each connected system, and what nobody acknowledged."""
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        now = to_us(hub.clock())
        year = parse_period(str(iso(now))[:4])
        with hub.store.reading() as reading:
            book = hub.book(reading)
            listed_sources = sources(hub.log, book, hub.kpis, year, year, now)["sources"]
            alerts = listed(courses(reading.alert_events()))
            text = write_report(connected(listed_sources, book, now), alerts, now)
    print(text, end="")


@app.command()
def acknowledge(
    alert: AlertId,
    comment: Annotated[str, typer.Argument(help="What there is to say of it.")] = "",
    by: Annotated[str, typer.Option(help="Who has seen it; by default the user.")] = "",
) -> None:
    """Acknowledge an alert: it does not escalate any more."""
    _say(alert, "acknowledged", comment, by)


@app.command()
def comment(
    alert: AlertId,
    text: Annotated[str, typer.Argument(help="What there is to say of it.")],
    by: Annotated[str, typer.Option(help="Who says it; by default the user.")] = "",
) -> None:
    """Comment on an alert."""
    _say(alert, "commented", text, by)


def _alerts(hub: OpenHub, at: str, rules: Rules) -> dict[str, Course]:
    """Read how alerts stand, or work it out as of an instant."""
    try:
        instant = read_instant("at", {"at": at}) if at else None
    except QuestionError as error:
        raise typer.BadParameter(f"--at: {error.en}") from None
    with hub.store.reading() as reading:
        if instant is None:
            return courses(reading.alert_events())
        return as_of(registry.alert_rules().values(), hub.book(reading), instant, rules)


def _say(alert: str, kind: str, text: str, by: str) -> None:
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        found = _alerts(hub, "", "then").get(alert)
        if found is None:
            complain(f"không có cảnh báo {alert} | there is no alert {alert}")
            raise typer.Exit(1)
        now, who = to_us(hub.clock()), by or getpass.getuser()
        act(hub, f"alert {kind}", alert=alert, by=who)
        event = said(found, kind, who, text or None, now)
        append(hub.log, [event], now)
        catch_up(hub)
    print(f"{alert} {event['state']} {iso(now)}")


def _line(alert: dict[str, Any]) -> str:
    until = alert["cleared_at"] or ""
    return (
        f"{alert['id']}  {alert['status']}  {alert['level']}  {alert['raised_at']}  {until}\n"
        f"  {alert['text_vi']} | {alert['text_en']}"
    )
