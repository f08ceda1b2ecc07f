"""The short form of `make mqtt`: some hundred stations, a reading a second for ten seconds."""

from pathlib import Path

import pytest

from tests.parts.stations import Run, Trouble

pytestmark = pytest.mark.usefixtures("_ends_in_order")


def test_nothing_of_a_crowd_is_lost_through_kills_and_restarts(
    tmp_path: Path,
) -> None:
    outcome = Run(tmp_path, stations=300, minutes=10, seconds=1.0, queued_max=None).all()
    assert outcome.wrong == []
    assert sum("killed with -9" in line for line in outcome.lines) == 5
    assert sum("the broker restarted" in line for line in outcome.lines) == 2
    assert "the broker restarted, no connector ran" in "".join(outcome.lines)


def test_with_too_short_a_queue_it_is_said_what_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with Mosquitto's default and more stations: the run sees it, and so does the broker."""
    monkeypatch.setattr("tests.parts.stations.TROUBLES", (Trouble(0.1, away=5.0),))
    outcome = Run(tmp_path, stations=100, minutes=8, seconds=0.5, queued_max=50).all()
    (lost,) = (line for line in outcome.wrong if line.startswith("lost in all"))
    (dropped,) = (line for line in outcome.wrong if line.startswith("the broker dropped"))
    assert lost.split()[-1] == dropped.split()[-1]
