"""Every module of the room of commands is a command, or a part of some; a command says what for."""

import ast
import pkgutil
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hub import commands
from hub.cli import app, find_examples
from hub.settings import Settings
from tests.parts.waiting import SECONDS_MAX

FOLDER = Path(commands.__path__[0])
NAMES = [m.name for m in pkgutil.iter_modules(commands.__path__)]
RUNNER = CliRunner()


def imported(path: Path) -> set[str]:
    """Name the modules of the room that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == commands.__name__:
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            room, _, name = node.module.rpartition(".")
            names |= {name} if room == commands.__name__ else set()
    return names


def file_of(name: str) -> Path:
    """Give a module's file; what only some commands need to import is beside it, in a folder."""
    alone = FOLDER / f"{name}.py"
    return alone if alone.exists() else FOLDER / name / "__init__.py"


def has_app(name: str) -> bool:
    tree = ast.parse(file_of(name).read_text("utf-8"))
    targets = [t for node in tree.body if isinstance(node, ast.Assign) for t in node.targets]
    return any(isinstance(t, ast.Name) and t.id == "app" for t in targets)


@pytest.mark.parametrize("name", NAMES)
def test_a_module_is_a_command_or_a_part_of_one(name: str) -> None:
    files = [*map(file_of, NAMES), FOLDER.parent / "cli.py"]
    importers = [path for path in files if name in imported(path) and path != file_of(name)]
    if has_app(name):
        assert importers == [], "what commands share is in a module without an app"
    else:
        assert importers, "no command is found in it, and none uses it"


def test_no_process_imports_what_only_some_need() -> None:
    """They take a third of the time in which a command starts, and 54 MiB of each process."""
    program = (
        "import sys, hub.cli, hub.http.serving, hub.kafka.log, hub.worker.transport\n"
        "from hub.log.pieces import join_runs, listed\n"
        "assert join_runs(listed([b'a', b'b']), [0]).to_list() == [b'ab']\n"
        "print(*{'pandas', 'pyiceberg', 'scipy', 'openpyxl', 'sqlalchemy.orm'} & {*sys.modules})"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS_MAX)
    assert done.stdout.split() == []


def everything(command: Any, *path: str) -> list[Any]:
    """List a command and all below it, each with the words by which it is called."""
    inner = getattr(command, "commands", {})
    below = [case for name in inner for case in everything(inner[name], *path, name)]
    return [pytest.param(command, path, id=" ".join(("hub", *path))), *below]


@pytest.mark.parametrize(("command", "path"), everything(typer.main.get_command(app)))
def test_every_command_says_what_it_is_for(command: Any, path: tuple[str, ...]) -> None:
    assert command.help.strip().split("\n")[0].endswith(".")
    assert RUNNER.invoke(app, [*path, "--help"]).exit_code == 0


def leaves(command: Any, *path: str) -> dict[str, Any]:
    """Give the commands that do something, by the words by which they are called."""
    inner = getattr(command, "commands", {})
    if not inner:
        return {" ".join(path): command}
    return {n: c for name in inner for n, c in leaves(inner[name], *path, name).items()}


LEAVES = leaves(typer.main.get_command(app))
EXAMPLES = find_examples()


@pytest.mark.parametrize("path", LEAVES)
def test_every_command_shows_examples_that_it_understands(path: str, tmp_path: Path) -> None:
    assert EXAMPLES.get(path), f"give an example of `hub {path}` in EXAMPLES of its module"
    shown = " ".join(RUNNER.invoke(app, [*path.split(), "--help"]).output.split())
    assert "Exit codes: 0" in shown
    for example in EXAMPLES[path]:
        said = [w for w in shlex.split(example.partition(" > ")[0]) if "=" not in w or w[0] != "H"]
        assert said[: len(path.split()) + 1] == ["hub", *path.split()]
        # A file that is to be there is; what else is typed must be understood as it is.
        given = said[len(path.split()) + 1 :]
        for i, word in enumerate(given):
            if word.endswith((".xlsx", ".json", ".csv")):
                given[i] = str(tmp_path / word)
                Path(given[i]).touch()
            elif word.endswith("/") or word.startswith("/"):
                given[i] = str(tmp_path)
        LEAVES[path].make_context(path, given)


def test_examples_are_of_commands_that_there_are_and_settings_are_all_named() -> None:
    assert set(EXAMPLES) <= set(LEAVES)
    shown = RUNNER.invoke(app, ["--help"]).output
    assert [n for n in Settings.model_fields if f"HUB_{n.upper()}" not in shown] == []
