"""Rebuild: all tables anew from log and from archive, beside Polars over the same columns.

`measure` rebuilds a hub that has applied the seeded events of `bench.topic`, in one of the two
profiles: embedded, or production with the Kafka and PostgreSQL that are given. Each round computes
the same facts and cells by Polars (`bench.in_polars`), rebuilds from the log, and rebuilds from the
archive, with comparison and change of places. Rows say which part of it took how long. Usage:
`python -m bench.rebuilding [EVENTS]` (1,000,000 by default), for the embedded profile.
"""

import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench import in_hub, in_polars
from bench.limits import consume, consume_batches, copy_rows, decoded
from bench.parts import READ, SWITCH, WRITE, Parts
from bench.rounds import ROUNDS, Took, settings, told
from bench.section import Row, Section, Target, middle
from bench.topic import fill, interleaved, make
from hub import registry
from hub.apply.rebuild import Rebuild
from hub.archive.log import Archive, ArchivedLog
from hub.archive.writing import archive
from hub.clock import system_clock
from hub.log.log import Log
from hub.opening import OpenHub, open_hub
from hub.settings import Settings

EVENTS = 1_000_000
LEAST = {"embedded": 0.3, "production": 0.25}  # of Polars
POLARS, FROM_LOG, FROM_ARCHIVE = "Polars in memory", "rebuild from the log", "from the archive"
# What might cure it, by the part that takes long: this share of all, or more.
_LONG = 0.1
_CURES = {
    READ: "asking the broker for the next batches while the last are put into columns",
    # Tried on 1 million events: without the stored events, SQLite takes 5 % less time.
    WRITE: (
        "fewer rows, whose number counts and not their size (one cell for what has the same keys)"
    ),
    SWITCH: "letting files change places by their names, rather than copying tables",
}
_WHY = (
    "Polars holds columns in memory and writes nothing; a rebuild reads and judges records, keeps"
    " the events of each entity and a digest of each fact, writes all of it to SQL and holds it"
    " against what is in force."
)


class UnequalError(RuntimeError):
    """A rebuild found differences where there are none."""


def measure(
    events: int = EVENTS,
    seed: int = 1,
    rounds: int = ROUNDS,
    production: Settings | None = None,
) -> Section:
    """Measure rebuilds of one profile; `production` are the settings of empty services."""
    said = settings(events, seed, rounds, "polars")
    frames = decoded(events, seed)
    took = {name: Took() for name in (POLARS, FROM_LOG, FROM_ARCHIVE)}
    parts: dict[str, list[Parts]] = {FROM_LOG: [], FROM_ARCHIVE: []}
    profile = "production" if production is not None else "embedded"
    with (
        tempfile.TemporaryDirectory(prefix="lgsp-bench-") as folder,
        open_hub(production or Settings(data_dir=Path(folder, "hub"))) as hub,
    ):
        if production is not None:
            fill(production, events, seed)
        else:
            in_hub.load(hub, interleaved(make(events, seed)))
        hub.runner.catch_up()
        in_hub.check("Polars", *in_polars.figures(frames), in_hub.results(hub.store))
        archive(hub.log, hub.store, Path(folder, "archive"))
        for number in range(1, rounds + 1):
            # Opened anew each time: it keeps decoded files.
            archived = ArchivedLog(hub.log, Archive(Path(folder, "archive")))
            took[POLARS].time(lambda: in_polars.figures(frames))
            for name, log in ((FROM_LOG, hub.log), (FROM_ARCHIVE, archived)):
                with Parts() as timed:
                    took[name].time(partial(_rebuild, hub, log, events))
                parts[name].append(timed)
            told(number, rounds)
        rows = [
            *_rates(events, took, LEAST[profile]),
            *(_part(name, part, found) for name, found in parts.items() for part in _names(found)),
        ]
        if production is not None:
            rows += _alone(production)
    return Section(
        title=f"Rebuild, {profile} profile",
        about=(
            "All tables anew from log and archive, compared with those in force and put in their"
            " place, beside Polars over the same decoded columns."
        ),
        settings=said | {"profile": profile},
        rows=rows,
        raw={
            **{name: t.as_json() for name, t in took.items()},
            "parts": {n: [p.seconds for p in found] for n, found in parts.items()},
        },
        misses=_misses(rows, parts, LEAST[profile]),
    )


def _rebuild(hub: OpenHub, log: Log, events: int) -> None:
    rebuild = Rebuild(log, hub.store, system_clock)
    found = rebuild.build()
    if found.count or rebuild.applied != events:
        raise UnequalError(f"{rebuild.applied} of {events} applied; {found.lines[:3]}")


def _rates(events: int, took: dict[str, Took], least: float) -> Iterator[Row]:
    for name, one in took.items():
        yield Row(name, events / one.seconds, "events/s")
    for name in (FROM_LOG, FROM_ARCHIVE):
        ratio = took[POLARS].seconds / took[name].seconds
        yield Row(f"{name}, to Polars", ratio, "of it", target=Target(least=least))


def _names(found: list[Parts]) -> list[str]:
    return list(dict.fromkeys(part for one in found for part in one.seconds))


def _part(name: str, part: str, found: list[Parts]) -> Row:
    """Say what a part of a rebuild took: the median of the rounds, and its share of all parts."""
    seconds = middle([one.seconds.get(part, 0.0) for one in found])
    share = seconds / middle([sum(one.seconds.values()) for one in found])
    return Row(f"{name}: {part}", seconds, "s", f"{share:.0%} of what threads did")


def _alone(production: Settings) -> list[Row]:
    """Say what Kafka and PostgreSQL let through by themselves."""
    topics = [registry.definitions().contract(name).topic for name in registry.facts()]
    bare, indexed, count = copy_rows(production.database_url)
    return [
        Row("PostgreSQL alone: COPY of the facts", count / bare, "rows/s", "without an index"),
        Row("PostgreSQL alone: with the same indexes", count / indexed, "rows/s"),
        Row("Kafka alone: consume", consume(production.kafka_bootstrap, topics), "events/s"),
        Row(
            "Kafka alone: whole batches into columns",
            consume_batches(production.kafka_bootstrap, topics),
            "events/s",
            "as the hub's workers read",
        ),
    ]


def _misses(rows: list[Row], parts: dict[str, list[Parts]], least: float) -> list[str]:
    missed = [row for row in rows if row.is_met is False]
    if not missed:
        return []
    found = parts[FROM_LOG]
    total = middle([sum(one.seconds.values()) for one in found])
    shares = {p: middle([one.seconds.get(p, 0.0) for one in found]) / total for p in _names(found)}
    most = sorted(shares, key=lambda part: -shares[part])
    where = ", ".join(f"{part} {shares[part]:.0%}" for part in most[:4])
    cures = "; ".join(
        f"{_CURES[part]} ({part})" for part in most if part in _CURES and shares[part] >= _LONG
    )
    names = "; ".join(f"{row.name} {row.value:.2f}" for row in missed)
    return [f"{names}, not {least}: {where}. {_WHY} What might help, most first: {cures}."]


def main() -> None:
    """Print the rows."""
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS).printed())


if __name__ == "__main__":
    main()
