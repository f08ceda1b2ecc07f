"""Who asks again where nothing changed is told so, in little: tags, compression, the stream."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from stream_jobs.worked import received, salinity
from tests.parts.waiting import SECONDS_MAX
from tests.stories.conftest import Served

DAYS = [salinity(f"ST{n:02}", f"2023-05-{d:02}", d) for n in range(1, 4) for d in range(1, 29)]


def values(answer: httpx.Response) -> list[tuple[str, str]]:
    return [(f["dims"]["day"], f["value"]) for f in answer.json()["figures"]]


def test_an_answer_is_not_made_again_for_who_has_it(served: Served) -> None:
    served.post("reading", DAYS)
    served.settle()
    question = {"period": "2023", "by": "station,day"}
    first = served.get("/v1/kpis/salinity_max", **question)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    url = f"{served.url}/v1/kpis/salinity_max"

    def again(said: str) -> httpx.Response:
        return httpx.get(url, params=question, headers={"If-None-Match": said})

    for said in (tag, f'"other", {tag}', "*", tag.removeprefix("W/")):
        same = again(said)
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert values(again('"other"')) == values(first)
    # Another year's events, and other contracts', change nothing of it; its own do.
    served.post("dossier", received("A", "2023-05-05"))
    served.post("reading", DAYS[0] | {"event_id": "x", "measured_at": "2024-01-01T00:00:00+07:00"})
    served.settle()
    assert again(tag).status_code == 304
    served.post(
        "reading", DAYS[0] | {"event_id": "y", "value": 30, "revised_at": "2024-01-01T00:00:00Z"}
    )
    served.settle()
    changed = again(tag)
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    assert values(changed) != values(first)


def test_the_catalogue_is_not_made_again_while_nothing_came_in(served: Served) -> None:
    served.post("reading", DAYS)
    served.settle()
    first = served.get("/v1/kpis", period="2023")
    url, has = f"{served.url}/v1/kpis?period=2023", {"If-None-Match": first.headers["etag"]}
    # Minutes since a source was heard go by the clock: within one, or the next, nothing changed.
    assert 304 in {httpx.get(url, headers=has).status_code for _ in range(3)}
    served.post("dossier", received("A", "2023-05-05"))
    served.settle()
    assert httpx.get(url, headers=has).status_code == 200


def test_long_answers_are_compressed_and_streams_are_not(served: Served) -> None:
    served.post("reading", DAYS)
    served.settle()
    path = "/v1/kpis/salinity_max?period=2023&by=station,day"
    with httpx.stream("GET", served.url + path) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        raw = b"".join(answer.iter_raw())
    plain = httpx.get(served.url + path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert len(json.loads(gzip.decompress(raw))["figures"]) == len(plain.json()["figures"]) == 84
    assert len(raw) * 10 < len(plain.content)
    with httpx.stream("GET", f"{served.url}/v1/stream?period=2023&limit=1") as stream:
        assert "content-encoding" not in stream.headers


@contextmanager
def following(served: Served, query: str = "", **more: str) -> Iterator[Iterator[tuple[str, Any]]]:
    """Follow the stream of 2023: the name and data of each event, but for what alerts come to."""
    url = f"{served.url}/v1/stream?period=2023{query}"
    with httpx.stream("GET", url, headers=more, timeout=SECONDS_MAX) as stream:

        def events() -> Iterator[tuple[str, Any]]:
            name = ""
            for line in stream.iter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data" and name != "alerts":
                    yield name, json.loads(value)

        yield events()


def test_the_stream_tells_what_changed_and_nothing_else(served: Served) -> None:
    served.post("reading", DAYS)
    served.post("dossier", received("A", "2023-05-05"))
    served.settle()
    with following(served) as events:
        name, body = next(events)
        assert name == "figures"
        assert {"salinity_max", "dossier_received_new"} <= {f["kpi"] for f in body["figures"]}
        # What happens in another year says of this one only that its contract was heard.
        later = {"event_id": "x", "measured_at": "2024-01-01T00:00:00+07:00"}
        served.post("reading", DAYS[0] | later)
        name, body = next(events)
        assert name == "fresh"
        assert body.keys() == {"period", "as_of", "cut", "fresh"}
        # A day that is not the year's greatest leaves the figure, and is told all the same: days
        # and stations are asked for beside it.
        low = {"event_id": "z", "measured_at": "2023-07-01T00:00:00+07:00", "value": 0.1}
        served.post("reading", DAYS[0] | low)
        name, body = next(events)
        assert name == "figures"
        assert "salinity_max" in {f["kpi"] for f in body["figures"]}
        assert not {f["kpi"] for f in body["figures"]} & {"dossier_received_new"}


def test_who_knows_the_cut_is_told_nothing_again(served: Served) -> None:
    served.post("reading", DAYS)
    served.settle()
    cut = served.get("/v1/kpis", period="2023").json()["cut"]
    with following(served, **{"Last-Event-ID": cut}) as events:
        served.post("reading", DAYS[0] | {"event_id": "y", "measured_at": "2023-08-01T00:00:00Z"})
        name, body = next(events)
        assert name == "figures"
        assert "dossier_received_new" not in {f["kpi"] for f in body["figures"]}


def test_who_comes_back_is_told_what_moved_meanwhile(served: Served) -> None:
    served.post("reading", DAYS)
    served.post("dossier", received("A", "2023-05-05"))
    served.settle()
    with following(served) as events:
        next(events)
        before = served.get("/v1/kpis", period="2023").json()["cut"]
        served.post("reading", DAYS[0] | {"event_id": "y", "measured_at": "2023-08-01T00:00:00Z"})
        assert next(events)[0] == "figures"  # a board was made of it
    # An earlier cut is resumed from; an unknown one, or none, is told all.
    for since, is_part in ((before, True), ("reading=1", False), ("no cut", False)):
        with following(served, **{"Last-Event-ID": since}) as events:
            name, body = next(events)
            kpis = {f["kpi"] for f in body["figures"]}
            assert (name, "salinity_max" in kpis) == ("figures", True)
            assert ("dossier_received_new" not in kpis) == is_part, since


def test_a_brief_stream_names_what_changed(served: Served) -> None:
    served.post("reading", DAYS)
    served.settle()
    cut = served.get("/v1/kpis", period="2023").json()["cut"]
    with following(served, "&form=brief", **{"Last-Event-ID": cut}) as events:
        served.post("reading", DAYS[0] | {"event_id": "y", "measured_at": "2023-08-01T00:00:00Z"})
        name, body = next(events)
        assert (name, body.keys()) == ("figures", {"period", "as_of", "cut", "kpis"})
        assert "salinity_max" in body["kpis"]
        assert "dossier_received_new" not in body["kpis"]
    refused = served.get("/v1/stream", form="all")
    assert refused.status_code == 400
    assert "form must be figures or brief" in refused.text
