"""Settings: each has a meaning in both languages, an example that is taken, and a place of use."""

from pathlib import Path

import pytest

from hub.operating.meanings import MEANINGS, sources_below, used_in
from hub.settings import Settings
from tests.chaos import outputs
from tests.chaos.found import found

# Folders that `make chaos` does not strike as outputs, and why.
NOT_STRUCK = {
    "data_dir": "the embedded log and tables, which a full disk strikes in each run",
    "signing_dir": "keys, written once",
    "columns_dir": "facts once more, of one process: made anew where anything is wrong with them",
    "spool_dir": "killed at each of its steps by tests/laws/test_spool.py",
    "archive_dir": "lost and restored by `make drill`, written under faults by `make soak`",
    "reference_dir": "read, and never written",
}
ROOT = Path(__file__).parents[2]
TEXTS = sources_below(ROOT)


def test_every_setting_has_a_meaning_and_nothing_else_has() -> None:
    assert list(MEANINGS) == list(Settings.model_fields)
    for meaning in MEANINGS.values():
        assert len({meaning.vi, meaning.en}) == 2
        assert all(meaning)


@pytest.mark.parametrize("name", [n for n in Settings.model_fields if n.endswith("_dir")])
def test_a_folder_that_the_hub_writes_is_struck_or_it_is_said_why_not(name: str) -> None:
    struck = {output.setting for output in found(outputs).values()}
    assert (name in struck) != (name in NOT_STRUCK), f"{name}: a module of tests/chaos/outputs?"


def test_all_examples_are_taken_together() -> None:
    settings = Settings(**{name: meaning.example for name, meaning in MEANINGS.items()})  # type: ignore[arg-type]
    for name, meaning in MEANINGS.items():
        value = getattr(settings, name)
        assert value not in ("", None), name
        assert type(value)(meaning.example) == value, name


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_read_somewhere(name: str) -> None:
    assert used_in(name, TEXTS)
    assert not used_in("no_such_setting", TEXTS)
