"""Security: what is said of it is there, answers are guarded, secrets are files."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from deploy.local.services.ports import HOST
from hub import registry
from hub.cli import app
from hub.http.app import create_app
from hub.settings import Settings
from tests.parts.pushed import Pushed, pushed

ROOT = Path(__file__).parents[2]
PAGES = ("docs/security.md", "docs/operations.md")
FOLDERS = ("bench", "connectors", "deploy", "docs", "hub", "schemas", "stream_jobs", "tests")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
PINNED = [n for n in (ROOT / "deploy/constraints.txt").read_text().splitlines() if n[0] != "#"]


def cited(page: str) -> list[str]:
    """Give what a page names: what stands in backticks, and the commands of its blocks."""
    text = (ROOT / page).read_text("utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.partition("#")[0].strip() for b in blocks for line in b.splitlines()]
    return [*re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)), *lines]


def commands() -> set[str]:
    def below(command: object, *path: str) -> Iterator[str]:
        inner = getattr(command, "commands", {})
        for name, one in inner.items():
            yield from below(one, *path, name)
        if not inner:
            yield " ".join(path)

    return set(below(typer.main.get_command(app), "hub"))


def is_there(name: str, tests: str, known: set[str]) -> bool:
    """Tell whether a file, a test, a target of make or a command of the hub is there."""
    words = shlex.split(re.sub(r"\b[A-Z_]+=\S+ ?", "", name))
    if words[0] == "make":
        return re.search(rf"^{words[1]}\b.*:", MAKEFILE, re.MULTILINE) is not None
    if words[0] == "pytest":
        return all((ROOT / word).exists() for word in words[1:])
    if words[0] in ("hub", "hub/bin/hub"):
        said = " ".join(["hub", *words[1:]])
        return any(said == c or said.startswith(f"{c} ") for c in known)
    if words[0].startswith("test_"):
        return re.search(rf"^(?:async )?def {name}\(", tests, re.MULTILINE) is not None
    if words[0].split("/")[0] in FOLDERS and "/" in words[0]:
        return (ROOT / words[0]).exists()
    return True


@pytest.mark.parametrize("page", PAGES)
def test_what_security_and_operations_name_is_there(page: str) -> None:
    tests = "\n".join(p.read_text("utf-8") for p in (ROOT / "tests").rglob("test_*.py"))
    known = commands()
    names = [name for name in dict.fromkeys(cited(page)) if name]
    assert [name for name in names if not is_there(name, tests, known)] == []
    assert len(names) > 25
    for wrong in ("make nothing", "hub nothing", "test_of_nothing", "docs/nothing.md"):
        assert not is_there(wrong, tests, known)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    with pushed(tmp_path_factory.mktemp("security")) as opened:
        yield opened


def test_every_answer_says_what_a_page_may_load(hub: Pushed) -> None:
    """Pages and their parts, figures, what is not there, and what is refused."""
    made = create_app(hub.hub, hub.hub.gateway())
    made.state.edge.auditor.close()
    paths = {str(getattr(r, "path", "")) for r in made.routes}
    parts = [p for p in (ROOT / "hub/page").rglob("*") if p.suffix in (".js", ".css")]
    paths |= {f"/page/{p.relative_to(ROOT / 'hub/page').as_posix()}" for p in parts}
    named = {"contract": "dossier", "kpi_id": "dossier_received_new", "period": "2023"}
    seen = set()
    for path in sorted(paths - {"/v1/stream"}):
        filled = re.sub(r"{(\w+)(?::\w+)?}", lambda m: named.get(m[1], "x"), path)
        answers = [hub.ask(filled), hub.ask(filled, headers={"Via": "1.1 proxy"})]
        answers.append(hub.post(filled, {}, ""))
        for answer in answers:
            seen.add((answer.status_code, answer.headers.get("content-type", "").split(";")[0]))
            policy = dict(p.split(" ", 1) for p in answer.headers[_CSP].split("; "))
            assert policy["default-src"] == policy["form-action"] == "'self'", path
            assert {policy[n] for n in ("object-src", "frame-ancestors", "base-uri")} == {"'none'"}
            assert "unsafe" not in answer.headers[_CSP]
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"
    assert {status for status, _ in seen} >= {200, 401, 404, 405}
    assert {kind for _, kind in seen} >= {"text/html", "text/css", "application/json"}


_CSP = "content-security-policy"


def test_what_a_page_loads_is_its_own() -> None:
    """Nothing inline, which the policy would keep from running, and nothing of another origin."""
    shell = (ROOT / "hub/page/shell.html").read_text("utf-8")
    assert re.findall(r"<script(?![^>]*\bsrc=\"/)[^>]*>", shell) == []
    assert re.findall(r"\son\w+=|style=|https?://", shell) == []
    for path in (ROOT / "hub/page").rglob("*.js"):
        text = path.read_text("utf-8")
        assert re.findall(r"\beval\(|new Function\(|from \"https?:|import\(\"https?:", text) == []


def test_secrets_are_given_as_files() -> None:
    every: list[type[BaseSettings]] = [Settings]
    every += [c.settings for c in registry.connectors().values()]
    every += [o.settings for o in registry.outlets().values()]
    words = re.compile(r"password|secret|token")
    found = [
        (of, name)
        for of in every
        for name, info in of.model_fields.items()
        if words.search(name) and not name.endswith("_file") and info.annotation is not SecretStr
    ]
    assert found == []


def test_the_image_holds_code_alone() -> None:
    """What is copied into it is named, and there is no secret in what is named."""
    lines = (ROOT / "deploy/Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
    copied = [
        line.split()[1] for line in lines if line.startswith("COPY ") and "--from" not in line
    ]
    first, *let_in = (ROOT / ".dockerignore").read_text().split()
    assert first == "**"
    assert {n for n in let_in if n[0] == "!"} >= {f"!{n}" for n in copied if "/" not in n} - {
        "!README.md"
    }
    said = [line for line in lines if line.split(" ")[0] in ("ENV", "ARG")]
    assert [s for s in said if re.search(r"(?i)password|secret|token|_key", s)] == []
    kept = subprocess.run(
        ["git", "grep", "-lE", "BEGIN [A-Z ]*PRIVATE KEY", "--", *(n.split()[0] for n in copied)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (kept.stdout, kept.returncode) == ("", 1)


def test_what_needs_no_password_listens_on_loopback_alone() -> None:
    """The hub by default, and the parts that `make services` starts, which know no passwords."""
    assert Settings.model_fields["listen"].default.startswith("127.0.0.1:")
    assert HOST == "127.0.0.1"
    for path in (ROOT / "connectors").rglob("simulator.py"):
        text = path.read_text("utf-8")
        assert '"0.0.0.0"' not in text
        assert "HOST" not in text or 'HOST = "127.0.0.1"' in text


def test_the_sbom_names_every_pinned_package(tmp_path: Path) -> None:
    """As `make sbom` writes it; the tool holds it against CycloneDX' own schema."""
    venv, file = Path(sys.executable).parents[1], tmp_path / "sbom.json"
    shown = ("make", "--dry-run", "--silent", "sbom", f"VENV={venv}", f"SBOM={file}")
    steps = subprocess.run(shown, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    step = next(s for s in steps.replace("\\\n", " ").splitlines() if "cyclonedx-py" in s)
    subprocess.run(shlex.split(step), cwd=ROOT, capture_output=True, check=True, timeout=300)
    made = json.loads(file.read_text("utf-8"))
    named = [f"{c['name']}=={c['version']}" for c in made["components"]]
    assert sorted(named) == sorted(PINNED)
    assert all(c["purl"].startswith("pkg:pypi/") for c in made["components"])
    assert made["metadata"]["component"]["name"] == "lgsp-hub"
