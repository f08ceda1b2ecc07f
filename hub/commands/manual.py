"""What `--help` says of each command beside its options: examples, exit codes, settings.

Examples stand with their command: `EXAMPLES` of its module, by the words by which it is called.
They are tried: a test parses each as the command does.
"""

from collections.abc import Iterator, Mapping, Sequence

import typer

from hub.settings import Settings

EXIT_CODES = (
    "Exit codes: 0 done, and nothing is wrong; 1 what was looked at is wrong or differs, and is"
    " named; 2 it could not be done: a wrong option or setting, or log or store are away."
)


def write_help(together: typer.Typer, examples: Mapping[str, Sequence[str]]) -> None:
    """Put below the help of each command its examples."""
    for path, info in _infos(together, ()):
        said = [f"$ {example}" for example in examples.get(path, ())]
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
