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
KNOWN = ITEM | {"event_id": "e1"}


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
        ITEM | {"event_id": "e2"},
    ]
    assert said("application/json", ITEM, HEADERS) == KNOWN


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
    ],
)
def test_what_is_not_as_the_standard_has_it_is_refused(
    kind: str, body: Any, headers: dict[str, str] | None
) -> None:
    with pytest.raises(BodyError) as raised:
        said(kind, body, headers)
    assert raised.value.rule in ("malformed_cloudevent", "not_json")
    assert raised.value.vi
