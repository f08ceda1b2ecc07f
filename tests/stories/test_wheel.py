"""The built package, installed into an empty environment, is a complete hub."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_wheel_runs_the_demo_from_another_folder(tmp_path: Path) -> None:
    def run(*command: str | Path, **more: str) -> str:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("HUB_", "PYTHON"))}
        done = subprocess.run(
            [str(c) for c in command],
            cwd=tmp_path,
            env={**clean, **more},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    # As in the Makefile: uv where it is there, which takes a tenth of the processor; else pip.
    uv = Path(sys.executable).with_name("uv")
    by = ("--installer", "uv") if uv.exists() else ()
    run(sys.executable, "-m", "build", *by, "--wheel", "--outdir", tmp_path / "dist", ROOT)
    wheel = next((tmp_path / "dist").glob("*.whl"))
    files = [p for p in (ROOT / "hub/page").rglob("*") if p.is_file()]
    files += (ROOT / "stream_jobs/groups").glob("*.js")
    files += (*(ROOT / "reference").glob("*.csv"), *(ROOT / "reference/forms").glob("*.py"))
    held = zipfile.ZipFile(wheel).namelist()
    assert {p.relative_to(ROOT).as_posix() for p in files} <= set(held)
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv")
    bin_folder = tmp_path / "venv" / "bin"
    python = bin_folder / "python"
    if uv.exists():
        run(uv, "pip", "install", "--quiet", "--python", python, wheel)
    else:
        # What is not compiled now is when it is imported, which most of it never is.
        pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
        run(*pip, "install", "--quiet", "--no-compile", wheel)
    table = run(bin_folder / "hub", "demo", "--once", "--scale", "0.01")
    assert "35.32 %" in table
    assert (tmp_path / ".hub-demo" / "log.sqlite3").is_file()
    proof = run(bin_folder / "hub", "verify")
    assert "0 differences" in proof
