"""Shards: cells, ledger and figures say the same, whichever shards a worker added to."""

from pathlib import Path

import pytest

from hub import registry
from hub.clock import to_us
from hub.figures.compute import read_question
from hub.figures.official import answer
from stream_jobs.worked import dossier, received, salinity
from tests.parts import lists
from tests.parts.small import NOW, Json, Sent, Small

DOSSIER = registry.contracts()["dossier"]
READING = registry.contracts()["reading"]
# Tables, figures, and what verify finds.
Applied = tuple[object, object, list[str]]
FIRST = received("A", "2023-05-01")
EVENTS = [
    [FIRST, received("B", "2023-05-02", channel="online")],
    # Moved to another unit, channel and day: the old cells are left with nothing in them.
    [
        FIRST
        | {
            "event_id": "again",
            "recorded_at": "2023-06-01T00:00:00Z",
            "occurred_at": "2023-05-03T08:00:00+07:00",
            "received_by": "H57.9",
            "channel": "post",
        }
    ],
    [dossier("A", "resolved", "2023-05-09"), dossier("B", "refused", "2023-05-10")],
    # The same id with another content, then withdrawn with it.
    [FIRST | {"event_id": "again"}],
    [dossier("B", "retracted", "2023-05-11", retracts="never sent")],
]
READINGS = [
    [salinity("ST01", "2023-03-01T05:00", 4.5), salinity("ST01", "2023-03-01T06:00", 1.5)],
    [salinity("ST01", "2023-03-01T07:00", 9), salinity("ST01", "2023-03-02T07:00", 2)],
]


def applied(folder: Path, shards: list[int]) -> Applied:
    with Small(folder) as small:
        for contract, batches in ((DOSSIER, EVENTS), (READING, READINGS)):
            at = 0
            for events, shard in zip(batches, shards, strict=False):
                small.append(contract, [Sent("s", 20_400, e) for e in events])
                found = small.log.read(contract.topic, at)
                small.applier().apply(contract, found, shard)
                at = found[-1].following
        said = small.said(by_day=True)
        heard: dict[tuple[str, str], tuple[int, ...]] = {}
        for (contract_name, sender, _), last in said["heard"].items():
            known = heard.get((contract_name, sender), last)
            heard[contract_name, sender] = tuple(map(max, known, last))
        said["heard"] = heard
        return said, figures(small), small.verify().differences


def figures(small: Small) -> dict[str, list[Json]]:
    out = {}
    with small.store.reading() as reading:
        book = lists.installed().book(reading)
        kpis = {n: k for n, k in registry.kpis().items() if k.contract in ("dossier", "reading")}
        for name, kpi in kpis.items():
            for by in ("", *kpi.dims):
                asked = {"period": "2023-05" if name.startswith("dossier") else "2023-03"}
                asked |= {"by": by} if by else {}
                found = answer(kpi, read_question(kpi, asked, to_us(NOW)), book)["figures"]
                out[f"{name} by {by}"] = [
                    {k: f[k] for k in ("dims", "numerator", "denominator")} for f in found
                ]
    return out


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Applied:
    """What is said where all is added to one shard."""
    return applied(tmp_path_factory.mktemp("shards") / "one", [0] * 5)


@pytest.mark.slow
@pytest.mark.parametrize("shards", [[0, 1, 2, 3, 4], [1, 0, 1, 0, 1], [7, 7, 7, 7, 7]], ids=str)
def test_the_shards_added_to_change_no_figure(
    one: Applied, tmp_path: Path, shards: list[int]
) -> None:
    many = applied(tmp_path / "many", shards)
    assert many[0] == one[0]
    assert many[1] == one[1]
    assert many[2] == one[2] == []


def test_a_cell_that_nothing_is_in_any_more_is_no_figure(tmp_path: Path) -> None:
    """A rebuild would not make it, so nobody may see it."""
    moved = tmp_path / "moved"
    with Small(moved) as small:
        for events in EVENTS[:2]:
            small.append(DOSSIER, [Sent("s", 20_400, e) for e in events])
            small.apply(DOSSIER, 1)
        step_by_step = figures(small)
    with Small(tmp_path / "whole") as small:
        small.append(DOSSIER, [Sent("s", 20_400, e) for events in EVENTS[:2] for e in events])
        small.apply(DOSSIER, 10)
        at_once = figures(small)
    assert step_by_step == at_once
