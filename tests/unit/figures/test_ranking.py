"""Rows of a figure: what each pulls, worked out by hand, beside another answer, in an order."""

from typing import Any

import pytest

from hub import registry
from hub.clock import to_us
from hub.figures.compute import QuestionError, read_question
from hub.figures.made_of import Wanted, facts
from hub.figures.ranking import in_order, public, rank, read_other
from hub.figures.ranking_file import crosstab, headings_and_cells
from hub.sheets.listing import as_csv
from stream_jobs.worked import Json, dossier, received
from tests.conftest import Hub

KPIS = registry.kpis()
ONLINE = "dossier_online_share"


def taken(code: str, at: str, unit: str, procedure: str = "1.001001", **more: Any) -> Json:
    return received(code, at, **more) | {
        "received_by": unit,
        "resolved_by": unit,
        "procedure_code": procedure,
    }


@pytest.fixture
def filled(hub: Hub) -> Hub:
    """In March 2023: the department 1 of 4 online, one commune 1 of 6; in March 2022, 2 of 2."""
    hub.send(
        "dossier",
        *(
            taken(f"A{i}", "2023-03-06", "H57.1", "1.001009", channel="online" if i < 1 else "post")
            for i in range(4)
        ),
        *(
            taken(f"B{i}", "2023-03-07", "H57.41", channel="online" if i < 1 else "post")
            for i in range(6)
        ),
        *(taken(f"C{i}", "2022-03-07", "H57.41", channel="online") for i in range(2)),
        *(dossier(f"C{i}", "resolved", "2022-04-01") for i in range(2)),
    )
    return hub


def ranked(hub: Hub, kpi: str, compare: str = "", sort: str = "", **asked: str) -> Json:
    now = to_us(hub.now)
    question = read_question(KPIS[kpi], asked, now)
    other = read_other(KPIS[kpi], question, asked, compare, now)
    with hub.store.reading() as reading:
        book = hub.book(reading)
        found = rank(KPIS[kpi], question, other, book, now)
        return public(found, in_order(found, sort), book)


def column(body: Json, name: str, by: str = "unit") -> dict[str, Any]:
    return {row["dims"][by]: row[name] for row in body["rows"]}


def test_pulls_add_up_to_the_gap_against_the_target(filled: Hub) -> None:
    # 2 of 10, to be half: 0.3 short. The department lacks 0.5 x 4 - 1, the commune 0.5 x 6 - 1.
    body = ranked(filled, ONLINE, period="2023-03", by="unit")
    assert body["goal"] == {
        "value": "0.500000",
        "is_ceiling": False,
        "target": {"op": ">=", "value": "0.5"},
    }
    assert list(column(body, "pull").items()) == [("H57.41", "0.200000"), ("H57.1", "0.100000")]
    assert column(body, "lacks") == {"H57.41": "2.000000", "H57.1": "1.000000"}


def test_without_a_target_rows_are_held_against_the_average(filled: Hub) -> None:
    body = ranked(filled, "dossier_online_share_new", period="2023-03", by="unit")
    assert body["goal"] == {"value": "0.200000", "is_ceiling": False, "target": None}
    # 0.2 x 4 - 1 = -0.2 of ten, 0.2 x 6 - 1 = 0.2 of ten.
    assert column(body, "pull") == {"H57.41": "0.020000", "H57.1": "-0.020000"}


def test_of_a_count_each_row_pulls_its_part(filled: Hub) -> None:
    body = ranked(filled, "dossier_received_new", period="2023-03", by="unit")
    assert column(body, "pull") == {"H57.41": "0.600000", "H57.1": "0.400000"}
    assert set(column(body, "lacks").values()) == {None}


def test_where_rows_do_not_add_up_nothing_is_said_to_pull(filled: Hub) -> None:
    filled.send("dossier", taken("SUNDAY", "2023-01-01", "H57.1"))
    body = ranked(filled, "dossier_received_new", period="2023", by="week")
    # The Sunday is of the last week of 2022.
    assert (body["whole"]["numerator"], len(body["rows"])) == (11, 52)
    assert column(body, "numerator", "week")["2023-W10"] == 10
    assert set(column(body, "pull", "week").values()) == {None}


def test_levels_and_fields_come_from_the_lists_and_narrow_what_is_asked(filled: Hub) -> None:
    name = "dossier_received_new"
    by_level = ranked(filled, name, period="2023-03", by="level")
    assert column(by_level, "numerator", "level") == {"commune": 6, "department": 4}
    by_field = ranked(filled, name, period="2023-03", by="field")
    fields = {"Lĩnh vực mẫu 01": 6, "Lĩnh vực mẫu 02": 4}
    assert column(by_field, "numerator", "field") == fields
    of_field = ranked(filled, name, period="2023-03", by="unit", field="Lĩnh vực mẫu 02")
    assert column(of_field, "numerator") == {"H57.1": 4}
    communes = ranked(filled, name, period="2023-03", by="unit", level="commune")
    assert column(communes, "numerator") == {"H57.41": 6}
    now = to_us(filled.now)
    with filled.store.reading() as reading:
        for asked, n in (({"level": "commune"}, 6), ({"field": "Lĩnh vực mẫu 02"}, 4)):
            question = read_question(KPIS[name], {"period": "2023-03", **asked}, now)
            listed = facts(KPIS[name], question, filled.book(reading), Wanted())
            assert listed["total"] == n
    with pytest.raises(QuestionError, match="neither the lists nor the data"):
        filled.kpi(name, period="2023-03", field="Lĩnh vực mẫu 99")


def test_a_row_stands_beside_the_same_one_of_last_year(filled: Hub) -> None:
    name = "dossier_received_new"
    body = ranked(filled, name, "last_year", period="2023-Q1", by="month")
    assert [row["dims"]["month"] for row in body["rows"]] == ["2023-01", "2023-02", "2023-03"]
    march = body["rows"][2]
    assert (march["beside"]["numerator"], march["difference"]) == (2, "8.000000")
    assert body["beside"]["whole"]["numerator"] == 2
    by_unit = ranked(filled, name, "unit:H57.41", period="2023-03")
    assert (by_unit["whole"]["numerator"], by_unit["beside"]["whole"]["numerator"]) == (10, 6)


def test_a_running_period_is_held_against_as_much_of_the_other(filled: Hub) -> None:
    # Asked on 8 March 2023 at noon, the March before counts up to its 8th at noon.
    filled.send("dossier", taken("LATER", "2022-03-20", "H57.41"))
    asked = {"period": "2023-03", "at": "2023-03-08T12:00:00+07:00"}
    body = ranked(filled, "dossier_received_new", "last_year", **asked)
    assert body["is_running"]
    assert body["beside"]["at"] == "2022-03-08T12:00:00+07:00"
    assert body["beside"]["whole"]["numerator"] == 2


def test_what_a_unit_reported_stands_beside_its_figure(filled: Hub) -> None:
    body = ranked(filled, ONLINE, period="2023-03", by="unit")
    # March 2023 has 23 working days; each sent on one of them, the commune on the 7th.
    assert column(body, "reported")["H57.41"] == {
        "days": 1,
        "of": 23,
        "is_owed": False,
        "last_on": "2023-03-07",
        "silent_days": 24,  # from the 8th to the 31st
        "silent_working_days": 18,  # three of that week, and three weeks of five
    }


def test_rows_are_sorted_by_any_column_and_by_names(filled: Hub) -> None:
    def order(sort: str) -> list[str]:
        body = ranked(filled, ONLINE, sort=sort, period="2023-03", by="unit")
        return [row["dims"]["unit"] for row in body["rows"]]

    assert (order("value"), order("-value")) == (["H57.41", "H57.1"], ["H57.1", "H57.41"])
    assert order("unit") == ["H57.1", "H57.41"]  # Sở before Xã
    with pytest.raises(QuestionError) as caught:
        order("colour")
    assert caught.value.field == "sort"
    with pytest.raises(QuestionError) as caught:
        ranked(filled, ONLINE, "yesterday", period="2023-03")
    assert caught.value.field == "compare"


def test_a_file_is_what_vietnamese_excel_reads(filled: Hub) -> None:
    now = to_us(filled.now)
    question = read_question(KPIS[ONLINE], {"period": "2023-03", "by": "unit,month"}, now)
    with filled.store.reading() as reading:
        found = rank(KPIS[ONLINE], question, None, filled.book(reading), now)
    headings, cells = crosstab(found)
    titles = [h.title for h in headings]
    assert titles == ["Đơn vị (mã)", "Đơn vị", "2023-03"]
    text = as_csv(titles, cells).decode("utf-8-sig")
    assert text.splitlines()[1:] == ["H57.1;Sở mẫu 01;0,250000", "H57.41;Xã mẫu 010;0,166667"]
    headings, cells = headings_and_cells(found, in_order(found, ""))
    assert len(headings) == len(cells[0])
