"""CloudEvents: each mode of the standard gives the same items."""

import base64
import json
from typing import Any

import pytest

from hub.definitions.admission import BodyError
from hub.http.cloudevents import MANY, ONE, unwrap

ITEM = {"dossier_code": "A", "kind": "received"}
EVENT = {"specversion": "1.0", "id": "e1", "source": "/so-noi-vu", "type": "vn.lgsp.dossier"}
HEADERS = {f"ce-{k}": v for k, v in EVENT.items()}
KNOWN = ITEM | {"event_id": "/so-noi-vu#e1"}


def said(kind: str, body: Any, headers: dict[str, str] | None = None) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return json.loads(unwrap({"content-type": kind, **(headers or {})}, raw))


def test_each_mode_gives_the_item_with_its_id() -> None:
    assert said(ONE, EVENT | {"data": ITEM}) == KNOWN
    assert said(f"{ONE}; charset=utf-8", EVENT | {"data": ITEM}) == KNOWN
    encoded = base64.b64encode(json.dumps(ITEM).encode()).decode()
    assert said(ONE, EVENT | {"data_base64": encoded}) == KNOWN
    assert said(MANY, [EVENT | {"data": ITEM}, EVENT | {"id": "e2", "data": ITEM}]) == [
        KNOWN,
        ITEM | {"event_id": "/so-noi-vu#e2"},
    ]
    assert said("application/json", ITEM, HEADERS) == KNOWN


# A header, and the attribute that it says: binary mode of the HTTP binding, 3.1.3.2.
ENCODED = {
    "plain": ("e-1", "e-1"),
    "a blank, a percent and Vietnamese letters": ("Ph%C3%B2ng%20%C4%90%2F7%20%25", "Phòng Đ/7 %"),
    "small letters of hexadecimal": ("%c4%90", "Đ"),
    "beyond the basic plane": ("%F0%9F%8C%8A", "\U0001f30a"),
    "quoted": ('"a \\"b\\" %C4%90"', 'a "b" Đ'),
    "not encoded, as Latin-1 hands it over": ("Đ".encode().decode("latin-1"), "Đ"),
    "a percent that encodes nothing": ("100%", "100%"),
}


@pytest.mark.parametrize("name", ENCODED)
def test_a_header_says_what_the_structured_event_does(name: str) -> None:
    """K12: one event, whichever way it comes."""
    header, plain = ENCODED[name]
    for attribute in ("id", "source"):
        structured = said(ONE, EVENT | {attribute: plain, "data": ITEM})
        assert said("application/json", ITEM, HEADERS | {f"ce-{attribute}": header}) == structured


def test_source_and_id_together_name_an_event() -> None:
    """CloudEvents 1.0: source and id are unique together, so one key may have several sources."""
    ids = {
        said(ONE, {**EVENT, "source": source, "id": name, "data": ITEM})["event_id"]
        for source in ("/a", "/b", "/a" * 40, "/b" * 40)
        for name in ("1", "2", "x" * 64)
    }
    assert len(ids) == 12
    assert all(1 <= len(n) <= 64 for n in ids)


def test_a_retraction_is_of_its_own_source() -> None:
    first = said(ONE, EVENT | {"data": ITEM})
    gone = said(ONE, EVENT | {"id": "e9", "data": ITEM | {"retracts": "e1"}})
    assert gone["retracts"] == first["event_id"]
    own = ITEM | {"event_id": "own", "retracts": "e1"}
    assert said(ONE, EVENT | {"data": own}) == own


def test_an_own_event_id_is_kept_and_what_is_no_object_is_left_to_the_contract() -> None:
    own = ITEM | {"event_id": "own"}
    assert said(ONE, EVENT | {"data": own}) == own
    assert said(ONE, EVENT | {"data": "text"}) == "text"
    assert said(ONE, EVENT) is None


def test_other_bodies_pass_through() -> None:
    assert unwrap({"content-type": "application/json"}, b"junk") == b"junk"
    assert unwrap({}, b"") == b""


@pytest.mark.parametrize(
    ("kind", "body", "headers"),
    [
        (ONE, [], None),
        (ONE, EVENT | {"specversion": "0.3"}, None),
        (ONE, {k: v for k, v in EVENT.items() if k != "id"}, None),
        (ONE, EVENT | {"source": ""}, None),
        (ONE, EVENT | {"data_base64": "*"}, None),
        (ONE, EVENT | {"data_base64": 5}, None),
        (ONE, b"junk", None),
        (MANY, EVENT, None),
        (MANY, ["text"], None),
        ("application/json", ITEM, HEADERS | {"ce-specversion": "2"}),
        ("application/json", b"junk", HEADERS),
        ("application/json", ITEM, HEADERS | {"ce-id": "%FF%FE"}),
    ],
)
def test_what_is_not_as_the_standard_has_it_is_refused(
    kind: str, body: Any, headers: dict[str, str] | None
) -> None:
    with pytest.raises(BodyError) as raised:
        said(kind, body, headers)
    assert raised.value.rule in ("malformed_cloudevent", "not_json")
    assert raised.value.vi
