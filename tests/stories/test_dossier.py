"""A dossier from reception to restatement, told through the real server."""

import gzip
import json
import sqlite3
from typing import Any

from stream_jobs.worked import dossier, received
from tests.parts import loopback
from tests.stories.conftest import Served

ONLINE = received("H57.1-230105-0001", "2023-01-05", channel="online", due="2023-01-10")
COUNTER = received("H57.1-230105-0002", "2023-01-05", due="2023-01-10")


def online(served: Served) -> tuple[int, int]:
    figure = served.figure("dossier_online_share", period="2023")
    return figure["numerator"], figure["denominator"]


def on_time(served: Served) -> tuple[int, int]:
    figure = served.figure("dossier_on_time_share", period="2023")
    return figure["numerator"], figure["denominator"]


def test_from_reception_to_restatement(served: Served) -> None:
    answer = served.post("dossier", [ONLINE, COUNTER])
    assert answer.status_code == 202
    said = answer.json()
    assert (said["accepted"], said["duplicates"], said["rejected"]) == (2, 0, [])
    assert online(served) == (1, 2)

    # Sent again, it is told to be a repeat and changes nothing.
    assert served.post("dossier", ONLINE).json()["duplicates"] == 1
    assert online(served) == (1, 2)

    # The end arrives before what led to it; late ones are ordinary.
    late = dossier("H57.1-230105-0001", "resolved", "2023-01-11")
    served.post("dossier", late)
    assert on_time(served) == (0, 1)
    served.post(
        "dossier",
        dossier(
            "H57.1-230105-0001", "due_changed", "2023-01-09", due_at="2023-01-20T17:00:00+07:00"
        ),
    )
    assert on_time(served) == (1, 1)

    # A correction, recorded later, restates where it came by.
    corrected = ONLINE | {
        "event_id": "correction",
        "channel": "counter",
        "recorded_at": "2023-02-01T08:00:00+07:00",
    }
    served.post("dossier", corrected)
    assert online(served) == (0, 2)

    # And its retraction gives the first word back.
    retraction = dossier("H57.1-230105-0001", "retracted", "2023-02-02", retracts="correction")
    served.post("dossier", retraction)
    assert online(served) == (1, 2)

    # Same id, other content: kept, counted as a conflict, shown by explain.
    other = served.post("dossier", late | {"occurred_at": "2023-01-12T08:00:00+07:00"}).json()
    assert (other["accepted"], other["duplicates"]) == (1, 0)
    clean = served.figure("source_clean_share", period=_this_year(served))
    assert clean["denominator"] - clean["numerator"] == 2  # the repeat and the conflict
    served.stop()
    told = json.loads(served.run("explain", "H57.1-230105-0001").stdout)
    assert told["fact"]["is_disputed"] == 1
    assert len(told["events"]) == 6
    assert any(
        c.startswith("dossier.received/channel+service_level/2023-01-05")
        for c in told["counted_in"]
    )
    assert {n["measure"] for n in told["not_counted"]} >= {"dossier.synced", "dossier.rated"}

    proof = served.run("verify")
    assert proof.returncode == 0, proof.stdout
    assert "0 differences" in proof.stdout


def _this_year(served: Served) -> str:
    return str(loopback.get(f"{served.url}/v1/kpis/source_clean_share").json()["period"])


def test_verify_names_the_cell_that_was_edited(served: Served) -> None:
    served.post("dossier", [ONLINE, COUNTER])
    served.settle()
    served.stop()
    with sqlite3.connect(served.folder / "store.sqlite3") as store:
        edited = store.execute(
            "UPDATE cell SET count = count + 1"
            " WHERE cell_set = 'dossier.received/received_by' AND period = '2023-01-05'"
        )
        assert edited.rowcount == 1
    store.close()
    proof = served.run("verify")
    assert proof.returncode == 1
    name = "dossier.received/received_by/2023-01-05/received_by=H57.1"
    assert f"cell {name}: stored (3, " in proof.stdout
    told = json.loads(served.run("explain", name).stdout)
    assert told["count"] == 3
    assert [f["entity"] for f in told["facts"]] == ["H57.1-230105-0001", "H57.1-230105-0002"]


def test_three_bad_of_a_thousand_cost_three(served: Served) -> None:
    items: list[dict[str, Any]] = [
        received(f"H57.1-230105-{i:04d}", "2023-01-05") for i in range(1000)
    ]
    items[10]["channel"] = "fax"
    items[20]["colour"] = "red"
    del items[30]["received_by"]
    answer = served.post(
        "dossier", gzip.compress(json.dumps(items).encode()), **{"Content-Encoding": "gzip"}
    )
    assert answer.status_code == 202
    body = answer.json()
    assert body["accepted"] == 997
    assert [(r["index"], r["rule"], r["field"]) for r in body["rejected"]] == [
        (10, "unknown_value", "channel"),
        (20, "unknown_field", "colour"),
        (30, "required", "received_by"),
    ]
    assert all(r["message_vi"] and r["message_en"] for r in body["rejected"])
    assert served.figure("dossier_received", period="2023")["numerator"] == 997
    valid = served.figure("source_valid_share", period=_this_year(served))
    assert (valid["numerator"], valid["denominator"]) == (997, 1000)


def test_cli_and_http_give_the_same_body(served: Served) -> None:
    served.post("dossier", [ONLINE, COUNTER])
    served.settle()
    at = "2024-02-01T00:00:00+07:00"
    over_http = loopback.get(
        f"{served.url}/v1/kpis/dossier_online_share",
        params={"period": "2023", "by": "channel", "at": at},
    ).json()
    printed = served.run(
        "kpi", "dossier_online_share", "--period", "2023", "--by", "channel", "--at", at, "--json"
    )
    assert json.loads(printed.stdout) == over_http
    assert len(over_http["figures"]) == 2
