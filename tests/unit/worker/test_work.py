"""A worker begins when its log and its store are there."""

from typing import Any, cast

import pytest

from hub.figures.installed import Installed
from hub.log.log import LogUnavailableError, TopicsError
from hub.settings import Settings
from hub.store.troubles import StoreUnavailableError
from hub.worker import work


def opening(monkeypatch: pytest.MonkeyPatch, *ends: Exception) -> tuple[object, list[float]]:
    """Open the work with one error after another; give it, and how long it waited each time."""
    left = list(ends)
    waits: list[float] = []
    opened = object()

    def begin(*_: Any) -> object:
        if left:
            raise left.pop(0)
        return opened

    monkeypatch.setattr(work, "Work", begin)
    monkeypatch.setattr("hub.worker.work.time.sleep", waits.append)
    found = work.open_work(cast(Settings, None), cast(Installed, None))
    assert found is opened
    return found, waits


def test_it_waits_for_both_longer_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    away = [LogUnavailableError("no broker")] * 3 + [StoreUnavailableError("no database")] * 4
    _, waits = opening(monkeypatch, *away)
    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_what_time_does_not_mend_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TopicsError):
        opening(monkeypatch, TopicsError("no topic"))
