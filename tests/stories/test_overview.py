"""The overview over HTTP: what a leader is to see, in order of need, made once for all who ask."""

import time
from typing import Any

import httpx
import pytest

from hub.http.overview import EXAMPLE, OverviewShown
from stream_jobs.worked import received
from tests.parts.waiting import SECONDS_MAX
from tests.stories.conftest import Served

YEAR = "2023"


def dossiers(unit: str, online: int, others: int) -> list[dict[str, Any]]:
    """Write dossiers that a unit received in April 2023, so many of them online."""
    channels = ["online"] * online + ["counter"] * others
    return [
        {**received(f"{unit}-230403-{n:04}", "2023-04-03", channel), "received_by": unit}
        for n, channel in enumerate(channels)
    ]


def send(served: Served) -> None:
    """Of 4 that H57.1 received 0 are online, of 2 of H57.2 both, of 4 of H57.3 one: 3 of 10."""
    sent = [*dossiers("H57.1", 0, 4), *dossiers("H57.2", 2, 0), *dossiers("H57.3", 1, 3)]
    assert served.post("dossier", sent).status_code == 202
    served.settle()


def overview(served: Served, **parameters: str) -> dict[str, Any]:
    answer = served.get("/v1/overview", **parameters)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    OverviewShown.model_validate(body)
    return body


def item_of(body: dict[str, Any], kpi: str) -> dict[str, Any]:
    (item,) = [i for i in body["items"] if i["kpi"] == kpi]
    assert isinstance(item, dict)
    return item


def test_it_says_what_is_off_its_course_and_who_made_it_so(served: Served) -> None:
    """The target is 50 %: of 10 it wants 5, 2 are lacking: H57.1 lacks 4 × 0.5, H57.3 one."""
    send(served)
    body = overview(served, period=YEAR)
    online = item_of(body, "dossier_online_share")
    assert (online["need"], online["value_vi"], online["goal_en"]) == (
        "off_course",
        "30,00\u00a0%",
        "target ≥ 50%",
    )
    assert [(p["unit"], p["short"], p["points"]) for p in online["pulls"]] == [
        ("H57.1", "2", "20.00"),
        ("H57.3", "1", "10.00"),
    ]
    # Nearly all that the one-stop system owes of the year is missing, and is said so.
    assert online["text_vi"].removesuffix(" Mới đủ 0,0\u00a0% nguồn phải báo cáo.") == (
        "30,00\u00a0%, mục tiêu ≥ 50\u00a0%. Thiếu 20,00\u00a0điểm. Hai đơn vị kéo xuống:"
        " Sở mẫu 01 (20,00\u00a0điểm), Sở mẫu 03 (10,00\u00a0điểm)."
    )
    assert online["link"] == "/ask?kpi=dossier_online_share&period=2023&by=unit"
    months = {m["month"]: (m["numerator"], m["denominator"]) for m in online["months"]}
    assert months["2023-04"] == (3, 10)
    needs = [i["need"] for i in body["items"]]
    order = ["off_course", "waiting", "unknown", "on_course", "met"]
    assert needs == sorted(needs, key=order.index)
    assert body["status"] == "provisional"
    # What is documented is what is answered.
    (shown,) = EXAMPLE["items"]
    for name, value in shown.items():
        if name.startswith(("text", "why")):
            assert online[name].startswith(value), name
        elif name not in ("figure", "months"):
            assert online[name] == value, name
    documented = served.get("/openapi.json").json()["paths"]["/v1/overview"]["get"]
    content = documented["responses"]["200"]["content"]["application/json"]
    assert content["example"] == EXAMPLE
    OverviewShown.model_validate(EXAMPLE)


def test_what_is_asked_about_an_earlier_instant_is_as_it_was_then(served: Served) -> None:
    send(served)
    # On 2 April nothing had been received, and the year was under way: nothing is missed yet.
    body = overview(served, period=YEAR, at="2023-04-02T08:00:00+07:00")
    assert item_of(body, "dossier_online_share")["need"] == "unknown"
    assert not body["is_over"]
    later = overview(served, period=YEAR, at="2023-04-05T08:00:00+07:00")
    online = item_of(later, "dossier_online_share")
    assert (online["figure"]["progress"]["state"], online["value_en"]) == ("behind", "30.00%")


@pytest.mark.parametrize(
    ("parameters", "named"),
    [({"period": "2023-13"}, "2023-13"), ({"at": "then"}, "then"), ({"unit": "H57.1"}, "unit")],
)
def test_a_wrong_question_is_refused(
    served: Served, parameters: dict[str, str], named: str
) -> None:
    refused = served.get("/v1/overview", **parameters)
    assert refused.status_code == 400
    assert named in refused.json()["message_vi"]


def test_whoever_has_it_is_told_so(served: Served) -> None:
    send(served)
    first = served.get("/v1/overview", period=YEAR)
    url, has = f"{served.url}/v1/overview?period={YEAR}", {"If-None-Match": first.headers["etag"]}
    same = httpx.get(url, headers=has)
    assert (same.status_code, same.content) == (304, b"")
    # What comes in of another year changes the cut, and nothing that is said of this one.
    other = received("H57.1-210505-0001", "2021-05-05")
    assert served.post("dossier", other).status_code == 202
    served.settle()
    later = {**received("H57.1-230505-0099", "2023-05-05", "online"), "received_by": "H57.1"}
    assert served.post("dossier", later).status_code == 202
    served.settle()
    deadline = time.monotonic() + SECONDS_MAX
    changed = httpx.get(url, headers=has)
    while changed.status_code == 304:  # it is made at most once a second
        assert time.monotonic() < deadline
        time.sleep(0.1)
        changed = httpx.get(url, headers=has)
    assert item_of(changed.json(), "dossier_online_share")["figure"]["numerator"] == 4


def test_an_empty_hub_has_an_overview_that_says_so(served: Served) -> None:
    body = overview(served, period=YEAR)
    assert {i["need"] for i in body["items"]} <= {"unknown", "off_course", "met"}
    assert item_of(body, "dossier_online_share")["text_vi"] == "Chưa có số liệu trong kỳ."
    assert body["alerts"]["gravest"] == []
    # No target is of 2030; the list is loaded.
    assert overview(served, period="2030")["items"] == []
    assert body["lacks"] == []


def test_elsewhere_than_on_its_machine_it_needs_a_key(served: Served) -> None:
    url, through = f"{served.url}/v1/overview", {"X-Forwarded-For": "10.0.0.9"}
    assert httpx.get(url, headers=through).status_code == 401
    keyed = {**through, "Authorization": f"Bearer {served.key}"}
    assert httpx.get(url, headers=keyed, params={"period": YEAR}).status_code == 200
