"""`hub new` says what to do first where a contract is not there."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub import places, registry
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


CASES = Path(__file__).parents[3] / "connectors" / "documents" / "cases"


def test_cases_are_made_of_several_files_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "connectors_folder", lambda: tmp_path)
    monkeypatch.setenv("COLUMNS", "400")
    names = []
    for name, of in (("tốt 5.csv", "exported"), ("xau.csv", "bad_rows")):
        (tmp_path / name).write_bytes((CASES / of / "input.csv").read_bytes())
        names.append(str(tmp_path / name))
    done = RUNNER.invoke(new.app, ["case", "documents", *names])
    assert done.exit_code == 0, done.output
    assert "cases/t_t_5; 4 records taken, 0 rejected" in done.stderr
    assert "cases/xau; 1 records taken, 7 rejected" in done.stderr
    again = RUNNER.invoke(new.app, ["case", "documents", names[0]])
    assert "is there already" in str(again.exception)
    badly = RUNNER.invoke(new.app, ["case", "documents", names[0], "--name", "2"])
    assert "a letter first" in str(badly.exception)
    both = RUNNER.invoke(new.app, ["case", "documents", *names, "--name", "two"])
    assert both.exit_code == 2
    assert "--name is for one file" in both.output
