"""The commands `hub keys`: who may send."""

from pathlib import Path
from typing import Annotated

import typer

from hub import registry
from hub.access import keys
from hub.access.certificates import ends_at, fingerprint
from hub.access.scope import PARTS, ScopeError, read_scope
from hub.clock import DAY_US, from_us, to_us
from hub.commands.console import (
    LegalBasis,
    Owner,
    Purpose,
    act,
    complain,
    grounds_of,
    settings_for_acting,
    settings_for_reading,
)
from hub.opening import open_hub

app = typer.Typer(name="keys", help="API keys of senders.", no_args_is_help=True)
EXAMPLES = {
    "keys create": (
        "hub keys create so-tu-phap --contracts dossier --units H57.1",
        "hub keys create 'Ngân hàng' --contracts payment --reporters NH01",
        "hub keys create can-bo --all --officer --days 90",
        "hub keys create 'Sở Tư pháp' --contracts dossier --units H57.1 --owner 'Văn phòng Sở'"
        " --purpose 'đồng bộ hồ sơ' --legal-basis 'NĐ 278/2025/NĐ-CP'",
    ),
    "keys describe": (
        "hub keys describe 3f9c1a2b --owner 'Văn phòng Sở' --purpose 'đồng bộ hồ sơ'",
    ),
    "keys list": ("hub keys list",),
    "keys revoke": ("hub keys revoke 3f9c1a2b",),
}
DAYS = 365


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="The sender's name; it outlives its keys.")],
    contracts: Annotated[str, typer.Option(help="Contracts it may send; none named: all.")] = "",
    units: Annotated[str, typer.Option(help="Units that it may send for.")] = "",
    reporters: Annotated[str, typer.Option(help="Reporters that it may send for.")] = "",
    areas: Annotated[str, typer.Option(help="Areas that it may send for.")] = "",
    stations: Annotated[str, typer.Option(help="Stations that it may send for.")] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Whole scope: of its contracts it may send all.")
    ] = False,
    officer: Annotated[
        bool, typer.Option("--officer", help="May see and repair what others sent.")
    ] = False,
    certificate: Annotated[
        Path | None, typer.Option(help="PEM file of the certificate that its client must show.")
    ] = None,
    days: Annotated[int, typer.Option(min=0, help="Valid for so long; 0: until revoked.")] = DAYS,
    owner: Owner = "",
    purpose: Purpose = "",
    legal_basis: LegalBasis = "",
) -> None:
    """Make a key; it is printed once, alone on the last line.

    For each contract say for whom or where it may send, codes by commas: units of dossiers,
    reporters or areas of payments, stations of readings; or say --all.
    """
    asked = dict(zip(PARTS, (contracts, units, reporters, areas, stations), strict=True))
    try:
        scope = read_scope(asked, registry.contracts(), is_whole=everything)
    except ScopeError as error:
        raise typer.BadParameter(f"{error.vi} | {error.en}") from None
    made, grounds = keys.make(), grounds_of(owner, purpose, legal_basis)
    with open_hub(settings_for_acting()) as hub:
        until = to_us(hub.clock()) + days * DAY_US if days else None
        bound = {**scope.written(), "all": everything, "days": days, "officer": officer}
        bound |= grounds.written()
        shown, ends = _certificate(certificate)
        act(hub, "key_created", key=made.id, name=name, **bound)
        keys.create(
            hub.store,
            hub.clock,
            name,
            scope,
            expires_at=until,
            is_officer=officer,
            certificate=shown,
            certificate_until=ends,
            grounds=grounds,
            made=made,
        )
    print(made.key)


def _certificate(path: Path | None) -> tuple[str, int | None]:
    """Give how the holder of a certificate is known, and when it ends; of none, neither."""
    if path is None:
        return "", None
    try:
        return fingerprint(path), to_us(ends_at(path))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"--certificate: {path}: {error}") from None


@app.command()
def describe(
    key_id: Annotated[str, typer.Argument(metavar="ID")],
    owner: Owner = "",
    purpose: Purpose = "",
    legal_basis: LegalBasis = "",
) -> None:
    """Say who answers for a key, what it is for and by which law; what is not named stays."""
    grounds = grounds_of(owner, purpose, legal_basis)
    if not grounds.written():
        raise typer.BadParameter("nêu --owner, --purpose hoặc --legal-basis | name one of them")
    with open_hub(settings_for_reading()) as hub:
        act(hub, "key_described", key=key_id, **grounds.written())
        if not keys.describe(hub.store, key_id, grounds):
            complain(f"{key_id}: không có khóa này | no such key")
            raise typer.Exit(1)


@app.command("list")
def list_keys() -> None:
    """List keys; the keys themselves are not kept."""
    with open_hub(settings_for_reading()) as hub:
        now = to_us(hub.clock())
        for key in keys.listed(hub.store):
            until = f"{from_us(key.expires_at):%Y-%m-%d}" if key.expires_at else "revoked"
            role = "  officer" if key.is_officer else ""
            said = "".join(f"  {name}={text}" for name, text in key.grounds.written().items())
            print(f"{key.id}  {key.name}  {key.scope}  until={until}  {key.state(now)}{role}{said}")


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Revoke a key by its id; servers notice within ten seconds."""
    with open_hub(settings_for_reading()) as hub:
        act(hub, "key_revoked", key=key_id)
        if not keys.revoke(hub.store, hub.clock, key_id):
            complain(f"{key_id}: no such valid key")
            raise typer.Exit(1)
