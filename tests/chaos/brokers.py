"""Three brokers under traffic: one is killed, one is frozen, one has a disk that takes no more.

    python -m tests.chaos.brokers      (or: make brokers)

Topics have three replicas, of which two must be in sync. Each trouble strikes one broker, lasts
while traffic runs, and must leave events acknowledged and applied meanwhile; then it is mended, and
all replicas must be in sync again. In the end nothing that was acknowledged is lost, and all
figures are those of a rebuild from the log. Who may not mount a file system of its own for the disk
(it is root's) is told so, and the run fails. The exit code is 0 or 1.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from deploy.local.services.process import wait_until
from hub import registry
from tests.chaos.cluster import BROKERS, DISK_MIB, Cluster, Member, mount
from tests.chaos.parts import ChaosError, Parts
from tests.chaos.run import Run, held_to_account
from tests.chaos.traffic import Traffic
from tests.parts.same import Say

CALM_SECONDS, TROUBLE_SECONDS = 15.0, 30.0
WELL_SECONDS_MAX = 300.0
FILLER = "filler"


class Brokers(Run):
    """One run, in a folder."""

    def __init__(self, seed: int, folder: Path, say: Say) -> None:
        self._cluster = Cluster(folder)
        super().__init__(seed, 3, folder, say, Parts(folder, say, kafka=self._cluster))

    def _begin(self) -> None:
        # Before it starts: the last broker's disk is a small one of its own.
        if not mount(self._cluster.members[-1].data, DISK_MIB):
            raise ChaosError("no file system can be mounted here for the broker's disk: be root")

    def _strike_all(self, traffic: Traffic) -> None:
        killed, slow, full = self._cluster.members
        self._pass(CALM_SECONDS, traffic)
        self._trouble("killed with -9", traffic, killed.kill, killed.launch)
        self._trouble(
            "frozen (SIGSTOP)",
            traffic,
            lambda: slow.send(signal.SIGSTOP),
            lambda: slow.send(signal.SIGCONT),
        )
        self._trouble(
            "without room on its disk", traffic, lambda: _fill(full), lambda: _make_room(full)
        )
        self._pass(CALM_SECONDS, traffic)

    def _pass(self, seconds: float, traffic: Traffic) -> None:
        self._wait_until(time.monotonic() + seconds, traffic)

    def _trouble(
        self,
        what: str,
        traffic: Traffic,
        strike: Callable[[], object],
        mend: Callable[[], object],
    ) -> None:
        """Let one trouble last; what is acknowledged and applied in it is told."""
        self._say(f"a broker is {what}")
        taken, applied = self._counts(traffic)
        begun = time.monotonic()
        strike()
        self._pass(TROUBLE_SECONDS, traffic)
        while not self._goes_on(traffic, taken, applied):
            if time.monotonic() - begun > WELL_SECONDS_MAX:
                raise ChaosError(f"{what}: nothing goes on; {dict(traffic.answers)}")
            self._pass(0.5, traffic)
        lasted = time.monotonic() - begun
        now_taken, now_applied = self._counts(traffic)
        mend()
        self._parts.counted[what] += 1
        topics = {c.topic for c in registry.contracts().values()}

        def is_whole() -> bool:
            return self._cluster.in_sync(topics) == BROKERS

        is_well = wait_until(is_whole, WELL_SECONDS_MAX)
        text = f"{now_taken - taken:,} acknowledged and {now_applied - applied:,} applied"
        again = time.monotonic() - begun - lasted
        text += f" in {lasted:.0f} s; all replicas in sync {again:.0f} s"
        wrong = [] if is_well else ["not all replicas are in sync again"]
        self.report.say(f"a broker {what}", f"{text} after it was mended", wrong)

    def _goes_on(self, traffic: Traffic, taken: int, applied: int) -> bool:
        now_taken, now_applied = self._counts(traffic)
        return now_taken > taken and now_applied > applied

    def _counts(self, traffic: Traffic) -> tuple[int, int]:
        return sum(traffic.acknowledged.counted.values()), max(self._parts.applied(), 0)

    def _sum_up(self, traffic: Traffic) -> None:
        ended = [f"{k}: {n}" for k, n in self._parts.counted.items() if "by itself" in k]
        self.report.say("processes", "none ended by itself" if not ended else "", ended)
        self._sum_up_traffic(traffic)


def _fill(member: Member) -> None:
    """Take all the room there is on a broker's disk."""
    with (member.data / FILLER).open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            return


def _make_room(member: Member) -> None:
    """Give it back; a broker whose disk failed has ended, and is started again."""
    (member.data / FILLER).unlink()
    member.kill()  # whether its disk has failed for it or it has not written since
    member.launch()


def main() -> None:
    """Run, report, exit 0 where all holds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    named = f"brokers: seed {seed}"
    code = held_to_account(named, 1_200, lambda f, say: Brokers(seed, f, say), kept=None)
    sys.exit(code)


if __name__ == "__main__":
    main()
