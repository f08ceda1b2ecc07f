"""What `--help` says of each command beside its options: examples, exit codes, settings.

Examples are tried: a test parses each as the command does. A new command has one here.
"""

from collections.abc import Iterator

import typer

from hub.settings import Settings

DOSSIER = "dossier.received/channel+service_level/2023-05-17/channel=online,service_level=full"
EXAMPLES: dict[str, tuple[str, ...]] = {
    "archive": ("hub archive", "hub archive --check"),
    "audit list": ("hub audit list --from 100 --actor so-tu-phap",),
    "audit verify": ("hub audit verify",),
    "check": ("hub check ho-so.xlsx --contract dossier",),
    "connect": ("hub connect one_stop", "hub connect one_stop --since 2023-01-01"),
    "demo": ("hub demo", "hub demo --once --scale 0.01", "hub demo --connectors"),
    "doctor": ("hub doctor", "hub doctor --json"),
    "duties propose": ("hub duties propose > danh-muc/duties.csv",),
    "duties show": ("hub duties show 2023-05",),
    "explain": ("hub explain H57.1-230517-0001", f"hub explain '{DOSSIER}'"),
    "keys create": (
        "hub keys create so-tu-phap --contracts dossier --units H57.1",
        "hub keys create 'Ngân hàng' --contracts payment --reporters NH01",
        "hub keys create can-bo --all --officer --days 90",
    ),
    "keys list": ("hub keys list",),
    "keys revoke": ("hub keys revoke 3f9c1a2b",),
    "kpi": (
        "hub kpi --period 2023",
        "hub kpi dossier_on_time_share --period 2023-Q2 --by unit",
        "hub kpi payment_amount --period 2023 --where service=electricity --json",
    ),
    "map propose": ("hub map propose ho-so.xlsx --contract dossier --sender so-tu-phap",),
    "map confirm": ("hub map confirm so-tu-phap.json",),
    "map show": ("hub map show --contract dossier --sender so-tu-phap",),
    "missing": ("hub missing 2023-05", "hub missing 2023-05 --letters thu/"),
    "new source": ("hub new source meteo --contract reading",),
    "new case": ("hub new case payments so-lieu.csv --name two_sheets",),
    "period close": ("hub period close 2023-05 --dry-run", "hub period close 2023-05"),
    "period list": ("hub period list",),
    "period restatements": ("hub period restatements 2023-05",),
    "quarantine list": ("hub quarantine list", "hub quarantine list --contract dossier --ready"),
    "quarantine show": ("hub quarantine show rcp_1:0",),
    "quarantine fix": ("hub quarantine fix rcp_1:0 channel=online",),
    "quarantine replay": (
        "hub quarantine replay rcp_1:0 --dry-run",
        "hub quarantine replay rcp_1:0",
    ),
    "quarantine discard": ("hub quarantine discard rcp_1:0 --reason 'gửi thử'",),
    "quarantine erase": ("hub quarantine erase",),
    "rebuild": ("hub rebuild",),
    "receipts show": ("hub receipts show rcp_1",),
    "receipts rotate": ("hub receipts rotate",),
    "reference check": ("hub reference check danh-muc/",),
    "reference load": ("hub reference load danh-muc/",),
    "reference show": ("hub reference show", "hub reference show units --at 2025-07-01"),
    "reference template": ("hub reference template --output danh-muc/",),
    "render": ("hub render", "hub render --check"),
    "report 06a": (
        "hub report 06a 2023-05",
        "hub report 06a 2023 --unit H57.1 --format pdf --output bieu-06a.pdf",
    ),
    "report 06b": ("hub report 06b 2023-Q2 --format xlsx --output bieu-06b.xlsx",),
    "report deadlines": ("hub report deadlines 2023-05",),
    "report editions": ("hub report editions 06a 2023-05",),
    "report verify": ("hub report verify bieu-06a.pdf --keys jwks.json",),
    "restore": ("hub restore /mnt/luu-tru",),
    "serve": ("hub serve", "HUB_LISTEN=0.0.0.0:8080 hub serve"),
    "topics plan": ("hub topics plan",),
    "topics apply": ("hub topics apply --replication 3",),
    "try events": ("hub try events ho-so.json --contract dossier --sender so-tu-phap",),
    "try reference": ("hub try reference danh-muc/",),
    "verify": ("hub verify", "hub verify --sample 1%"),
    "work": ("hub work", "HUB_LISTEN=127.0.0.1:8081 hub work"),
}
EXIT_CODES = (
    "Exit codes: 0 done, and nothing is wrong; 1 what was looked at is wrong or differs, and is"
    " named; 2 it could not be done: a wrong option or setting, or log or store are away."
)


def write_help(together: typer.Typer) -> None:
    """Put below the help of each command its examples."""
    for path, info in _infos(together, ()):
        said = [f"$ {example}" for example in EXAMPLES.get(path, ())]
        info.epilog = "\n\n".join(["Examples:", *said, EXIT_CODES] if said else [EXIT_CODES])


def ending() -> str:
    """Write what stands below the help of `hub`: exit codes, and each setting with its default."""
    prefix = Settings.model_config["env_prefix"]
    settings = [
        f"{prefix}{name.upper()} (default: {'none' if f.default in ('', None) else f.default})"
        for name, f in Settings.model_fields.items()
    ]
    return "\n\n".join([EXIT_CODES, "Settings are environment variables:", *settings])


def _infos(
    part: typer.Typer, above: tuple[str, ...]
) -> Iterator[tuple[str, typer.models.CommandInfo]]:
    for info in part.registered_commands:
        assert info.callback is not None
        name = info.name or info.callback.__name__.replace("_", "-").strip("-")
        yield " ".join((*above, name)), info
    for group in part.registered_groups:
        if group.typer_instance is not None:
            named = group.typer_instance.info.name
            own = (*above, named) if isinstance(named, str) else above
            yield from _infos(group.typer_instance, own)
