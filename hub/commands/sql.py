"""The commands `hub sql`: who reads the SQL views."""

from typing import Annotated

import typer

from hub import registry
from hub.access import sql_roles
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

app = typer.Typer(
    name="sql", help="Logins of PostgreSQL that read the SQL views.", no_args_is_help=True
)
EXAMPLES = {
    "sql create": (
        "hub sql create bi_so_tu_phap --units H57.1",
        "hub sql create grafana --all --days 90",
        "hub sql create bi_so_tu_phap --units H57.1 --owner 'Sở Tư pháp' --purpose 'báo cáo'"
        " --legal-basis 'NĐ 278/2025/NĐ-CP'",
    ),
    "sql describe": ("hub sql describe grafana --purpose 'màn hình IOC'",),
    "sql list": ("hub sql list",),
    "sql revoke": ("hub sql revoke bi_so_tu_phap",),
}
DAYS = 365


@app.command()
def create(
    role: Annotated[str, typer.Argument(help="The login's name: a-z, digits, underscores.")],
    units: Annotated[str, typer.Option(help="Units whose facts it sees, and those below.")] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="It sees facts of the whole province.")
    ] = False,
    days: Annotated[int, typer.Option(min=0, help="Valid for so long; 0: until revoked.")] = DAYS,
    owner: Owner = "",
    purpose: Purpose = "",
    legal_basis: LegalBasis = "",
) -> None:
    """Make a login that reads the SQL views alone; its password is printed once, on the last line.

    Say for which units, codes by commas, or --all.
    """
    if not units and not everything:
        raise typer.BadParameter("nêu --units hoặc --all | name --units, or --all")
    asked = {**dict.fromkeys(PARTS, ""), "units": units}
    of_units = {n: c for n, c in registry.contracts().items() if "units" in c.spec.limited}
    try:
        scope = read_scope(asked, of_units, is_whole=everything)
    except ScopeError as error:
        raise typer.BadParameter(f"{error.vi} | {error.en}") from None
    grounds = grounds_of(owner, purpose, legal_basis)
    bound = {"units": units, "all": everything, "days": days, **grounds.written()}
    with open_hub(settings_for_acting()) as hub:
        until = to_us(hub.clock()) + days * DAY_US if days else None
        act(hub, "sql_role_created", role=role, **bound)
        password = sql_roles.create(hub.store, hub.clock, role, scope.units, until, grounds)
    print(password)


@app.command()
def describe(
    role: Annotated[str, typer.Argument(help="The login's name.")],
    owner: Owner = "",
    purpose: Purpose = "",
    legal_basis: LegalBasis = "",
) -> None:
    """Say who answers for a login, what it is for and by which law; what is not named stays."""
    grounds = grounds_of(owner, purpose, legal_basis)
    if not grounds.written():
        raise typer.BadParameter("nêu --owner, --purpose hoặc --legal-basis | name one of them")
    with open_hub(settings_for_reading()) as hub:
        act(hub, "sql_role_described", role=role, **grounds.written())
        if not sql_roles.describe(hub.store, role, grounds):
            complain(f"{role}: hub sql không tạo vai trò này | no role that hub sql made")
            raise typer.Exit(1)


@app.command("list")
def list_roles() -> None:
    """List the logins; their passwords are not kept."""
    with open_hub(settings_for_reading()) as hub:
        now = to_us(hub.clock())
        for known in sql_roles.listed(hub.store):
            until = f"{from_us(known.expires_at):%Y-%m-%d}" if known.expires_at else "revoked"
            is_over = known.expires_at is not None and known.expires_at <= now
            units = ",".join(known.units) or "all"
            said = "".join(f"  {name}={text}" for name, text in known.grounds.written().items())
            over = "  expired" if is_over else ""
            print(f"{known.role}  units={units}  until={until}{over}{said}")


@app.command()
def revoke(role: Annotated[str, typer.Argument(help="The login's name.")]) -> None:
    """Take a login away: at once, also where it is connected."""
    with open_hub(settings_for_reading()) as hub:
        act(hub, "sql_role_revoked", role=role)
        if not sql_roles.revoke(hub.store, role):
            complain(f"{role}: hub sql không tạo vai trò này | no role that hub sql made")
            raise typer.Exit(1)
