"""Programs of a cluster: built from Go modules, once, into a folder outside the project.

What is built is named by the `go.mod` beside it (its `tool` lines), and held to by its `go.sum`.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from deploy.local.services.process import UnavailableError, locked
from tests.parts.same import Say

ROOT = Path(__file__).parents[2]
MODULES = ROOT / "deploy" / "local"
# Go as it is unpacked by hand, where it is not in the path.
UNPACKED = "/usr/local/go/bin"
GO_MIN = (1, 26)
BUILD_SECONDS_MAX = 4 * 3600


def kept_in() -> Path:
    """Give the folder of what is built, by XDG."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base, "lgsp-hub", "cluster")


def go() -> str:
    """Find a Go that is new enough, or say what to do."""
    program = shutil.which("go", path=f"{os.environ.get('PATH', '')}:{UNPACKED}")
    needed = f"Go {GO_MIN[0]}.{GO_MIN[1]} or later is needed to build a cluster"
    if program is None:
        raise UnavailableError(f"{needed}; Debian 12 has 1.19, so get it from go.dev")
    said = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"go(\d+)\.(\d+)", said)
    if version is None or (int(version[1]), int(version[2])) < GO_MIN:
        raise UnavailableError(f"{needed}; {program} is {said.strip()}")
    return program


def version_of(module: str, name: str) -> str:
    """Read which version of a module is asked for, such as `v1.34.3`."""
    text = (MODULES / name / "go.mod").read_text("utf-8")
    found = re.search(rf"^(?:require )?\s*{re.escape(module)} (v\S+)", text, re.MULTILINE)
    if found is None:
        raise UnavailableError(f"deploy/local/{name}/go.mod asks for no {module}")
    return found[1]


def _run(words: list[str], folder: Path) -> str:
    environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"}
    done = subprocess.run(
        # A build may take every core for an hour: what else runs comes first.
        ["nice", "-n", "5", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS_MAX,
        check=False,
    )
    if done.returncode != 0:
        raise UnavailableError(f"failed: {' '.join(words)}\n{done.stderr[-2000:]}")
    return done.stdout


def tools(name: str) -> list[str]:
    """List the packages that `deploy/local/NAME/go.mod` makes programs of."""
    text = (MODULES / name / "go.mod").read_text("utf-8")
    block = re.search(r"^tool \(\n(.*?)^\)", text, re.MULTILINE | re.DOTALL)
    lines = block[1].split() if block else re.findall(r"^tool (\S+)$", text, re.MULTILINE)
    return list(lines)


def build(name: str, say: Say, flags: str = "") -> Path:
    """Build what `deploy/local/NAME/go.mod` names; gives the folder with the programs.

    One after another: linking the largest takes 3 GB by itself.
    """
    module = MODULES / name
    asked = (module / "go.mod").read_bytes() + (module / "go.sum").read_bytes() + flags.encode()
    folder = kept_in() / f"{name}-{hashlib.sha256(asked).hexdigest()[:12]}"
    with locked(kept_in() / f"{name}.lock"):
        for package in tools(name):
            program = folder / package.rpartition("/")[2]
            if program.exists():
                continue
            say(f"building {package}; the first time takes from minutes to an hour")
            folder.mkdir(parents=True, exist_ok=True)
            aside = folder / f"{program.name}.new"
            linking = f"-s -w {flags}".strip()
            _run([go(), "build", "-p", "2", "-ldflags", linking, "-o", str(aside), package], module)
            aside.rename(program)
    return folder


def kubernetes(say: Say) -> Path:
    """Build the control plane and the kubelet, which say their version when asked."""
    version = version_of("k8s.io/kubernetes", "kubernetes")
    major, minor, _ = version.removeprefix("v").split(".")
    place = "k8s.io/component-base/version.git"
    flags = f"-X {place}Version={version} -X {place}Major={major} -X {place}Minor={minor}"
    return build("kubernetes", say, flags)


def source_of(module: str, version: str) -> Path:
    """Give the folder of a module's sources, fetched and checked by Go."""
    said = _run([go(), "mod", "download", "-json", f"{module}@{version}"], Path("/"))
    return Path(json.loads(said)["Dir"])
