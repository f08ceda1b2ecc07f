"""A month is closed, corrected and explained, by commands and over HTTP, while the hub serves."""

from typing import Any

import pytest

from stream_jobs.worked import dossier, received
from tests.parts.waiting import until
from tests.stories.conftest import Served

KPI = "/v1/kpis/dossier_received_new?period=2023-05"


@pytest.fixture
def month(served: Served) -> Served:
    """A served hub with a month's dossiers."""
    served.create_key("one_stop")
    send(served, [received("A", "2023-05-02"), received("B", "2023-05-03")], applied=2)
    return served


def send(served: Served, events: list[dict[str, Any]], applied: int) -> None:
    assert served.post("dossier", events).status_code == 202
    until(lambda: count(served) == applied, f"{applied} are counted")


def count(served: Served) -> int:
    figures = served.get("/v1/kpis/dossier_received_new?period=2023").json()["figures"]
    return int(figures[0]["numerator"]) if figures else 0


def figure(served: Served, query: str = KPI) -> dict[str, Any]:
    (found,) = served.get(query).json()["figures"]
    return dict(found)


def test_a_month_is_closed_restated_and_explained(month: Served) -> None:
    assert figure(month)["status"] == "provisional"
    tried = month.run("period", "close", "2023-05", "--by", "An", "--dry-run")
    assert tried.returncode == 0, tried.stderr
    assert "dossier_received_new" in tried.stdout
    assert month.get("/v1/periods").json() == {"closings": []}
    closed = month.run("period", "close", "2023-05", "--by", "An")
    assert closed.returncode == 0, closed.stderr
    until(lambda: figure(month)["status"] == "official", "the month is closed")
    official = figure(month)
    (closing,) = month.get("/v1/periods").json()["closings"]
    assert (closing["period"], closing["closed_by"]) == ("2023-05", "An")
    assert closing["digest"] in closed.stdout
    assert closing["digest"] in month.run("period", "list").stdout

    late = [received("C", "2023-05-20"), dossier("A", "resolved", "2023-05-09")]
    send(month, late, applied=3)
    restated = figure(month)
    assert (restated["status"], restated["value"]) == ("restated", official["value"])
    assert restated["restatement"]["value"] == "3"
    said = month.get("/v1/periods/2023-05/restatements").json()["restatements"]
    (mine,) = [r for r in said if r["kpi"] == "dossier_received_new"]
    assert mine["difference"] == {"numerator": 1, "denominator": 0}
    assert [e["event_id"] for c in mine["causes"] for e in c["events"]] == [late[0]["event_id"]]
    printed = month.run("period", "restatements", "2023-05").stdout
    assert f"one_stop/{late[0]['event_id']}" in printed
    then = figure(month, f"{KPI}&as_of={official['at'].replace('+', '%2B')}")
    assert (then["value"], "restatement" in then) == ("2", False)
    assert month.run("verify").returncode == 0


def test_what_cannot_be_answered_is_said(month: Served) -> None:
    for path, status, rule in (
        ("/v1/periods/2023-05/restatements", 404, "not_closed"),
        ("/v1/periods/May/restatements", 400, "bad_question"),
        ("/v1/periods?x=1", 400, "bad_question"),
        (f"{KPI}&as_of=2001-01-01T00:00:00Z", 400, "bad_question"),
        (f"{KPI}&as_of=2999-01-01T00:00:00Z", 400, "bad_question"),
        ("/v1/kpis?period=2023&as_of=yesterday", 400, "bad_question"),
        ("/v1/kpis/nothing/facts", 404, "unknown_kpi"),
        ("/v1/kpis/payment_amount/facts?period=2023", 400, "bad_question"),
    ):
        answer = month.get(path)
        assert (answer.status_code, answer.json()["title"]) == (status, rule), path
    facts = month.get("/v1/kpis/dossier_received_new/facts?period=2023-05").json()
    assert [f["entity"] for f in facts["facts"]] == ["A", "B"]


def test_a_period_that_has_not_ended_is_not_closed(month: Served) -> None:
    done = month.run("period", "close", "2999")
    assert done.returncode == 1
    assert "2999" in done.stderr
    assert month.run("period", "restatements", "2023-06").returncode == 1


def test_all_figures_of_a_past_page_are_of_one_cut(month: Served) -> None:
    before = month.get("/v1/kpis?period=2023").json()
    send(month, [received("C", "2023-05-20")], applied=3)
    then = month.get("/v1/kpis", period="2023", as_of=before["as_of"]).json()
    assert {f["cut"] for f in then["figures"]} == {before["cut"]}
    volatile = ("at",)

    def said(body: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {k: v for k, v in f.items() if k not in volatile}
            for f in body["figures"]
            if f["kpi"] != "source_fresh_minutes"
        ]

    assert said(then) == said(before)
