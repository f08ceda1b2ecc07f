"""Scheduled reports on Kafka and PostgreSQL: each is given once, by two gateways at a time."""

from pathlib import Path
from typing import Any

from stream_jobs.worked import received
from tests.parts.province import Province
from tests.parts.waiting import until
from tests.stories.conftest import Served

SCHEDULES = """name,report,every,days_after,at_hour,unit,outlet,address,valid_from,valid_to
Biểu tháng,06a,month,1,00:00,,folder,,2000-01-01,
Biểu thư,06a,month,1,00:00,,mail,an@tinh.gov.vn,2000-01-01,
"""


def test_what_is_due_is_laid_once_and_what_cannot_be_given_says_why(
    province: Province, tmp_path: Path
) -> None:
    laid = tmp_path / "laid"
    # Nobody listens there: mail cannot be given.
    province.served.env |= {
        "HUB_REPORTS_DIR": str(laid),
        "HUB_OUTLET_MAIL_SERVER": "127.0.0.1:1",
        "HUB_OUTLET_MAIL_TLS": "none",
    }
    served = province.served
    beside = Served(tmp_path / "beside")
    beside.env |= {n: v for n, v in served.env.items() if n not in ("HUB_LISTEN", "HUB_DATA_DIR")}
    served.create_key()
    served.start()
    province.workers.start()
    assert served.post("dossier", [received("A", "2023-05-17")]).status_code == 202
    assert served.figure("dossier_received_new", period="2023")["numerator"] == 1
    assert served.get("/v1/report-runs").json() == {"schedules": [], "runs": []}
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "report_schedules.csv").write_text(SCHEDULES, "utf-8")
    beside.start()
    try:
        done = served.run("reference", "load", str(lists))
        assert done.returncode == 0, done.stdout + done.stderr

        def runs(**wanted: str) -> list[dict[str, Any]]:
            listed = served.get("/v1/report-runs").json()["runs"]
            return [r for r in listed if wanted.items() <= r.items()]

        # A quarter of a year is made up: two or three months, and what is due is decided at once.
        until(lambda: runs(outlet="folder", state="sent"), "a report is laid")
        until(lambda: not runs(outlet="folder", state="waiting"), "all of them are")
        until(lambda: all(r["tries"] for r in runs(outlet="mail")), "all mail was tried")
    finally:
        beside.kill()
    sent, refused = runs(outlet="folder"), runs(outlet="mail")
    assert {r["tries"] for r in sent} == {1}
    assert [r["period"] for r in sent] == [r["period"] for r in refused]
    names = {f"06a-{r['period']}.{form}" for r in sent for form in ("pdf", "xlsx")}
    assert {p.name for p in laid.iterdir()} == names
    for run in refused:
        assert (run["state"], run["files"]) == ("waiting", [])
        assert "không gửi được" in run["last_error"]
        assert run["try_at"] > run["at"]
    for schedule in served.get("/v1/report-runs").json()["schedules"]:
        assert schedule["last"]["period"] == sent[0]["period"] < schedule["next_period"]
        assert schedule["next_at"] > schedule["last"]["due_at"]
    for file in sent[0]["files"]:
        again = served.get(file["url"])
        assert again.status_code == 200, again.text
        assert len(again.content) > 1_000
    assert "Biểu" not in served.run("report", "schedule").stderr
