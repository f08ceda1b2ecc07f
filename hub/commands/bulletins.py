"""The commands `hub bulletins`: what people are told, by which approved words; a dry run of it."""

import getpass
import json
from collections.abc import Mapping
from typing import Annotated, Any, NoReturn

import typer

from hub import registry
from hub.alerts.course import courses
from hub.bulletins.approval import approve as approve_wording
from hub.bulletins.approval import is_approved, withdraw
from hub.bulletins.issuing import Lists, read_lists
from hub.bulletins.occasion import BEGINS
from hub.bulletins.preview import Foreseen, counted, foresee
from hub.bulletins.subscriber import SubscribersError, read_subscribers
from hub.bulletins.wording import WordingError
from hub.clock import iso, to_us
from hub.commands.console import act, complain, settings_for_reading
from hub.figures.compute import QuestionError, read_instant
from hub.opening import OpenHub, catch_up, load_tables, open_hub
from hub.store import deliveries

app = typer.Typer(
    name="bulletins",
    help="Bulletins: what the people of a commune are told of alerts, by approved words.",
    no_args_is_help=True,
)
EXAMPLES = {
    "bulletins wordings": ("hub bulletins wordings",),
    "bulletins approve": (
        "hub bulletins approve man-1 sms --by 'Giám đốc Sở NNMT'",
        "hub bulletins approve man-1 sms --withdraw",
    ),
    "bulletins preview": (
        "hub bulletins preview 0f3a9c1e5b7d2a4c6e80",
        "hub bulletins preview --rule salinity_over_1 --subject ST01 --value 1.4",
    ),
    "bulletins check": ("hub bulletins check",),
    "bulletins list": ("hub bulletins list --state waiting",),
}
ROWS_MAX = 1_000


@app.command()
def wordings() -> None:
    """List the wordings in force: who approves each, and whether these very words are approved."""
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        lists = read_lists(hub.store, (), to_us(hub.clock()))
    for key, wording in lists.wordings.items():
        approval = lists.approvals.get(key)
        if is_approved(wording, lists.approvals) and approval is not None:
            state = f"đã duyệt | approved: {approval.approved_by}, {approval.approved_at}"
        elif approval is not None:
            state = f"ĐÃ SỬA, CHỜ DUYỆT LẠI | changed since {approval.approved_at}: not approved"
        else:
            state = "CHƯA DUYỆT | not approved"
        print(f"{wording.name}  {wording.outlet}  {wording.digest}  {wording.owner}  {state}")
        print(f"  {wording.title}: {wording.text}")
        try:
            wording.check()
        except WordingError as error:
            print(f"  LỖI | fault: {error.vi} | {error.en}")
    print(f"{len(lists.wordings)} mẫu tin | wordings")


@app.command()
def approve(
    name: Annotated[str, typer.Argument(help="The wording's name.")],
    outlet: Annotated[str, typer.Argument(help="The outlet that it is for.")],
    by: Annotated[str, typer.Option(help="Who approves it: its owner.")] = "",
    *,
    withdrawn: Annotated[
        bool, typer.Option("--withdraw", help="Take the approval back: it goes out no more.")
    ] = False,
) -> None:
    """Approve a wording as it stands, for its owner; changed words need another approval."""
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        now = to_us(hub.clock())
        lists = read_lists(hub.store, (), now)
        wording = lists.wordings.get((name, outlet))
        if withdrawn:
            if (name, outlet) not in lists.approvals:
                _end(f"mẫu {name} ({outlet}) chưa được duyệt | it is not approved")
            tables = withdraw(name, outlet)
        else:
            if wording is None:
                _end(f"không có mẫu {name} cho kênh {outlet} | there is no such wording")
            tables = approve_wording(wording, by, str(iso(now)))
            if is_approved(wording, lists.approvals):
                print(f"{name}  {outlet}  {wording.digest}  đã duyệt trước đó | already approved")
                return
        done = "wording approval withdrawn" if withdrawn else "wording approved"
        said = "" if wording is None else wording.digest
        act(hub, done, name=name, outlet=outlet, by=by, digest=said)
        load_tables(hub, tables, by or getpass.getuser())
        catch_up(hub)
    state = "thôi duyệt | withdrawn" if withdrawn else "đã duyệt | approved"
    print(f"{name}  {outlet}  {said}  {state} {iso(now)}")


@app.command()
def check() -> None:
    """Check the file of subscribers: exit 1 and a line for each fault."""
    settings = settings_for_reading()
    try:
        subscribers = read_subscribers(settings.subscribers_file)
    except SubscribersError as error:
        _end(str(error))
    by_outlet: dict[tuple[str, str], int] = {}
    for one in subscribers:
        by_outlet[one.area, one.outlet] = by_outlet.get((one.area, one.outlet), 0) + 1
    for (area, outlet), count in sorted(by_outlet.items()):
        print(f"{area}  {outlet}  {count}")
    print(f"{len(subscribers)} người nhận | subscribers")


@app.command()
def preview(
    alert: Annotated[str, typer.Argument(help="An alert's id; else --rule, --subject.")] = "",
    kind: Annotated[str, typer.Option(help="raised, escalated, amended or cleared.")] = "",
    rule: Annotated[str, typer.Option(help="Of an alert that is not there: its rule.")] = "",
    subject: Annotated[str, typer.Option(help="What it would be about: a station.")] = "",
    value: Annotated[str, typer.Option(help="The value that it would have.")] = "",
    at: Annotated[str, typer.Option(help="Were it to happen at this instant; else now.")] = "",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Try it dry: who would be told what, by which outlet and when. Nothing is sent or kept."""
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        now = _instant(at) or to_us(hub.clock())
        event = _known(hub, alert) if alert else _made_up(rule, subject, value, now)
        event = {**event, "kind": kind or event["kind"]}
        if event["kind"] in ("cleared", "amended") and event["cleared_at"] is None:
            event["cleared_at"] = now
        try:
            subscribers = read_subscribers(hub.settings.subscribers_file)
        except SubscribersError as error:
            _end(str(error))
        lists = read_lists(hub.store, subscribers, now)
        foreseen = foresee(event, lists, hub.outlets(), now)
    if as_json:
        print(json.dumps([f.public() for f in foreseen], ensure_ascii=False, indent=1))
        return
    _show(event, foreseen, lists)


@app.command("list")
def list_told(
    state: Annotated[str, typer.Option(help="waiting, sent, dropped, failed or nobody.")] = "",
) -> None:
    """List which bulletins were told to whom, the latest first, and why one was not."""
    with open_hub(settings_for_reading()) as hub, hub.store.reading() as reading:
        rows = deliveries.listed(reading.connection, None, ROWS_MAX, 0, to="people")
    shown = [r for r in rows if state in ("", r["state"])]
    for row in shown:
        why = f"  {row['last_error']}" if row["last_error"] else ""
        print(
            f"{iso(row['at'])}  {row['state']}  {row['recipient'] or '–'}  {row['outlet'] or '–'}"
            f"  {row['area']}  {row['wording']}  {row['alert']}{why}"
        )
    print(f"{len(shown)} bản tin | bulletins")


def _show(event: Mapping[str, Any], foreseen: list[Foreseen], lists: Lists) -> None:
    print("CHẠY THỬ, không gửi gì | dry run, nothing is sent")
    print(f"{event['rule']} {event['subject']} {event['kind']} [{event['level']}]")
    for one in foreseen:
        head = f"{one.outlet}  {one.recipient}  {one.address}  {one.area}  {one.wording}"
        if one.why_not:
            print(f"{head}  KHÔNG GỬI | not told: {one.why_not}")
            continue
        print(f"{head}  {one.at}  {one.held_for}".rstrip())
        given = " ".join(f"{n}={v!r}" for n, v in one.parameters.items())
        print(f"  {one.text}" + (f"\n  {one.template}: {given}" if one.template else ""))
    for outlet, told, not_told in counted(foreseen):
        print(f"{outlet}: {told} nhận | told, {not_told} không | not")
    if not foreseen:
        occasions = sum(p.fits(event) for p in lists.occasions)
        subscribers = len(lists.subscribers)
        print(f"không ai được báo | nobody: {occasions} bulletins, {subscribers} người nhận")


def _known(hub: OpenHub, alert: str) -> dict[str, Any]:
    """Give the last event of an alert that people are told of."""
    with hub.store.reading() as reading:
        found = courses(reading.alert_events(alert)).get(alert)
    if found is None:
        _end(f"không có cảnh báo {alert} | there is no alert {alert}")
    first = next((e for e in found.events if e["kind"] in BEGINS), found.last)
    return {**first, **{n: found.last[n] for n in ("value", "cleared_at")}}


def _made_up(rule: str, subject: str, value: str, now: int) -> dict[str, Any]:
    rules = registry.alert_rules()
    if rule not in rules or not subject:
        known = ", ".join(rules)
        raise typer.BadParameter(f"cần ALERT, hoặc --rule và --subject | one of {known}")
    of = rules[rule]
    try:
        milli = round(float(value.replace(",", ".")) * 1000) if value else of.limits[-1].over
    except ValueError:
        raise typer.BadParameter(f"--value {value}: cần một số | a number is wanted") from None
    return {
        "rule": rule,
        "kind": "raised",
        "subject": subject,
        "level": of.level,
        "measure_unit": of.measure_unit,
        "value": milli,
        "threshold": of.limits[-1].over,
        "raised_at": now,
        "cleared_at": None,
    }


def _instant(at: str) -> int | None:
    try:
        return read_instant("at", {"at": at}) if at else None
    except QuestionError as error:
        raise typer.BadParameter(f"--at: {error.en}") from None


def _end(text: str) -> NoReturn:
    complain(text)
    raise typer.Exit(1)
