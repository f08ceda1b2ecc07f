"""CloudEvents 1.0 over HTTP (CNCF): structured, batched and binary mode become plain items.

An event's `data` is the item. Where it has no `event_id` of its own, the event's `source` and `id`
name it: two events are the same where both are, and one sender may have several sources. What such
an item `retracts` is of the same source. Other attributes say nothing that the contract does not
say.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from hub.definitions.admission import Admitted, BodyError, admit, split
from hub.definitions.contract import Contract

ONE, MANY = "application/cloudevents+json", "application/cloudevents-batch+json"
VERSION = "1.0"
NAME_LENGTH_MAX = 64  # of an event id


def unwrap(headers: Mapping[str, str], body: bytes) -> bytes:
    """Give the items of a body as JSON; what is no CloudEvent is given as it is.

    Raises `BodyError` for a CloudEvent that is not as the standard has it.
    """
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in (ONE, MANY):
        events = _parsed(body)
        if kind == ONE:
            return json.dumps(_item(events)).encode()
        if not isinstance(events, list):
            raise _malformed("a batch is an array")
        return json.dumps([_item(e) for e in events]).encode()
    if "ce-specversion" in headers:
        names = ("specversion", "id", "source", "type")
        event = {n: _attribute(headers[f"ce-{n}"]) for n in names if f"ce-{n}" in headers}
        return json.dumps(_item({**event, "data": _parsed(body)})).encode()
    return body


def admit_request(headers: Mapping[str, str], contract: Contract, body: bytes) -> Admitted:
    """Judge the items of a request, CloudEvents or plain ones. Raises `BodyError`."""
    plain = unwrap(headers, body)
    admitted = admit(contract, plain)
    if plain is not body:
        admitted.items = dict(enumerate(split(plain)))
    return admitted


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BodyError("not_json", f"không phải JSON: {error}", f"not JSON: {error}") from None


def _item(event: Any) -> Any:
    if not isinstance(event, dict):
        raise _malformed("an event is an object")
    if event.get("specversion") != VERSION:
        raise _malformed(f"specversion is {VERSION}")
    for name in ("id", "source", "type"):
        if not isinstance(event.get(name), str) or not event[name]:
            raise _malformed(f"{name} is a text that is not empty")
    item = event.get("data")
    if "data_base64" in event:
        try:
            item = _parsed(base64.b64decode(event["data_base64"], validate=True))
        except (binascii.Error, TypeError, ValueError):
            raise _malformed("data_base64 is base64") from None
    if isinstance(item, dict) and "event_id" not in item:
        retracted = item.get("retracts")
        if isinstance(retracted, str):
            item["retracts"] = _name(event["source"], retracted)
        item["event_id"] = _name(event["source"], event["id"])
    return item


def _name(source: str, name: str) -> str:
    """Name an event by its source and id, in the length of an event id."""
    whole = f"{source}#{name}"
    if len(whole) <= NAME_LENGTH_MAX:
        return whole
    return hashlib.blake2b(whole.encode(errors="replace"), digest_size=16).hexdigest()


def _attribute(header: str) -> str:
    """Read an attribute from its header: UTF-8, percent-encoded, perhaps quoted (HTTP binding)."""
    quoted = re.fullmatch(r'"((?:[^"\\]|\\.)*)"', header)
    if quoted:
        header = re.sub(r"\\(.)", r"\1", quoted[1])
    try:
        # A server hands over a header's bytes as Latin-1.
        return unquote_to_bytes(header.encode("latin-1")).decode()
    except UnicodeError:
        raise _malformed("a header is percent-encoded UTF-8") from None


def _malformed(en: str) -> BodyError:
    vi = f"CloudEvents 1.0 không đúng: {en}"
    return BodyError("malformed_cloudevent", vi, f"not a CloudEvent 1.0: {en}")
