"""What a figure is made of adds up to it, over all pages."""

from collections.abc import Iterator
from typing import Any

import pytest

from hub import registry
from hub.clock import to_us
from hub.figures.compute import QuestionError, read_question
from hub.figures.handling import Ranked
from hub.figures.made_of import Wanted, facts
from hub.figures.official import as_known
from hub.figures.terms import Joint
from tests.conftest import Hub
from tests.laws.test_closing import BEFORE, LATE
from tests.parts import lists

KPIS = registry.kpis()
WHOLE = Wanted()
LISTING = [k for k in KPIS.values() if k.lists_facts]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub with events of everything, which all tests here only read."""
    hub = Hub(tmp_path_factory.mktemp("filled"))
    for events in (BEFORE, LATE):
        for name, listed in events.items():
            hub.send(name, *listed, sender="one_stop")
    yield hub
    hub.close()


def listed(hub: Hub, kpi: str, wanted: Wanted = WHOLE, **given: str) -> dict[str, Any]:
    now = to_us(hub.now)
    question = read_question(KPIS[kpi], given, now)
    with hub.store.reading() as reading:
        book = as_known(lists.installed().book(reading), question.as_of, now)
        return facts(KPIS[kpi], question, book, wanted)


@pytest.mark.parametrize("name", [k.id for k in LISTING])
@pytest.mark.parametrize("period", ["2023", "2023-05", "2023-05-03"])
def test_parts_add_up_to_the_figure(filled: Hub, name: str, period: str) -> None:
    said = listed(filled, name, period=period)
    figures = filled.kpi(name, period=period)
    kpi = KPIS[name]
    rows = said["facts"]
    assert len(rows) == said["total"]
    if not figures:
        assert rows == []
        return
    (figure,) = figures
    parts = [r["numerator"] for r in rows]
    if isinstance(kpi.numerator, Joint):
        assert max(parts) <= figure["numerator"] <= sum(parts)
    elif isinstance(kpi.numerator, Ranked):
        assert min(parts) <= figure["numerator"] <= max(parts)
    else:
        whole = sum(parts) if kpi.numerator.is_by_unit else max(parts)
        assert whole == figure["numerator"]
    if kpi.denominator:
        assert sum(r["denominator"] for r in rows) == figure["denominator"]


def test_every_kpi_over_facts_of_one_entity_each_lists_them() -> None:
    assert {"dossier_received", "dossier_on_time_share", "salinity_max", "salinity_mean"} <= {
        k.id for k in LISTING
    }
    assert "payment_amount" not in {k.id for k in LISTING}


def test_pages_follow_on_each_other(filled: Hub) -> None:
    whole = listed(filled, "dossier_received", period="2023")["facts"]
    found: list[Any] = []
    offset: int | None = 0
    while offset is not None:
        page = listed(filled, "dossier_received", Wanted(offset, 2), period="2023")
        found += page["facts"]
        offset = page["next_offset"]
    assert found == whole
    assert len(whole) > 4


def test_a_filter_narrows_and_a_split_is_refused(filled: Hub) -> None:
    online = listed(filled, "dossier_received_new", period="2023", channel="online")
    assert [r["entity"] for r in online["facts"]] == ["D"]
    with pytest.raises(QuestionError):
        listed(filled, "dossier_received_new", period="2023", by="unit")
    with pytest.raises(QuestionError, match="one by one"):
        listed(filled, "payment_amount", period="2023")
