"""The command `hub kpi`: what it cannot answer it refuses in words, and never answers otherwise."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.commands.kpi import app


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--period", "2023-13"], "month must be in 1..12"),
        (["--period", "2023-5"], "not a period"),
        (["--period", "2023", "--by", "unit"], "asked of one KPI"),
        (["--period", "2023", "--where", "service=electricity"], "asked of one KPI"),
        (["payment_amount", "--period", "2023", "--where", "electricity"], "a filter is such as"),
        (["payment_amount", "--period", "2023-13"], "month must be in 1..12"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path))
    answer = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
    assert answer.exit_code == 2
    assert said in answer.output
