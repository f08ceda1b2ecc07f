"""Written: what the hub lays in folders for others, by processes that are struck as they write.

What takes part is found: each has a module of `tests/chaos/outputs`. Its command runs by turns; it
is killed with -9 while it writes, its folder goes away, and two run at once. However it ends, it is
to say why: a traceback is wrong. In the end each runs once more, and what is in its folder is held
against the hub.
"""

import os
import random
import subprocess
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from itertools import cycle
from pathlib import Path
from typing import Any

from hub.opening import OpenHub
from hub.settings import Settings
from tests.chaos import outputs
from tests.chaos.found import found
from tests.chaos.output import Output
from tests.chaos.receiving import Receiving
from tests.parts.same import Say
from tests.parts.starting import start_hub

KILLED, AWAY, TWICE = "killed", "away", "twice"
PAUSE_SECONDS = 15.0
AWAY_SECONDS = 3.0
POLL_SECONDS = 0.02
END_SECONDS_MAX = 900.0  # against a hang alone
TRACEBACK = "Traceback (most recent call last)"


class Written:
    """All outputs of a run. `counted` says how often each was written, failed and was struck."""

    def __init__(self, folder: Path, settings: Settings, seed: int, say: Say) -> None:
        self.outputs: dict[str, Output] = {n: o(folder / n) for n, o in found(outputs).items()}
        self.env = {f"HUB_{o.setting.upper()}": str(o.folder) for o in self.outputs.values()}
        data = folder / "data" if settings.kafka_bootstrap else settings.data_dir
        self._own = {
            "HUB_DATA_DIR": str(data.absolute()),
            "HUB_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
            "HUB_DATABASE_URL": settings.database_url,
        }
        self.writers = [n for n, output in self.outputs.items() if output.words]
        self.counted: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._say = say
        self._chance = random.Random(f"written {seed}")
        self._modes: dict[str, deque[str]] = {n: deque() for n in self.writers}
        self._armed = set(self.writers)  # who is killed when it writes next: at first, too
        self._killed = dict.fromkeys(self.writers, 0)
        self._running: list[subprocess.Popen[Any]] = []
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._guarded, name="writers", daemon=True)

    @property
    def lists(self) -> dict[str, str]:
        """Lists of the province by which outputs are written, as CSV."""
        return {n: text for output in self.outputs.values() for n, text in output.lists.items()}

    def settings(self, settings: Settings) -> Settings:
        """Give the hub's settings with these folders."""
        return settings.model_copy(update={o.setting: o.folder for o in self.outputs.values()})

    def start(self) -> None:
        """Let the writers run by turns from now on."""
        self._thread.start()

    def strike(self, mode: str) -> None:
        """Let each output be struck so, its writer as it runs or writes next; wait for nothing."""
        if mode == KILLED:
            self._armed |= set(self.writers)
        else:
            for modes in self._modes.values():
                modes.append(mode)
        self._wake.set()

    def rest(self) -> None:
        """Let no writer run by itself any more; it may be said again."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()

    def finish(self) -> None:
        """Strike what is still to be struck, and let each writer run once more, to its end.

        Raises `AssertionError` where one does not.
        """
        self.rest()
        for name in self.writers:
            while self._modes[name]:
                self._write(name)
            if not self._killed[name]:
                self._write(name)
            self._armed.discard(name)
            assert self._write(name) == [0], f"hub {' '.join(self.outputs[name].words)}"

    def close(self) -> None:
        """End everything, whatever state it is in."""
        self._stopping.set()
        self._wake.set()
        for process in list(self._running):
            process.kill()
        if self._thread.ident is not None:
            self._thread.join()

    def check(
        self, hub: OpenHub, by: Mapping[str, Receiving]
    ) -> Iterator[tuple[str, tuple[str, list[str]]]]:
        """Hold what is in each folder against the hub: what was found, is wrong."""
        wrong = [f"{n}: never killed while it wrote" for n, k in self._killed.items() if not k]
        text = ", ".join(f"{what} {n}" for what, n in sorted(self.counted.items()))
        yield "writers", (text, self.wrong + wrong)
        for name, output in self.outputs.items():
            yield f"written {name}", output.check(hub, by)

    def _guarded(self) -> None:
        try:
            self._run()
        except Exception as error:
            self.wrong.append(f"the writers ended: {error!r}")
            raise

    def _run(self) -> None:
        turns = cycle(self.writers)
        while not self._stopping.is_set():
            struck = [n for n, modes in self._modes.items() if modes]
            for name in struck or [next(turns)]:
                if not self._stopping.is_set():
                    self._write(name)
            if not any(self._modes.values()):
                self._wake.wait(PAUSE_SECONDS)
                self._wake.clear()

    def _write(self, name: str) -> list[int]:
        """Let a writer run, struck as is its turn; give the exit codes."""
        output, modes = self.outputs[name], self._modes[name]
        mode = modes.popleft() if modes else ""
        is_armed = not mode and name in self._armed
        before = output.files() if is_armed or mode == AWAY else set()
        is_gone = is_struck = False
        if mode == AWAY:
            self._others(Output.go)
        if mode == AWAY and not output.goes_midway:
            output.go()
            is_gone = True
        self._running = [self._begun(name) for _ in range(2 if mode == TWICE else 1)]
        deadline = time.monotonic() + END_SECONDS_MAX
        while any(p.poll() is None for p in self._running):
            is_late = time.monotonic() > deadline
            is_watched = (is_armed or mode == AWAY) and not is_struck
            is_writing = is_watched and output.files() != before
            if is_writing and mode == AWAY and not is_gone:
                output.go()
                is_gone = is_struck = True
            if is_late or (is_writing and is_armed):
                time.sleep(self._chance.random() * output.seconds)
                for process in self._running:
                    process.kill()
                is_struck = True
            if is_late:
                self.wrong.append(f"{name} did not end in {END_SECONDS_MAX:.0f} s")
            time.sleep(POLL_SECONDS)
        codes = [self._ended(name, mode, process) for process in self._running]
        self._running = []
        if mode == AWAY:
            self._stopping.wait(AWAY_SECONDS)
            self._others(Output.come)
        if is_gone:
            if 0 in codes:
                self.wrong.append(f"{name}: all is well, it says, with its folder away")
            output.come()
        return codes

    def _others(self, move: Any) -> None:
        """Let folders that the gateway writes by itself go, or come back."""
        for output in self.outputs.values():
            if not output.words:
                move(output)

    def _begun(self, name: str) -> "subprocess.Popen[Any]":
        output, pipe = self.outputs[name], subprocess.PIPE
        env = {**os.environ, **self._own, **self.env, **output.env, "PGAPPNAME": name}
        return start_hub(*output.words, env=env, stdout=pipe, stderr=pipe, text=True)

    def _ended(self, name: str, mode: str, process: "subprocess.Popen[Any]") -> int:
        """Judge how a writer ended."""
        _, errors = process.communicate()
        code = int(process.returncode)
        if code < 0:
            self._killed[name] += 1
            self._armed.discard(name)
            self.counted[f"{name} {KILLED} while it wrote"] += 1
            return code
        how = "written" if code == 0 else "not written"
        self.counted[f"{name} {how}{f', {mode}' if mode else ''}"] += 1
        last = (errors.strip().splitlines() or [""])[-1]
        if code:
            self._say(f"  {name} {mode} ended with {code}: {last[:200]}")
        if TRACEBACK in errors or code not in (0, 1, 2):
            self.wrong.append(f"{name} {mode} ended with {code} by a traceback: {last[:300]}")
        return code
