"""Where a process may end: a calm run numbers the calls that touch something, and each is a point.

At every point, before the call and after it, the power is cut once; another process goes on, and
the outcome must be that of the calm run. What is new in the code is found by itself.

Where a run is one thread, the cut is an exception that nothing catches. The connections to the
database that are named to `drops` are closed at that moment, whatever is open in them, and nothing
is rolled back: the database sees the same of a process that was killed. Where a run is several
threads, the process kills itself with -9.
"""

import inspect
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import pytest
import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect

# Who is called, and how: what outlives the process.
Touched = Sequence[tuple[Any, str]]
# The number of a call, and whether the cut comes before or after it.
Point = tuple[int, str]
SIDES = ("before", "after")


class PowerCut(BaseException):
    """Nothing may catch it."""


def raise_power_cut() -> NoReturn:
    """End a run of one thread."""
    raise PowerCut


def kill_this_process() -> NoReturn:
    """End a process with all its threads, at once."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError  # not reached


class Points:
    """Numbers the calls that touch something; at one of them the power is cut."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        touched: Touched,
        *,
        cut: Callable[[], NoReturn] = raise_power_cut,
    ) -> None:
        self.called: list[str] = []
        self.cut_at: Point | None = None
        self._cut = cut
        self._is_dark = False
        self._here = threading.local()
        self._connections: list[Any] = []
        for owner, name in touched:
            monkeypatch.setattr(owner, name, self._wrapped(getattr(owner, name), name))
        roll_back: Callable[..., Any] = DefaultDialect.do_rollback

        def rolled_back(*given: Any) -> None:
            if not self._is_dark:
                roll_back(*given)

        monkeypatch.setattr(DefaultDialect, "do_rollback", rolled_back)

    def _wrapped(self, call: Callable[..., Any], name: str) -> Callable[..., Any]:
        def wrapped(*given: Any, **named: Any) -> Any:
            if getattr(self._here, "is_paused", False):
                return call(*given, **named)
            number = self._begin(name)
            result = call(*given, **named)
            self._pass((number, "after"))
            return result

        async def awaited(*given: Any, **named: Any) -> Any:
            number = self._begin(name)
            result = await call(*given, **named)
            self._pass((number, "after"))
            return result

        return awaited if inspect.iscoroutinefunction(call) else wrapped

    def _begin(self, name: str) -> int:
        number = len(self.called)
        self.called.append(name)
        self._pass((number, "before"))
        return number

    def _pass(self, point: Point) -> None:
        if self.cut_at == point:
            self._is_dark = True
            for connection in self._connections:
                connection.close()
            self._cut()

    def drops(self, *engines: sa.Engine) -> None:
        """Let the cut close the connections of these too, as the end of their process would."""
        for engine in engines:
            sa.event.listen(engine, "checkout", lambda raw, *_: self._connections.append(raw))

    def skip(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        """Count nothing within this context manager."""
        opened = getattr(owner, name)

        @contextmanager
        def skipped(*given: Any) -> Iterator[Any]:
            with self.paused(), opened(*given) as found:
                yield found

        monkeypatch.setattr(owner, name, skipped)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Count nothing of this thread: what is done here is no step of the run."""
        before = getattr(self._here, "is_paused", False)
        self._here.is_paused = True
        try:
            yield
        finally:
            self._here.is_paused = before

    def restart(self) -> None:
        """Let another process begin."""
        self.cut_at = None
        self._is_dark = False
        self._connections.clear()


def every_point(
    points: Points,
    run: Callable[[str], None],
    at_least: dict[str, int],
    sides: Sequence[str] = SIDES,
) -> None:
    """Run calmly, then once for each point before and after; `run` is given a name of its own.

    Where nothing but the calls touches anything, after one is before the next, and one side is all.
    """
    run("calm")
    calls = list(points.called)
    print(len(calls), calls)
    assert {n: min(calls.count(n), m) for n, m in at_least.items()} == at_least, calls
    for number in range(len(calls)):
        for comes in SIDES if number == len(calls) - 1 else sides:
            points.called.clear()
            points.cut_at = (number, comes)
            run(f"{number}-{comes}")
            # Of a run that took longer, a heartbeat more or less is no matter.
            assert points.cut_at is None or len(points.called) <= number


def carried(points: Points, carry: Callable[[], None]) -> None:
    """Carry until done; where the power is cut, begin anew as another process does."""
    with suppress(PowerCut):
        carry()
        return
    # Out here nothing refers to what the first one had open.
    points.restart()
    carry()
