"""A parameter that stands more than once is refused: one of its values would be ignored."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.pushed import Pushed, pushed


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    folder: Path = tmp_path_factory.mktemp("once") / "hub"
    with pushed(folder) as opened:
        yield opened


@pytest.mark.parametrize(
    ("query", "twice"),
    [
        ("unit=H57.1&unit=H57.2", "unit"),
        ("period=2023&period=2023", "period"),
        ("period=2023&by=&by=channel", "by"),
        ("x=1&x=2", "x"),
    ],
)
def test_what_stands_twice_is_named(hub: Pushed, query: str, twice: str) -> None:
    answer = hub.ask(f"/v1/kpis/dossier_received_new?{query}")
    assert (answer.status_code, answer.json()["parameter"]) == (400, twice)
    assert answer.json()["message_vi"] == f"{twice} được nêu hai lần; nêu một lần"


def test_a_dry_run_that_is_also_none_commits_nothing(hub: Pushed) -> None:
    answer = hub.post("/v1/events/dossier?dry_run=1&dry_run=0", {}, "province")
    assert (answer.status_code, answer.json()["parameter"]) == (400, "dry_run")


def test_what_stands_once_is_answered(hub: Pushed) -> None:
    answer = hub.ask("/v1/kpis/dossier_received_new?period=2023&by=unit,channel&role=received_by")
    assert answer.status_code == 200
