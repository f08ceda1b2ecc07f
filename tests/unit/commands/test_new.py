"""`hub new` says what to do first where a contract is not there."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub import registry
from hub.commands import new

README = Path(__file__).parents[3] / "README.md"
RUNNER = CliRunner()


def test_a_contract_that_is_not_there_is_to_be_written_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    done = RUNNER.invoke(new.app, ["source", "clinics", "--contract", "appointment"])
    assert done.exit_code == 2
    told = " ".join(done.output.split())
    assert ", ".join(registry.contracts()) in told
    for said in ("viết hợp đồng mới: README, mục “Adding a source”, bước 1", "README, “Adding a"):
        assert said in told
    (_, _, section) = README.read_text("utf-8").partition("\n## Adding a source\n\n")
    assert section.startswith("1. The contract, ")
