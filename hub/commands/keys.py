"""The commands `hub keys`: who may send."""

import hashlib
import ssl
from pathlib import Path
from typing import Annotated

import typer

from hub import registry
from hub.access import keys
from hub.clock import DAY_US, from_us, to_us
from hub.commands.console import act, complain, settings_for_reading
from hub.opening import open_hub

app = typer.Typer(name="keys", help="API keys of senders.", no_args_is_help=True)
DAYS = 365


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="The sender's name; it outlives its keys.")],
    units: Annotated[str, typer.Option(help="Units it may send for; none given: all.")] = "",
    contracts: Annotated[str, typer.Option(help="Contracts it may send; none: all.")] = "",
    officer: Annotated[
        bool, typer.Option("--officer", help="May see and repair what others sent.")
    ] = False,
    certificate: Annotated[
        Path | None, typer.Option(help="PEM file of the certificate that its client must show.")
    ] = None,
    days: Annotated[int, typer.Option(min=0, help="Valid for so long; 0: until revoked.")] = DAYS,
) -> None:
    """Make a key; it is printed once, alone on the last line."""
    wanted = [c for c in contracts.split(",") if c]
    for contract in wanted:
        if contract not in registry.contracts():
            raise typer.BadParameter(f"unknown contract {contract!r}")
    allowed = [u for u in units.split(",") if u]
    made = keys.make()
    with open_hub(settings_for_reading()) as hub:
        until = to_us(hub.clock()) + days * DAY_US if days else None
        bound = {"units": units, "contracts": contracts, "days": days, "officer": officer}
        shown = fingerprint(certificate) if certificate else ""
        act(hub, "key_created", key=made.id, name=name, **bound)
        keys.create(
            hub.store,
            hub.clock,
            name,
            allowed,
            wanted,
            expires_at=until,
            is_officer=officer,
            certificate=shown,
            made=made,
        )
    print(made.key)


def fingerprint(path: Path) -> str:
    """Give the SHA-256 of a certificate, as its holder is known by."""
    try:
        der = ssl.PEM_cert_to_DER_cert(path.read_text("ascii"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"--certificate: {path}: {error}") from None
    return hashlib.sha256(der).hexdigest()


@app.command("list")
def list_keys() -> None:
    """List keys; the keys themselves are not kept."""
    with open_hub(settings_for_reading()) as hub:
        now = to_us(hub.clock())
        for key in keys.listed(hub.store):
            bound = f"units={key.units or 'all'} contracts={key.contracts or 'all'}"
            until = f"{from_us(key.expires_at):%Y-%m-%d}" if key.expires_at else "revoked"
            role = "  officer" if key.is_officer else ""
            print(f"{key.id}  {key.name}  {bound}  until={until}  {key.state(now)}{role}")


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Revoke a key by its id; servers notice within ten seconds."""
    with open_hub(settings_for_reading()) as hub:
        act(hub, "key_revoked", key=key_id)
        if not keys.revoke(hub.store, hub.clock, key_id):
            complain(f"{key_id}: no such valid key")
            raise typer.Exit(1)
