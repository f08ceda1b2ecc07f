"""Settings: each has a meaning in both languages, an example that is taken, and a place of use."""

from pathlib import Path

import pytest

from hub.operating.meanings import MEANINGS, sources_below, used_in
from hub.settings import Settings

ROOT = Path(__file__).parents[2]
TEXTS = sources_below(ROOT)


def test_every_setting_has_a_meaning_and_nothing_else_has() -> None:
    assert list(MEANINGS) == list(Settings.model_fields)
    for meaning in MEANINGS.values():
        assert len({meaning.vi, meaning.en}) == 2
        assert all(meaning)


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
