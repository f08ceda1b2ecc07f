"""The command `hub`: finds its commands, and says known troubles plainly."""

import importlib
import logging
import os
import pkgutil
import sys
from importlib import metadata
from types import ModuleType
from typing import Annotated

import typer

from hub import commands
from hub.commands.console import complain
from hub.commands.manual import ending, write_help
from hub.operating.logs import is_json
from hub.troubles import RefusedError, TroubleError

logger = logging.getLogger("hub.cli")


def find_parts() -> list[ModuleType]:
    """Find the modules of `hub.commands` that have an `app`, by name."""
    names = sorted(m.name for m in pkgutil.iter_modules(commands.__path__))
    modules = [importlib.import_module(f"{commands.__name__}.{name}") for name in names]
    return [m for m in modules if hasattr(m, "app")]


def find_examples() -> dict[str, tuple[str, ...]]:
    """Put the examples of all commands together, by the words by which each is called."""
    return {
        command: shown
        for part in find_parts()
        for command, shown in getattr(part, "EXAMPLES", {}).items()
    }


def find_commands() -> typer.Typer:
    """Put the commands together, each with its examples."""
    together = typer.Typer(
        help="A province's data hub whose every figure can prove itself.",
        no_args_is_help=True,
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        add_completion=False,
        epilog=ending(),
    )
    for part in find_parts():
        together.add_typer(part.app)
    together.callback()(_options)
    write_help(together, find_examples())
    return together


def _options(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(metadata.version("lgsp-hub"))
        raise typer.Exit


app = find_commands()


def main() -> None:
    """Run the command; known troubles end with a plain message and exit code 2."""
    os.environ.setdefault("POLARS_MAX_THREADS", str(os.cpu_count() or 1))
    try:
        app()
    except (TroubleError, RefusedError) as error:
        if is_json():
            logger.critical("%s", error)
        else:
            complain(f"{error}")
        sys.exit(2)


if __name__ == "__main__":
    main()
