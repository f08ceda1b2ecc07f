"""A code that neither lists nor data know is refused: its figure would read as zero."""

import pytest

from hub.figures.compute import QuestionError
from stream_jobs.worked import paid, received
from tests.conftest import Hub

NEW = "dossier_received_new"


def numerators(hub: Hub, kpi: str, period: str, **asked: str) -> list[int]:
    return [f["numerator"] for f in hub.kpi(kpi, period=period, **asked)]


def test_a_procedure_that_nobody_knows_is_refused_and_near_ones_are_named(hub: Hub) -> None:
    hub.send("dossier", received("A", "2023-05-17"))  # of procedure 1.005129
    with pytest.raises(QuestionError, match=r"procedure=1\.005192: .*near: .*1\.005129") as refused:
        hub.kpi(NEW, period="2023", procedure="1.005192")
    assert (refused.value.rule, refused.value.field) == ("unknown_value", "procedure")


def test_what_lists_or_data_know_is_zero_where_there_is_none(hub: Hub) -> None:
    hub.send("dossier", received("A", "2023-05-17"))
    assert numerators(hub, NEW, "2023-05", procedure="1.005129") == [1]
    hub.send("dossier", received("B", "2023-06-17") | {"procedure_code": "9.000001"})
    assert numerators(hub, NEW, "2023-05", procedure="9.000001") == [0]  # by June's data
    assert numerators(hub, NEW, "2023-05", procedure="1.001001") == [0]  # by the demo's list
    assert numerators(hub, NEW, "2023-05", channel="post") == [0]  # of a closed set


def test_by_day_too_and_with_a_reporter(hub: Hub) -> None:
    hub.send("payment", paid("cash", "2023-05", customers=1, amount=5))
    with pytest.raises(QuestionError, match=r"reporter=DIENLUCC: .*near: DIENLUC"):
        hub.kpi("payment_amount", period="2023", by="month", reporter="DIENLUCC")


def test_where_nothing_is_known_yet_nothing_is_strange(hub: Hub) -> None:
    assert numerators(hub, "payment_amount", "2023", reporter="DIENLUC") == []
