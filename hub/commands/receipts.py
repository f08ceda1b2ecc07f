"""The commands `hub receipts`: what became of what was sent, and the keys that sign it."""

import json
from typing import Annotated

import typer

from hub.clock import to_us
from hub.commands.console import act, complain, settings_for_acting, settings_for_reading
from hub.gateway.signing import rotate as rotate_keys
from hub.opening import catch_up, open_hub
from hub.repair.following import follow

app = typer.Typer(
    name="receipts", help="Receipts: signed, and followed to their items.", no_args_is_help=True
)
EXAMPLES = {
    "receipts show": ("hub receipts show rcp_1",),
    "receipts rotate": ("hub receipts rotate",),
}


@app.command()
def show(
    receipt: Annotated[str, typer.Argument(metavar="ID")],
    offset: Annotated[int, typer.Option(min=0, help="The first of its items to list.")] = 0,
) -> None:
    """Say what became of each item of a receipt."""
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        kept = hub.log.receipt(receipt)
        if kept is None:
            complain(f"{receipt}: không có biên nhận này | there is no such receipt")
            raise typer.Exit(1)
        with hub.store.reading() as reading:
            found = follow(hub.log, reading, hub.seals().opener(), receipt, kept, offset)
    print(json.dumps(found, ensure_ascii=False, indent=2))


@app.command()
def rotate() -> None:
    """Make a key that signs from now on; what earlier ones signed still verifies."""
    with open_hub(settings_for_acting(), check=False) as hub:
        kid = rotate_keys(hub.settings.signing_keys, to_us(hub.clock()))
        act(hub, "signing_key_rotated", kid=kid)
    print(kid)
