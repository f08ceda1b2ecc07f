"""Installs a peer in Python into an environment of its own, in a folder that git ignores."""

import shutil
import subprocess
import sys
from pathlib import Path


def install(name: str, requirements: tuple[str, ...], folder: Path) -> Path:
    """Make the environment, unless it is there with the same requirements; give its Python."""
    made = folder / name
    mark = made / "built"
    wanted = "\n".join(requirements)
    if not (mark.exists() and mark.read_text() == wanted):
        if made.exists():
            shutil.rmtree(made)
        subprocess.run([sys.executable, "-m", "venv", str(made)], check=True)
        pip = [str(python(made)), "-I", "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, *requirements], check=True)
        mark.write_text(wanted)
    return made


def python(made: Path) -> Path:
    """The environment's Python."""
    return made / "bin" / "python"
