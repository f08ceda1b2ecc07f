"""A model on paper: what 34 provinces and 1,000,000 sensors need, from costs that were measured.

Costs are those of `bench.compare` (processor by event, bytes by event and fact), scaled in
proportion: what was measured is one broker and one database on two cores. Rates are what a system
must carry at its busiest; bytes are those of a year.
"""

import json
from pathlib import Path
from typing import NamedTuple

from bench.section import Row, Section

COMPARED = Path(__file__).parent / "results" / "compare.json"
YEAR_S = 365 * 86_400
HEADROOM = 2.0  # no part is to be busy more than half of the time
CORES_OF_ONE_HUB = 2
CATCH_UP_HOURS = 1.0


class Load(NamedTuple):
    """What comes in: events a year by contract, and how much of the mean the busiest hour is."""

    name: str
    events: dict[str, float]
    peak: float


# A province: the demo's 599,888 new dossiers a year, about five events each, most of them within
# 2,000 working hours; a province's 12 stations; payments by day for 140 areas and six methods.
DOSSIERS, EVENTS_PER_DOSSIER = 599_888, 5.0
QUARTERS = YEAR_S / 900
PROVINCE = {
    "dossier": DOSSIERS * EVENTS_PER_DOSSIER,
    "reading": 12 * QUARTERS,
    "payment": 140 * 6 * 365.0,
}
LOADS = (
    Load("one province", PROVINCE, 10),
    Load("34 provinces", {k: 34 * n for k, n in PROVINCE.items()}, 10),
    Load("1,000,000 sensors, each quarter of an hour", {"reading": 1e6 * QUARTERS}, 1.5),
    Load("1,000,000 sensors, each minute", {"reading": 1e6 * YEAR_S / 60}, 1.5),
)


def measure() -> Section:
    """Work it out from what the comparison found last."""
    raw = json.loads(COMPARED.read_text("utf-8"))["raw"]
    runs = raw["hub"]["1"]
    rate = sorted(r["events_per_second"] for r in runs)[len(runs) // 2]
    # What the two cores gave while both were busy: everything, the kernel's work included.
    core_seconds = CORES_OF_ONE_HUB / rate
    rows, worked = [], []
    for load in LOADS:
        total = sum(load.events.values())
        mean, busiest = total / YEAR_S, total / YEAR_S * load.peak
        cores = busiest * core_seconds * HEADROOM
        # A day's events, missed, are to be caught up with in an hour.
        catching_up = mean * 24 / CATCH_UP_HOURS * core_seconds
        database = sum(
            n * (raw["bytes"][k]["fact"] / raw["bytes"][k]["events"])
            for k, n in load.events.items()
        )
        database += total * raw["bytes"]["cells"]["event"]
        log = sum(n * raw["bytes"][k]["kafka"] for k, n in load.events.items())
        said = {
            "events_per_second": mean,
            "busiest": busiest,
            "cores": max(cores, catching_up),
            "database_gb_a_year": database / 1e9,
            "log_gb_a_year": log / 1e9,
        }
        worked.append({"name": load.name, **said})
        rows.append(
            Row(
                load.name,
                said["cores"],
                "cores",
                f"{mean:,.1f} events/s, {busiest:,.0f} in the busiest hour; a year is"
                f" {said['database_gb_a_year']:,.0f} GB in PostgreSQL and"
                f" {said['log_gb_a_year']:,.0f} GB a replica in Kafka",
            )
        )
    return Section(
        title="A model: what more would need",
        about=(
            "In proportion to the costs above: cores for broker, database and workers together, to"
            " be busy at most half of the time in the busiest hour and to catch up with a day in"
            f" {CATCH_UP_HOURS:g} h, the greater. One PostgreSQL writes what a few cores give;"
            " beyond that provinces have a database each, as no figure is of two provinces' facts."
            " For sensors by the million not the rate decides but the bytes: facts of old readings"
            " would have to leave the database, which the hub does not do (its archive keeps the"
            " events)."
        ),
        settings={"processor seconds per million events": f"{core_seconds * 1e6:.1f}"},
        rows=rows,
        raw={"loads": worked},
    )


def main() -> None:
    """Print the rows."""
    print(measure().printed())


if __name__ == "__main__":
    main()
