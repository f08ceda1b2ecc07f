"""The commands `hub quarantine`: what was rejected, and what is done about it."""

import getpass
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.clock import to_us
from hub.commands import show as showing
from hub.commands.console import act, complain, settings_for_reading
from hub.opening import OpenHub, catch_up, open_hub
from hub.repair import items
from hub.repair.erasing import erase as erase_originals
from hub.repair.items import Item, Wanted
from hub.repair.mending import close_mended
from hub.repair.repair import Repair, RepairError

app = typer.Typer(
    name="quarantine", help="Rejected items: see, correct, try, send again.", no_args_is_help=True
)
EXAMPLES = {
    "quarantine list": ("hub quarantine list", "hub quarantine list --contract dossier --ready"),
    "quarantine show": ("hub quarantine show rcp_1:0",),
    "quarantine fix": ("hub quarantine fix rcp_1:0 channel=online",),
    "quarantine replay": (
        "hub quarantine replay rcp_1:0 --dry-run",
        "hub quarantine replay rcp_1:0",
    ),
    "quarantine discard": ("hub quarantine discard rcp_1:0 --reason 'gửi thử'",),
    "quarantine erase": ("hub quarantine erase",),
}
_Ids = Annotated[list[str] | None, typer.Argument(metavar="ID…")]
_Contract = Annotated[str, typer.Option(help="Sent under this contract.")]
_Sender = Annotated[str, typer.Option(help="Sent by this sender.")]
_Rule = Annotated[str, typer.Option(help="That broke this rule.")]
_Field = Annotated[str, typer.Option(help="In this field.")]
_State = Annotated[str, typer.Option(help="open, fixed, replayed, superseded or discarded.")]


@app.command("list")
def list_items(
    contract: _Contract = "",
    sender: _Sender = "",
    rule: _Rule = "",
    field: _Field = "",
    state: _State = "",
    ready: Annotated[
        bool, typer.Option("--ready", help="Those only that keep their contract by now.")
    ] = False,
    each: Annotated[bool, typer.Option("--items", help="Item by item.")] = False,
) -> None:
    """List rejected items by cause, or item by item."""
    wanted = Wanted(sender, contract, rule, field, state)
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        close_mended(hub.store, hub.log, hub.seals().opener(), hub.clock)
        with hub.store.reading() as reading:
            if each or ready:
                for item in items.all_items(reading, hub.seals().opener(), wanted):
                    if not ready or items.is_ready(item):
                        words = f"{item.rule} {item.field} {item.value}"
                        print(f"{item.event_id}  {item.sender}  {item.state}  {words}")
                return
            for g in items.groups(reading, wanted):
                counts = ", ".join(f"{s} {g[s]:,}" for s in items.STATES if g[s])
                print(f"{g['contract']}  {g['sender']}  {g['rule']} {g['field']}: {counts}")
                print(f"    {g['first_at']} … {g['last_at']}, such as {g['example']}")


@app.command()
def show(name: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Say all there is to say of an item: its bytes, what is wrong, what was done to it."""
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        (item,) = _found(hub, [name])
        act(hub, "original_seen", item=name)
        print(json.dumps(item.public(), ensure_ascii=False, indent=2))


@app.command()
def fix(
    name: Annotated[str, typer.Argument(metavar="ID")],
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="FIELD=VALUE…", help="JSON values, or text.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="The whole item, as JSON.")] = None,
) -> None:
    """Correct an item; nothing is sent. An empty value takes the field out."""
    if (file is None) == (not changes):
        raise typer.BadParameter("give either FIELD=VALUE or --file")
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        (item,) = _found(hub, [name])
        said = dict(_change(c) for c in changes or [])
        repairs = _repair(hub)
        act(hub, "item_fixed", item=name)
        repairs.fix(item, said if file is None else file.read_bytes(), _me())
        _show_trials(repairs, _found(hub, [name]))
    print(f"{name}: đã sửa, chưa gửi | corrected, not sent; now hub quarantine replay {name}")


@app.command()
def replay(
    ids: _Ids = None,
    contract: _Contract = "",
    sender: _Sender = "",
    rule: _Rule = "",
    field: _Field = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change.")] = False,
) -> None:
    """Send items again that keep their contract, corrected or not; each counts once."""
    wanted = Wanted(sender, contract, rule, field, ids=ids or None)
    if wanted == Wanted():
        raise typer.BadParameter("give ids, or which: --contract, --sender, --rule, --field")
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        chosen = _found(hub, ids) if ids else _of(hub, wanted)
        repairs = _repair(hub)
        if dry_run:
            _show_trials(repairs, chosen)
            return
        act(hub, "items_replayed", items=[i.event_id for i in chosen][:1_000], count=len(chosen))
        gateway = hub.gateway()
        try:
            receipts = repairs.replay(chosen, _me(), gateway)
        finally:
            gateway.close()
        catch_up(hub)
        left = [i for i in chosen if i.event_id not in receipts]
        outside = repairs.outside(left)
    for name, receipt in receipts.items():
        print(f"{name}  {receipt}")
    for item in left:
        verdict = item.verdict() or outside.get(item.event_id)
        complain(f"{item.event_id}: {item.state}; {verdict.message_vi if verdict else ''}")
    print(f"{len(receipts)} sent, {len(left)} not")
    if left:
        raise typer.Exit(1)


@app.command()
def discard(
    ids: Annotated[list[str], typer.Argument(metavar="ID…")],
    reason: Annotated[str, typer.Option(help="Why they are not repaired.")],
) -> None:
    """End the repair of items that are not to be sent; they stay where they are."""
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        found = _found(hub, ids)
        act(hub, "items_discarded", items=ids, reason=reason)
        _repair(hub).discard(found, _me(), reason)
    print(f"{len(found)} discarded")


@app.command()
def erase() -> None:
    """Destroy the keys of originals that nobody needs any more; `hub serve` does so every hour."""
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        act(hub, "originals_erased", days=hub.settings.originals_days)
        now, days = to_us(hub.clock()), hub.settings.originals_days
        count = erase_originals(hub.store, hub.log, hub.seals(), now, days)
    print(f"{count} keys destroyed")


def _me() -> str:
    return f"console:{getpass.getuser()}"


def _repair(hub: OpenHub) -> Repair:
    four_eyes = hub.settings.four_eyes
    return Repair(hub.store, hub.log, hub.installed, hub.clock, hub.seals(), four_eyes=four_eyes)


def _of(hub: OpenHub, wanted: Wanted) -> list[Item]:
    with hub.store.reading() as reading:
        found = items.all_items(reading, hub.seals().opener(), wanted)
        return [i for i in found if i.state in ("open", "fixed")]


def _found(hub: OpenHub, ids: list[str]) -> list[Item]:
    with hub.store.reading() as reading:
        found = list(items.all_items(reading, hub.seals().opener(), Wanted(ids=ids)))
    absent = set(ids) - {i.event_id for i in found}
    if absent:
        name = min(absent)
        raise RepairError("unknown_item", f"{name}: không có", f"{name}: there is no such item")
    return found


def _change(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text}: expected FIELD=VALUE")
    if not value:
        return name, None
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _show_trials(repairs: Repair, found: list[Item]) -> None:
    for contract, sender, trial in repairs.try_out(found):
        print(f"{contract} of {sender}:")
        showing.print_trial(trial)
