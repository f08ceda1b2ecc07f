"""Closing a period on real Kafka and PostgreSQL, with workers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.services.kafka import Kafka
from hub import registry
from hub.apply.rebuild import Rebuild
from hub.clock import to_us
from hub.opening import open_hub
from hub.proof import trial
from hub.proof.verify import verify
from stream_jobs.worked import received
from tests.parts import lists, stores
from tests.parts.province import DOSSIER, Province
from tests.parts.small import Sent, Small, admitted_frame, in_this_process
from tests.parts.waiting import until

MAY = "/v1/kpis/dossier_received_new?period=2023-05"


@pytest.fixture
def province(kafka: Kafka, topics: None, database_url: str, tmp_path: Path) -> Iterator[Province]:
    opened = Province(kafka, database_url, tmp_path)
    opened.served.create_key()
    opened.served.start()
    for _ in range(2):
        opened.workers.start()
    yield opened
    opened.close()


def figure(province: Province) -> dict[str, Any]:
    found = province.served.get(MAY).json()["figures"]
    return dict(found[0]) if found else {"numerator": 0, "status": ""}


def send(province: Province, codes: str, counted: int) -> None:
    events = [received(code, "2023-05-17") for code in codes]
    assert province.served.post("dossier", events).status_code == 202

    def now() -> int:
        said = figure(province)
        return int((said.get("restatement") or said)["numerator"])

    until(lambda: now() == counted, f"{counted} are counted")


def test_a_month_is_closed_restated_and_made_anew(province: Province) -> None:
    send(province, "ABCDE", 5)
    closed = province.served.run("period", "close", "2023-05", "--by", "An")
    assert closed.returncode == 0, closed.stderr
    until(lambda: figure(province)["status"] == "official", "the month is closed")
    send(province, "FG", 7)
    said = figure(province)
    assert (said["status"], said["value"], said["restatement"]["value"]) == ("restated", "5", "7")
    (told,) = [
        r
        for r in province.served.get("/v1/periods/2023-05/restatements").json()["restatements"]
        if r["kpi"] == "dossier_received_new"
    ]
    assert {c["entity"] for c in told["causes"]} == {"F", "G"}
    with open_hub(province.settings) as hub, in_this_process():
        until(lambda: not any(hub.applying.lag().values()), "all is applied")
        assert verify(hub.log, hub.store, lists.installed()).differences == []
        assert Rebuild(hub.log, hub.store, hub.clock).build().lines == []
        assert verify(hub.log, hub.store, lists.installed()).differences == []
    assert figure(province)["status"] == "restated"


def test_what_others_commit_meanwhile_is_not_said_to_come_of_a_trial(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "store_url", lambda _: database_url)
    whole_figures = trial.whole_figures
    counted: list[int] = []

    def slow(*given: Any) -> trial.Said:
        said = whole_figures(*given)
        counted.append(said["2023", "dossier_received_new"].numerator)
        if len(counted) == 1:
            small.append(DOSSIER, [Sent("s", 20_400, received("B", "2023-05-17"))])
            small.apply(DOSSIER, 1)
        return said

    with Small(tmp_path / "small") as small:
        small.append(DOSSIER, [Sent("s", 20_400, received("A", "2023-05-17"))])
        small.apply(DOSSIER, 1)
        monkeypatch.setattr(trial, "whole_figures", slow)
        events = admitted_frame(registry.contracts()["dossier"], [received("C", "2023-05-17")])
        trial.try_events(
            small.store, small.log, lists.installed(), DOSSIER, events, "s", to_us(small.now)
        )
    assert counted[-1] - counted[-2] == 1
