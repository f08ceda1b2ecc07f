"""Open data: releases without a gap, each whole, the newest with what the hub answers now."""

import json
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from hub.figures.compute import Question
from hub.figures.official import figures
from hub.open_data.opened import WHOLE
from hub.open_data.release import REVISIONS, SAID, digest_of, numbered, read_release
from hub.opening import OpenHub
from hub.reference.periods import parse_period
from tests.chaos.output import Output
from tests.chaos.receiving import Receiving

YEARS = ("2026",)


class OpenData(Output):
    """Folders of releases."""

    setting = "open_dir"
    words = ("open-data", "release", *YEARS)
    env: Mapping[str, str] = {"HUB_OPEN_COUNT_MIN": "3"}

    def go(self) -> None:
        """Let the folder be away, as one is that is not mounted: there, and empty.

        Before anything was released nobody could tell that one from a new one.
        """
        if not numbered(self.folder):
            super().go()
            return
        self.folder.rename(self._gone)
        self.folder.mkdir()

    def check(self, hub: OpenHub, _: Mapping[str, Receiving]) -> tuple[str, list[str]]:
        """See `Output.check`."""
        there = sorted(int(p.name) for p in numbered(self.folder))
        wrong = [] if there == list(range(1, len(there) + 1)) else [f"the numbers are {there}"]
        if not there:
            return "nothing was released", [*wrong, "nothing was released"]
        for where in numbered(self.folder):
            wrong += [f"{where.name}: {line}" for line in _broken(where)]
        release = read_release(self.folder)
        assert release is not None
        if release.number != there[-1]:
            wrong.append(f"the newest says that it is {release.number}")
        told, more = _as_answered(hub, numbered(self.folder)[0])
        strays = [p for p in self.folder.iterdir() if not p.name.isdigit()]
        text = f"{len(there)} releases, each whole; {len(release.revisions)} revisions;"
        text += f" {told} numbers of the newest as answered; {len(strays)} left by who was killed"
        return text, wrong + more


def _broken(where: Path) -> list[str]:
    """Look at the files of one release."""
    said = json.loads((where / SAID).read_text("utf-8"))
    wrong = [] if said["number"] == int(where.name) else [f"it says that it is {said['number']}"]
    names = {p.name for p in where.iterdir()} - {SAID}
    wrong += [f"{n}: is not named, or not there" for n in names ^ said["files"].keys()]
    for name in names & said["files"].keys():
        if digest_of(where / name) != said["files"][name]["sha256"]:
            wrong.append(f"{name}: is not what was released")
    revisions = pl.read_csv(where / REVISIONS)
    if said["revisions"] != len(revisions) or any(revisions["release"] > said["number"]):
        wrong.append("its revisions are those of another")
    return wrong


def _as_answered(hub: OpenHub, where: Path) -> tuple[int, list[str]]:
    """Hold what the newest tells of whole years against the hub's answers; count it."""
    told, wrong = 0, []
    said = json.loads((where / SAID).read_text("utf-8"))
    with hub.store.reading() as reading:
        book = hub.book(reading)
        for name in said["datasets"]:
            table = pl.read_csv(where / f"{name}.csv", infer_schema=False)
            if table.is_empty():
                continue
            kpi = hub.kpis[name]
            dims = sorted({d for by in (kpi.opened.tables if kpi.opened else ()) for d in by})
            whole = table.filter(*(pl.col(d) == WHOLE for d in dims))
            for row in whole.iter_rows(named=True):
                if row["numerator"] is None:
                    continue  # withheld, or a value without one
                question = Question(parse_period(row["period"]), said["made_at_us"], ())
                (figure,) = figures(kpi, question, book)
                told += 1
                if int(row["numerator"]) != figure.numerator:
                    wrong.append(f"{name} {row['period']}: {row['numerator']}, {figure.numerator}")
    return told, wrong


STRUCK = OpenData
