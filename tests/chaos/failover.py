"""A failover: the primary PostgreSQL is lost under traffic, and its replica takes its place.

    python -m tests.chaos.failover      (or: make failover)

First the database is made hard to use: connections are opened until no more are given, and a
reader keeps a snapshot open; meanwhile what is sent must still be applied. Then the primary is
killed with -9, its replica is promoted after some seconds, and nobody tells the hub. In the end all
that was answered must be there, and the figures those of a rebuild from the log. It says for how
long nothing was acknowledged and nothing applied. The exit code is 0 or 1.
"""

import argparse
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import psycopg

from tests.chaos.pair import Pair
from tests.chaos.parts import ChaosError, Parts
from tests.chaos.run import Run, held_to_account
from tests.chaos.traffic import Traffic
from tests.parts.same import Say

STORM_SECONDS = 20.0
STORM_MAX = 200  # connections: more than the server gives
GONE_SECONDS = 5.0  # until somebody has seen it and promotes
WELL_SECONDS_MAX = 300.0
BEFORE_SECONDS, AFTER_SECONDS = 20.0, 20.0


class Failover(Run):
    """One failover, in a folder."""

    def __init__(self, seed: int, folder: Path, say: Say) -> None:
        self._pair = Pair(folder)
        super().__init__(seed, 2, folder, say, Parts(folder, say, postgres=self._pair))

    def _begin(self) -> None:
        self._say("a primary and a replica; each commit is in both before it is answered")

    def _strike_all(self, traffic: Traffic) -> None:
        self._wait_applied(traffic, 1)
        self._pass(BEFORE_SECONDS, traffic)
        self._storm(traffic)
        self._fail_over(traffic)
        self._pass(AFTER_SECONDS, traffic)

    def _pass(self, seconds: float, traffic: Traffic) -> None:
        self._wait_until(time.monotonic() + seconds, traffic)

    def _wait_applied(self, traffic: Traffic, more: int) -> float:
        """Wait until so many more are applied; give the seconds."""
        begun, before = time.monotonic(), max(self._parts.applied(), 0)
        while self._parts.applied() < before + more:
            if time.monotonic() - begun > WELL_SECONDS_MAX:
                raise ChaosError(f"nothing is applied for {WELL_SECONDS_MAX:.0f} s")
            self._pass(0.2, traffic)
        return time.monotonic() - begun

    def _storm(self, traffic: Traffic) -> None:
        """Take all connections that the server gives, and keep a snapshot open."""
        with ExitStack() as stack:
            reader = stack.enter_context(self._connection())
            reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            reader.execute("SELECT COUNT(*) FROM receipt")
            before = self._applied_by(reader)
            opened = 1
            try:
                while opened < STORM_MAX:
                    stack.enter_context(self._connection())
                    opened += 1
            except psycopg.OperationalError as error:
                self._say(f"  no more are given after {opened}: {str(error).splitlines()[-1]}")
            acknowledged = sum(traffic.acknowledged.counted.values())
            self._pass(STORM_SECONDS, traffic)
            answered = sum(traffic.acknowledged.counted.values()) - acknowledged
            still = self._applied_by(reader)  # by its snapshot: as when it was opened
        after = self._parts.applied()
        wrong = [] if before == still else ["the reader's snapshot moved"]
        if after <= before:
            wrong.append(f"nothing was applied: {before:,} before, {after:,} after")
        text = f"{opened} connections and a reader for {STORM_SECONDS:.0f} s: {after - before:,}"
        self.report.say("a storm", f"{text} applied, {answered:,} acknowledged meanwhile", wrong)

    def _connection(self) -> psycopg.Connection[tuple[object, ...]]:
        url = f"postgresql://lgsp@127.0.0.1:{self._pair.primary.port}/lgsp"
        return psycopg.connect(url, application_name="storm", autocommit=True)

    def _applied_by(self, connection: psycopg.Connection[tuple[object, ...]]) -> int:
        query = "SELECT COALESCE(SUM(next_offset), 0)::bigint FROM position"
        row = connection.execute(query).fetchone()
        assert row is not None
        return int(str(row[0]))

    def _fail_over(self, traffic: Traffic) -> None:
        begun = time.monotonic()
        self._say("the primary is killed with -9")
        self._pair.primary.kill()
        self._parts.counted["the primary is killed"] += 1
        self._pass(GONE_SECONDS, traffic)
        acknowledged = traffic.acknowledged.counted["gateway"]
        self._pair.promote()
        promoted = time.monotonic()
        self._say(f"the replica is promoted after {promoted - begun:.1f} s")
        while traffic.acknowledged.counted["gateway"] <= acknowledged:
            if time.monotonic() - promoted > WELL_SECONDS_MAX:
                raise ChaosError(f"nothing is acknowledged: {dict(traffic.answers)}")
            self._pass(0.1, traffic)
        taken = time.monotonic() - promoted
        applied = self._wait_applied(traffic, 1) + taken
        text = f"promoted {promoted - begun:.1f} s after the kill, events acknowledged again"
        text += f" {taken:.1f} s later, applied again within {applied:.1f} s, nobody told the hub"
        self.report.say("failover", text, [])

    def _sum_up(self, traffic: Traffic) -> None:
        ended = [f"{k}: {n}" for k, n in self._parts.counted.items() if "by itself" in k]
        self.report.say("processes", "none ended by itself" if not ended else "", ended)
        self._sum_up_traffic(traffic)


def main() -> None:
    """Run, report, exit 0 where all holds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    named = f"failover: seed {seed}"
    sys.exit(held_to_account(named, 600, lambda f, say: Failover(seed, f, say), kept=None))


if __name__ == "__main__":
    main()
