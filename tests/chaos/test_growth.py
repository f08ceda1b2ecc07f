"""The rule by which a soak is judged sees what grows, and lets pass what grows with its events."""

from xml.etree import ElementTree

import pytest

from tests.chaos.growth import SAMPLES_MIN, Sample, drawn, judge

COUNT = 30


def samples(leak_mib: float = 0.0, leak_files: int = 0, bloat: float = 0.0) -> list[Sample]:
    """Make a run of steady load, with what a sample more takes of each."""
    made = []
    for number in range(1, COUNT + 1):
        one = Sample(number * 10.0, number * 1_000)
        one.memory["gateway"] = 300 + leak_mib * number
        one.handles["gateway"] = 40 + leak_files * number
        one.threads["gateway"] = 20
        # Twice as many bytes as events, and where it is bloated a square of them.
        one.tables["fact_dossier"] = 2.0 * number + bloat * number**2
        one.logs["kafka"] = 4.0 * number
        made.append(one)
    return made


def wrong(made: list[Sample]) -> dict[str, list[str]]:
    return {name: lines for name, _, lines in judge(made, {"gateway"}) if lines}


def test_what_stands_still_or_grows_with_its_events_is_well() -> None:
    assert wrong(samples()) == {}


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("memory", samples(leak_mib=8)),
        ("handles", samples(leak_files=1)),
        ("tables", samples(bloat=0.3)),
    ],
)
def test_what_grows_by_itself_is_named(kind: str, made: list[Sample]) -> None:
    found = wrong(made)
    assert list(found) == [kind]
    assert found[kind][0].startswith(("gateway: ", "fact_dossier: "))


def test_a_run_that_is_too_short_says_nothing() -> None:
    assert "growth" in wrong(samples()[: SAMPLES_MIN - 1])


def test_the_picture_is_a_picture() -> None:
    root = ElementTree.fromstring(drawn(samples(), [(50.0, "the broker restarts")], "a < b"))
    assert root.tag.endswith("svg")
    lines = [e for e in root.iter() if e.tag.endswith("polyline")]
    assert len(lines) == 6
    texts = {e.text for e in root.iter() if e.tag.endswith("text")}
    assert {"a < b", "■ gateway", "■ fact_dossier"} <= texts
