"""The demo year, at a hundredth of its size, loaded once for all tests of a run.

To load it takes more of a core than most files of tests do. The first that needs it runs the
command `hub demo --once` in a folder that all processes of the run share; each gets a copy, which
holds the same bytes, and does with it what it likes.
"""

import os
import shutil
from pathlib import Path

import pytest

from deploy.local.services.process import locked
from tests.parts.starting import run_hub
from tests.parts.waiting import SECONDS_MAX

# `make questions` draws pictures of a larger one.
SCALE = os.environ.get("HUB_TEST_SCALE", "0.01")
TABLE = "table.txt"


def demo_copy(factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Give a folder of one's own with the loaded year, and what the command that loaded it said."""
    loaded = _shared(factory) / "demo-year"
    with locked(loaded.with_suffix(".lock")):
        if not loaded.exists():
            _load(loaded)
    folder = factory.mktemp("demo") / "data"
    shutil.copytree(loaded / "data", folder)
    return folder, (loaded / TABLE).read_text("utf-8")


def _load(loaded: Path) -> None:
    """Load it aside, and rename what is whole."""
    aside = loaded.with_suffix(".aside")
    shutil.rmtree(aside, ignore_errors=True)
    env = {**os.environ, "HUB_DATA_DIR": str(aside / "data")}
    done = run_hub("demo", "--once", "--scale", SCALE, env=env, timeout=SECONDS_MAX)
    assert done.returncode == 0, done.stderr
    (aside / TABLE).write_text(done.stdout, "utf-8")
    aside.rename(loaded)


def _shared(factory: pytest.TempPathFactory) -> Path:
    """The folder of the whole run; that of one process of pytest-xdist is below it."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
