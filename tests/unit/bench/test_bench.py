"""The benchmark's page says what was measured, and its topics hold what they say."""

import importlib
import inspect
import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from bench import __main__ as whole
from bench.__main__ import BRIEF, HERE, SECTIONS, page
from bench.section import Row, Target, quantile
from bench.topic import expected, interleaved, make
from hub import registry

RESULTS = HERE / "results"


def test_the_page_is_written_from_the_results() -> None:
    assert (HERE / "RESULTS.md").read_text("utf-8") == page()


def test_a_section_that_fails_costs_itself_alone_and_the_page_is_written_after_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[str] = []

    def is_run(name: str, _: list[str]) -> bool:
        there = tmp_path / "RESULTS.md"
        pages.append(there.read_text("utf-8") if there.exists() else "")
        if name != "state":
            shutil.copy(RESULTS / f"{name}.json", tmp_path / "results")
        return name != "state"

    (tmp_path / "results").mkdir()
    monkeypatch.setattr(whole, "BRIEFLY", tmp_path)
    monkeypatch.setattr(whole, "_is_run", is_run)
    monkeypatch.setattr("sys.argv", ["bench", "--brief", "stages", "state", "bad", "limits"])
    assert whole.main() == 1
    titles = {
        n: f"## {json.loads((RESULTS / f'{n}.json').read_text('utf-8'))['title']}"
        for n in ("stages", "bad", "limits")
    }
    assert [[n for n, t in titles.items() if t in text] for text in pages] == [
        [],
        ["stages"],
        ["stages"],
        ["stages", "bad"],
    ]
    assert all(title in (tmp_path / "RESULTS.md").read_text("utf-8") for title in titles.values())


def test_a_brief_run_gives_sections_what_they_take() -> None:
    assert set(BRIEF) <= set(SECTIONS)
    for name, given in BRIEF.items():
        measure = importlib.import_module(f"bench.{name}").measure
        inspect.signature(measure).bind(**given)


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda p: p.stem)
def test_what_is_said_to_be_met_is_met(path: object) -> None:
    for row in json.loads(path.read_text("utf-8"))["rows"]:  # type: ignore[attr-defined]
        if row["target"] is not None:
            least, _, most = row["target"].partition(" ")
            limit = float(most)
            assert row["is_met"] == (
                row["value"] >= limit if least == "≥" else row["value"] <= limit
            )


def test_every_section_can_be_measured_and_every_result_is_of_one() -> None:
    for name in SECTIONS:
        assert callable(importlib.import_module(f"bench.{name}").measure)
    assert {p.stem for p in RESULTS.glob("*.json")} <= set(SECTIONS)


@pytest.mark.slow
def test_the_seeded_events_are_the_same_each_time_valid_and_as_many_as_asked() -> None:
    frames = make(4_000, 7)
    again = make(4_000, 7)
    assert sum(f.height for f in frames.values()) == 4_000
    for name, frame in frames.items():
        assert frame.equals(again[name])
        contract = registry.definitions().contract(name)
        own = contract.conform(frame.drop("at"))
        assert own.select(contract.is_valid).to_series().all()
        assert frame.height - own.unique().height >= 0.09 * frame.height  # repeats
    produced = pl.concat([f.select("event_id") for _, f in interleaved(frames)])
    assert produced.height == 4_000
    totals = expected(frames).totals
    assert totals["tally_received"].figures > 0
    assert totals["tally_amount"].rows > 0


def test_a_target_tells_what_keeps_it() -> None:
    assert Row("", 2, "times", target=Target(least=2)).is_met
    assert Row("", 401, "MiB", target=Target(most=400)).is_met is False
    assert Row("", 1, "").is_met is None
    assert quantile([3, 1, 2], 0.5) == 2
    assert quantile([1, 2], 0.99) == 2
