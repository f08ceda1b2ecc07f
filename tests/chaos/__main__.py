"""The fault harness: a production hub under traffic is struck for minutes, then held to account.

    python -m tests.chaos --seed 1 --minutes 20      (or: make chaos SEED=1 MINUTES=20)

It runs Apache Kafka, PostgreSQL, a gateway and two to three Faust workers, all its own and on
loopback, sends made-up events of all contracts, and does what the printed plan says: kill -9 of
every part, restarts, dropped connections, workers that join, leave and freeze, clocks that step,
people who are to be told of alerts by receivers that refuse, hang and go away, and files for others
whose writers die, run twice at once and find no folder.
Before that, an embedded hub meets a full disk. Plan and events follow from the seed; how fast the
machine is decides only how many events there are.

How to read it: a line for each fault, a line every ten seconds, then a line for each check, `ok` or
`WRONG`, and what differs by name. The last line says whether all holds; the exit code is 0 or 1.
Where something differs, the folder with all logs, acknowledged events and the data of Kafka and
PostgreSQL stays, and its path is printed. Then: run the same seed again; look at the logs around
the fault after which it first shows; start the two parts on that folder (`HUB_SERVICES_DIR`, see
`python -m deploy.local.services --help`) and ask `hub verify` and `hub explain`.
"""

import argparse
import sys

from deploy.local.services.part import Part
from tests.chaos.run import Run, held_to_account
from tests.parts import starting


def main() -> None:
    """Run, report, exit 0 where all holds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=20.0)
    brief = "start processes as tests do: without what pays only in the long run"
    parser.add_argument("--brief", action="store_true", help=brief)
    given = parser.parse_args()
    Part.is_brief = starting.is_forking = given.brief
    named = f"chaos: seed {given.seed}, {given.minutes:g} minutes"
    seed, minutes = given.seed, given.minutes
    sys.exit(
        held_to_account(named, minutes * 60, lambda f, say: Run(seed, minutes, f, say), kept=None)
    )


if __name__ == "__main__":
    main()
