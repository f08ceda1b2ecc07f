"""Who asks Kafka while it is away: one waits for an answer, and others are told at once."""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from hub.kafka.log import KafkaLog
from hub.log.log import LogUnavailableError
from tests.parts.small import Small
from tests.parts.waiting import SECONDS_MAX, until

NOBODY = "127.0.0.1:1"


class Silent:
    """Topics of brokers that hang: each question waits until it is let go, and then fails."""

    def __init__(self) -> None:
        self.asked = 0
        self.let_go = threading.Event()

    def ends(self, topics: Iterable[str]) -> dict[str, dict[int, int]]:
        """See `Topics.ends`."""
        self.asked += 1
        assert self.let_go.wait(SECONDS_MAX)
        raise LogUnavailableError("away")


class Asking:
    """Asks in a thread of its own, and keeps what came of it."""

    def __init__(self, ask: Callable[[], object]) -> None:
        self.failure: LogUnavailableError | None = None
        self._ask = ask
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._ask()
        except LogUnavailableError as error:
            self.failure = error


def test_one_waits_for_brokers_that_are_away_and_others_are_told_at_once(tmp_path: Path) -> None:
    with Small(tmp_path / "small") as small:
        log = KafkaLog(NOBODY, small.store)
        silent = Silent()
        log.topics = silent  # type: ignore[assignment]
        first = Asking(lambda: log.ends("t"))
        until(lambda: silent.asked == 1, "the first asks")
        second = Asking(lambda: log.ends("t"))
        silent.let_go.set()
        until(lambda: first.failure and second.failure, "both are told")

        silent.let_go.clear()
        asked = silent.asked
        trying = Asking(lambda: log.ends("t"))
        until(lambda: silent.asked == asked + 1, "one tries again")
        with pytest.raises(LogUnavailableError, match="away"):  # though it is held
            log.ends("t")
        assert (trying.failure, silent.asked) == (None, asked + 1)
        silent.let_go.set()
        until(lambda: trying.failure, "that one is told, too")


def test_brokers_that_answer_again_are_asked_again(tmp_path: Path) -> None:
    with Small(tmp_path / "small") as small:
        log = KafkaLog(NOBODY, small.store)
        with pytest.raises(LogUnavailableError):
            log.ends("t")

        class Back(Silent):
            def ends(self, topics: Iterable[str]) -> dict[str, dict[int, int]]:
                return {topic: {0: 7} for topic in topics}

        log.topics = Back()  # type: ignore[assignment]
        assert [log.ends("t") for _ in range(2)] == [{0: 7}] * 2
