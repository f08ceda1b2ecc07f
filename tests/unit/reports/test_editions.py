"""Editions: numbered, with what changed since the one before and why, and provable offline."""

import json
from datetime import timedelta
from typing import Any

import pytest

from hub import registry
from hub.clock import to_us
from hub.figures.closing import close
from hub.figures.official import freeze
from hub.gateway.signing import SignatureError
from hub.reference.periods import parse_period
from hub.reports.editions import (
    digest,
    editions,
    freeze_reports,
    sign_file,
    status_of,
    verify_file,
)
from hub.reports.filled import fill, read_report_question
from hub.reports.formats import write
from hub.store.cuts import latest_cut
from stream_jobs.worked import Json, dossier
from tests.conftest import Hub
from tests.unit.reports.test_filled import EVENTS, handed_in, month

__all__ = ["month"]
HOUR = timedelta(hours=1)
FORMS = registry.reports()
# K was received in May and nobody had said so; D was ended on its due day, not after it.
LATE = [
    handed_in("K", "2023-05-20", "2023-05-30", "H57.1"),
    dossier("D", "resolved", "2023-05-12T09:00"),
    dossier("D", "retracted", "2023-06-20"),
    handed_in("L", "2023-06-20", "2023-06-30"),  # of June: no cause in May
]


def close_month(hub: Hub, period: str = "2023-05") -> None:
    """Close a period, as `hub period close` does."""
    hub.now += HOUR
    now, of = to_us(hub.now), parse_period(period)
    with hub.store.reading() as reading:
        book, cut = hub.book(reading), latest_cut(reading)
        assert cut is not None
        frozen = freeze_reports(FORMS.values(), book, of, now, "An")
        event = freeze(book, registry.kpis().values(), of, cut, now, "An", frozen)
    close(hub.log, event)
    hub.runner.catch_up()
    hub.now += HOUR


def frozen(hub: Hub, period: str = "2023-05", name: str = "06a") -> list[Json]:
    with hub.store.reading() as reading:
        return editions(FORMS[name], hub.book(reading), parse_period(period))


def status(hub: Hub, **asked: str) -> str:
    with hub.store.reading() as reading:
        book = hub.book(reading)
        question = read_report_question(FORMS["06a"], {"period": "2023-05"} | asked, to_us(hub.now))
        return status_of(FORMS["06a"], question, book, fill(FORMS["06a"], question, book))


def send_late(hub: Hub) -> None:
    """Send what came after the month was closed."""
    (ended,) = (e for e in EVENTS if (e["dossier_code"], e["kind"]) == ("D", "resolved"))
    LATE[2]["retracts"] = ended["event_id"]
    hub.send("dossier", *LATE)


def test_an_edition_is_numbered_and_its_digest_is_of_what_it_says(month: Hub) -> None:
    assert status(month) == "provisional"
    close_month(month)
    assert status(month) == status(month, unit="H57.2") == "official"
    for name in FORMS:
        (body,) = frozen(month, name=name)
        edition = body["edition"]
        assert (edition["number"], edition["frozen_by"], edition["previous"]) == (1, "An", None)
        assert (body["status"], body["broken"], "changes" in body) == ("official", [], False)
        assert edition["digest"] == digest(body)
        body["rows"][0]["c1"] += 1
        assert edition["digest"] != digest(body)


def test_a_later_edition_says_what_changed_and_which_dossiers_made_it_so(month: Hub) -> None:
    close_month(month)
    send_late(month)
    assert (status(month), status(month, unit="H57.2")) == ("restated", "restated")
    assert len(frozen(month)) == 1
    close_month(month)
    first, second = frozen(month)
    assert (second["status"], second["edition"]["number"]) == ("restated", 2)
    assert second["edition"]["previous"] == first["edition"]["digest"]
    # By hand: H57.1 has K, in progress and past due; D of H57.2.1 is on time and no longer late.
    assert second["changes"] == [
        {"code": "H57.1", "column": "c1", "before": 1, "after": 2},
        {"code": "H57.1", "column": "c3", "before": 1, "after": 2},
        {"code": "H57.1", "column": "c9", "before": 1, "after": 2},
        {"code": "H57.1", "column": "c11", "before": 0, "after": 1},
        {"code": "H57.2.1", "column": "c7", "before": 0, "after": 1},
        {"code": "H57.2.1", "column": "c8", "before": 1, "after": 0},
    ]
    causes = {c["entity"]: c for c in second["causes"]["entities"]}
    assert {code: c["adds"] for code, c in causes.items()} == {
        "D": {"c7": 1, "c8": -1},
        "K": {"c1": 1, "c3": 1, "c9": 1, "c11": 1},
    }
    assert [e["event_id"] for e in causes["K"]["events"]] == [LATE[0]["event_id"]]
    ids = [c["id"] for c in second["columns"]]
    difference = {n: second["total"][n] - first["total"][n] for n in ids}
    assert second["causes"]["difference"] == difference
    assert second["causes"]["count"] == 2


def test_what_is_carried_over_is_held_against_the_edition_before(month: Hub) -> None:
    close_month(month, "2023-05")
    send_late(month)
    close_month(month, "2023-06")
    (june,) = frozen(month, "2023-06")
    carried: dict[str, Any] = june["carried"]
    assert (carried["period"], carried["edition"]) == ("2023-05", 1)
    assert (carried["c9"], carried["c4"], carried["difference"]) == (4, 5, 1)
    assert [(e["entity"], e["adds"]) for e in carried["entities"]] == [("K", 1)]
    (may,) = frozen(month, "2023-05")
    assert may["carried"] is None


@pytest.mark.parametrize("form", ["json", "xlsx", "pdf"])
def test_a_file_is_valid_until_a_digit_of_it_is_changed(month: Hub, form: str) -> None:
    close_month(month)
    (body,) = frozen(month)
    content = write(body, form)
    signed = sign_file(month.signer, content, body)
    keys = json.loads(json.dumps(month.signer.public()))
    stated = verify_file(content, signed, keys)
    assert (stated["report"], stated["period"], stated["edition"]) == ("06a", "2023-05", 1)
    assert stated["digest"] == body["edition"]["digest"]
    place = content.index(b'"c1": 8') + 6 if form == "json" else len(content) // 2
    other = bytes([content[place] ^ 1])
    edited = content[:place] + other + content[place + 1 :]
    with pytest.raises(SignatureError, match="not the one that was signed"):
        verify_file(edited, signed, keys)
    head, said, signature = signed.split(".")
    turned = "A" if said[10] != "A" else "B"
    for wrong in (f"{head}.{said[:10]}{turned}{said[11:]}.{signature}", "no signature", ""):
        with pytest.raises(SignatureError):
            verify_file(content, wrong, keys)
    with pytest.raises(SignatureError):
        verify_file(content, signed, {"keys": []})
