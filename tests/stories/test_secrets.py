"""Secrets are nowhere but where they were put: each is marked, things go wrong, all is read.

What is read is all that processes write: both outputs, access log, metrics, answers, the data
folder's tables and log. The hub's own keys are files of that folder, as they must be.
"""

import os
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from hub import registry
from stream_jobs.worked import received
from tests.parts import loopback
from tests.parts.authority import Authority
from tests.parts.starting import run_hub, start_hub
from tests.parts.waiting import SECONDS_MAX, until
from tests.stories.conftest import Served, free_port

MARK = "b1mat"  # within each secret; "%" and "@" are where passwords in addresses go wrong


class Marked:
    """Every secret setting of hub, connectors and outlets, each with a secret of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env: dict[str, str] = {}
        self.secrets = [MARK]
        for name in ("KAFKA_PASSWORD_FILE", "OIDC_CLIENT_SECRET_FILE", *self._own()):
            if name.endswith("_FILE"):
                (folder / name).write_text(f"{MARK}-{name}\n")
                self.env[f"HUB_{name}"] = str(folder / name)
            else:
                self.env[f"HUB_{name}"] = f"{MARK}-{name}"
        authority = Authority(folder, "ca")
        self.certificate, self.key = authority.issue("server")
        self.ca = authority.file
        self.secrets += self.key.read_text().splitlines()[1:-1]
        self.password = f"{MARK}%40p"

    @staticmethod
    def _own() -> Iterator[str]:
        classes = {name: c.settings for name, c in registry.connectors().items()}
        classes |= {f"outlet_{name}": o.settings for name, o in registry.outlets().items()}
        for middle, of in classes.items():
            for name in of.model_fields:
                if any(word in name for word in ("password", "secret", "token")):
                    yield f"{middle}_{name}".upper()

    @property
    def production(self) -> dict[str, str]:
        """Kafka and PostgreSQL that are away, with a password in the address."""
        return {
            "HUB_KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}",
            "HUB_KAFKA_CA": str(self.ca),
            "HUB_KAFKA_USER": "gateway",
            "HUB_DATABASE_URL": self.database(f"127.0.0.1:{free_port()}"),
        }

    def database(self, at: str, scheme: str = "postgresql+psycopg") -> str:
        """Write the address of a database, password and all."""
        return f"{scheme}://hub:{self.password}@{at}/lgsp"

    def found(self, *texts: bytes) -> list[str]:
        """Give the secrets that stand in what was written."""
        return [s for s in self.secrets if any(s.encode() in text for text in texts)]


@pytest.fixture
def marked(tmp_path: Path) -> Marked:
    return Marked(tmp_path)


def failing(marked: Marked) -> dict[str, tuple[tuple[str, ...], dict[str, str]]]:
    """Give commands that end by themselves, each for another reason."""
    log, dead = marked.production, f"127.0.0.1:{free_port()}"
    without_user = {n: v for n, v in log.items() if n != "HUB_KAFKA_USER"}
    odd = marked.folder / "odd"
    odd.mkdir()
    (odd / "log.sqlite3").write_bytes(b"this is no database" * 100)
    return {
        "address": (("serve",), log | {"HUB_LISTEN": "nowhere"}),
        "half": (("serve",), without_user),
        "scheme": (("serve",), {"HUB_DATABASE_URL": marked.database(dead, "postgres")}),
        "host": (("serve",), log | {"HUB_DATABASE_URL": marked.database("no.such.host.invalid")}),
        "away": (("serve",), log | {"HUB_DATABASE_URL": marked.database(f"{dead}")}),
        "doctor": (("doctor",), log),
        "topics": (("topics", "plan"), log),
        "uncaught": (("serve",), {"HUB_DATA_DIR": str(odd)}),
        "provider": (("serve",), {"HUB_OIDC_ISSUER": f"http://{dead}/{MARK[:0]}x"}),
        "url": (("connect", "salinity"), {"HUB_SALINITY_URL": f"http://u:{MARK}@{dead}"}),
    }


def test_commands_that_fail_tell_no_secret(marked: Marked, tmp_path: Path) -> None:
    told: dict[str, list[str]] = {}
    for name, (words, env) in failing(marked).items():
        base = {**os.environ, "HUB_DATA_DIR": str(tmp_path / "data")}
        if "HUB_KAFKA_USER" in env or name == "half":
            base["HUB_KAFKA_PASSWORD_FILE"] = marked.env["HUB_KAFKA_PASSWORD_FILE"]
        own = {n: v for n, v in marked.env.items() if "KAFKA" not in n and "OIDC" not in n}
        done = run_hub(*words, env=base | own | env, timeout=SECONDS_MAX * 3)
        assert done.returncode != 0, (name, done.stdout, done.stderr)
        assert done.stdout + done.stderr, name
        told[name] = marked.found(done.stdout.encode(), done.stderr.encode())
    assert {name: found for name, found in told.items() if found} == {}


def says_why(log: Path) -> bool:
    return b"WARNING" in log.read_bytes()


def test_processes_that_wait_for_others_tell_no_secret(marked: Marked, tmp_path: Path) -> None:
    dead = f"127.0.0.1:{free_port()}"
    waiting = {
        ("work",): marked.production,
        ("connect", "one_stop"): {"HUB_ONE_STOP_URL": f"http://u:{MARK}@{dead}/"},
        ("connect", "salinity"): {"HUB_SALINITY_URL": f"mqtt://u:{MARK}@{dead}"},
    }
    for words, env in waiting.items():
        log = tmp_path / f"{'-'.join(words)}.log"
        own = {n: v for n, v in marked.env.items() if "OIDC" not in n and "SALINITY" not in n}
        if words[0] != "work":
            own = {n: v for n, v in own.items() if "KAFKA" not in n}
        given = {**os.environ, "HUB_DATA_DIR": str(tmp_path / "data"), **own, **env}
        with log.open("wb") as out:
            process = start_hub(*words, env=given, stdout=out, stderr=out)
        try:
            until(partial(says_why, log), "it says why it waits")
            process.send_signal(signal.SIGABRT)  # as a crash ends it
            process.wait(SECONDS_MAX)
        finally:
            process.kill()
            process.wait()
        assert marked.found(log.read_bytes()) == [], log.read_text()


def test_a_hub_that_serves_tells_no_secret(marked: Marked, tmp_path: Path) -> None:
    hub = Served(tmp_path / "hub")
    hub.env |= {n: v for n, v in marked.env.items() if "KAFKA" not in n} | {
        "HUB_TLS_CERTIFICATE": str(marked.certificate),
        "HUB_TLS_KEY": str(marked.key),
        "HUB_OIDC_ISSUER": f"http://127.0.0.1:{free_port()}",
        "HUB_OIDC_CLIENT_ID": "hub",
        "HUB_ACCESS_LOG": str(tmp_path / "access.jsonl"),
    }
    key = hub.create_key()
    hub.url = hub.url.replace("http:", "https:")
    answers = []
    with (tmp_path / "out.log").open("wb") as out, (tmp_path / "err.log").open("wb") as err:
        hub.start(stdout=out, stderr=err)
        answers += [hub.post("dossier", [received("A", "2023-05-17")]).content]
        hub.key = f"{MARK}-wrong"
        answers += [hub.post("dossier", []).content, hub.post("dossier", b"\xff{").content]
        headers = {"Cookie": f"hub_session={MARK}-cookie", "Authorization": f"Bearer {MARK}-x"}
        for path in ("/metrics", "/readyz", "/sign-in", "/v1/receipts/x", "/v1/kpis?period=x"):
            asked = loopback.get(f"{hub.url}{path}", headers=headers, timeout=SECONDS_MAX)
            answers.append(asked.content)
        hub.stop()
    marked.secrets.append(key)
    written = [p for p in tmp_path.rglob("*") if p.is_file() and p.suffix in (".log", ".jsonl")]
    written += [p for p in hub.folder.rglob("*.sqlite3*") if p.is_file()]
    assert len(written) >= 6
    assert {p.name for p in written if marked.found(p.read_bytes())} == set()
    assert marked.found(*answers) == []


def test_what_is_read_here_would_be_found(marked: Marked) -> None:
    """The marks reach the process: one that prints its settings would be caught."""
    code = "import os; print({n: v for n, v in os.environ.items() if n.startswith('HUB_')})"
    given = {**os.environ, **marked.env, **marked.production}
    done = subprocess.run(["python3", "-c", code], env=given, capture_output=True, check=True)
    assert marked.found(done.stdout) == [MARK]
