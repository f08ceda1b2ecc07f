"""Runs slips past the witnesses, and counts."""

import ast
import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.mutants.slips import Slip
from tests.mutants.witnesses import Witnesses
from tests.mutants.worlds import source_of, world_of

# A kind that is added brings its own: `lived_NAME.csv`.
LIVED = sorted(Path(__file__).parent.glob("lived*.csv"))
DOES_NOT_RUN = "does not run"
Notices = dict[str, str | None]


def run(chosen: Sequence[Slip], say: Callable[[str], None]) -> Notices:
    """Give by each slip's name who noticed it; None where nobody did."""
    notices: Notices = {}
    witnesses = Witnesses()
    try:
        for module in {slip.module: None for slip in chosen}:
            witness = witnesses.seen(world_of(module, ast.parse(source_of(module))))
            assert witness is None, f"{module} is as it should be, and {witness} complains"
        for slip in chosen:
            try:
                world = world_of(slip.module, slip.tree)
            except Exception as error:
                notices[slip.name] = f"{DOES_NOT_RUN} ({type(error).__name__})"
                continue
            notices[slip.name] = witnesses.seen(world)
            if notices[slip.name] is None:
                say(f"lives: {slip.name}")
    finally:
        witnesses.close()
    return notices


def reasons() -> Mapping[str, str]:
    """Read why slips that live may do so, by their names."""
    known: dict[str, str] = {}
    for path in LIVED:
        with path.open(encoding="utf-8", newline="") as file:
            known |= {r["slip"]: r["why"] for r in csv.DictReader(file)}
    return known


def unknown(notices: Notices) -> list[str]:
    """Name slips that live and that nobody gave a reason for, and reasons for such as die."""
    known = reasons()
    lives = [name for name, who in notices.items() if who is None]
    return [
        *(f"lives without a reason: {n}" for n in lives if n not in known),
        *(f"has a reason to live, and dies: {n}" for n in known if notices.get(n) is not None),
    ]


def judged(notices: Notices) -> list[str]:
    """Say how many slips were noticed, and by whom."""
    by = Counter(
        (who or "nobody").partition(" (")[0].partition(" of ")[0] for who in notices.values()
    )
    killed = sum(who is not None for who in notices.values())
    share = 100 * killed / len(notices) if notices else 0.0
    lines = [f"{n:6} {who}" for who, n in by.most_common()]
    return [*lines, f"{killed} of {len(notices)} slips noticed: {share:.1f} %"]
