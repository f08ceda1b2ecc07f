"""Alerts over HTTP and on the command line, through a kill -9, a verify and a rebuild."""

import json
import re
from collections.abc import Callable
from typing import Any

from stream_jobs.worked import salinity
from tests.parts import loopback
from tests.parts.waiting import until
from tests.stories.conftest import Served

READINGS = [
    salinity("ST01", "2023-03-01T05:00", 1.2),
    salinity("ST01", "2023-03-01T06:00", 4.4),
    salinity("ST01", "2023-03-01T07:00", 6.1),
    salinity("ST01", "2023-03-01T08:00", 0.5),
]


def alerts(served: Served, **asked: str) -> list[dict[str, Any]]:
    answer = served.get("/v1/alerts", subject="ST01", **asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["alerts"]
    return found


def named(served: Served, rule: str) -> Callable[[], list[dict[str, Any]]]:
    return lambda: alerts(served, rule=rule)


def say(served: Served, alert: str, what: str, key: str, body: Any) -> Any:
    return loopback.post(
        f"{served.url}/v1/alerts/{alert}/{what}",
        content=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}"},
        timeout=60,
    )


def test_alerts_of_what_is_sent_stand_and_go_on_through_kill_verify_and_rebuild(
    served: Served,
) -> None:
    assert served.post("reading", READINGS).status_code == 202
    until(named(served, "salinity_over_4"), "an alert stands")
    (alert,) = alerts(served, rule="salinity_over_4")
    assert (alert["level"], alert["status"]) == ("critical", "cleared")
    assert alert["dims"] == {"station": "ST01"}
    assert alert["raised_at"] == "2023-03-01T06:00:00+07:00"
    assert alert["cleared_at"] == "2023-03-01T08:00:00+07:00"
    assert alert["figure"] == {"value": "6.1", "threshold": "4", "measure_unit": "g/L"}
    assert "6,1 g/L" in alert["text_vi"]

    # By period, level, state, instant; as it was, and by the rules of now.
    assert alerts(served, period="2023-03", level="critical") == [alert]
    assert alerts(served, period="2023-04", level="critical") == []
    assert alerts(served, status="cleared", rule="salinity_over_4") == [alert]
    assert alerts(served, state="open", rule="salinity_over_4") == []
    assert alerts(served, since="2023-03-01T06:30:00+07:00", rule="salinity_over_4") == []
    then = alerts(served, at="2023-03-01T07:10:00+07:00", rule="salinity_over_4", rules="now")
    assert [(a["id"], a["status"], a["cleared_at"]) for a in then] == [(alert["id"], "open", None)]
    assert served.get("/v1/alerts", level="odd").status_code == 400
    assert served.get("/v1/alerts/nothing").status_code == 404

    # What people say: officers alone.
    sender = served.key
    officer = served.create_key("An", "--all", "--officer")
    for key, status in ((sender, 403), ("none", 401)):
        assert say(served, alert["id"], "comment", key, {"comment": "x"}).status_code == status
    assert say(served, "nothing", "acknowledge", officer, {}).status_code == 404
    assert say(served, alert["id"], "comment", officer, {}).status_code in (400, 422)
    open_one = alerts(served, rule="station_silent", state="open")[0]["id"]
    answer = say(served, open_one, "acknowledge", officer, {"comment": "đã cử người"})
    assert (answer.status_code, answer.json()["state"]) == (200, "acknowledged")
    until(lambda: alerts(served, state="acknowledged"), "it is acknowledged")
    (seen,) = alerts(served, state="acknowledged")
    assert (seen["id"], seen["acknowledged_by"]) == (open_one, "An")
    assert [c["comment"] for c in seen["comments"]] == ["đã cử người"]
    history = served.get(f"/v1/alerts/{open_one}").json()["history"]
    assert {e["kind"] for e in history} == {"raised", "escalated", "acknowledged"}
    assert "alert acknowledged" in served.run("audit", "list").stdout

    # The same list after a kill -9, by the log alone, and after all is made anew.
    before = served.get("/v1/alerts").json()["alerts"]
    served.kill()
    listed = served.run("alerts", "list", "--json")
    assert json.loads(listed.stdout)["alerts"] == before
    assert served.run("alerts", "rules").stdout.count("?") >= 9
    verified = served.run("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    rebuilt = served.run("rebuild")
    assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
    assert json.loads(served.run("alerts", "list", "--json").stdout)["alerts"] == before
    noted = served.run("alerts", "comment", alert["id"], "xong", "--by", "Bình")
    assert re.search(rf"{alert['id']} cleared", noted.stdout), noted.stdout + noted.stderr
    served.start()
    (commented,) = alerts(served, rule="salinity_over_4")
    assert commented["comments"][0]["by"] == "Bình"
