"""What people see first is asked of columns that are new, and not each time they are looked at."""

from pathlib import Path

import pytest

from hub import opening
from hub.opening import open_hub
from hub.settings import Settings


def test_what_people_see_first_is_asked_of_new_columns_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(opening, "ask_first", lambda *question: asked.append(question))
    with open_hub(Settings(data_dir=tmp_path)) as hub:
        told = iter([True, False, True])
        monkeypatch.setattr(hub.store, "tend_columns", lambda: next(told))
        counts = []
        for _ in range(3):
            hub.tend_columns()
            counts.append(len(asked))
    assert counts == [1, 1, 2]
