"""The examples for senders, as they are: each sends, and sends again without counting twice."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stream_jobs.worked import received
from tests.stories.conftest import Served

FOLDER = Path(__file__).parents[2] / "docs" / "examples"
EXAMPLES = {
    "curl": ["sh", str(FOLDER / "send.sh")],
    "python": [sys.executable, str(FOLDER / "send.py")],
    "java": ["java", str(FOLDER / "Send.java")],
    "c#": ["sh", "-c", f'mcs -r:System.Net.Http.dll -out:$0 {FOLDER}/Send.cs && mono $0 "$@"'],
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_sends_and_repeats(served: Served, tmp_path: Path, name: str) -> None:
    file = tmp_path / "hồ sơ.json"
    file.write_text(json.dumps([received("A", "2023-05-02"), {"kind": "pigeon"}]), "utf-8")
    env = {**os.environ, "HUB_URL": served.url, "HUB_KEY": served.key}

    def send(contract: str) -> "subprocess.CompletedProcess[str]":
        compiled = [str(tmp_path / "Send.exe")] if name == "c#" else []
        command = [*EXAMPLES[name], *compiled, str(file), contract]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    first, again = send("dossier"), send("dossier")
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["accepted"] == 1
    assert json.loads(again.stdout) == json.loads(first.stdout)
    served.settle()
    assert served.figure("dossier_received_new", period="2023")["numerator"] == 1
    refused = send("nothing")
    assert refused.returncode != 0
    assert "unknown_contract" in refused.stdout + refused.stderr
