"""Messages as the one-stop publishes them, read and written again without loss.

A message is one JSON object: `service` (`DongBoHoSoMC`, `CapNhatTienDoHoSoMC`), `data`, a list of
objects, `isUpdating` with the first, `madonvi`, and whatever else its sender adds. Fields keep
their order, numbers their digits, unknown fields their values. A session is nobody else's: it
alone is never passed on.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.clock import VIETNAM
from hub.troubles import TroubleError

SERVICE, DATA, UPDATING, SENDER, SESSION = "service", "data", "isUpdating", "madonvi", "session"
DOSSIERS, PROGRESS = "DongBoHoSoMC", "CapNhatTienDoHoSoMC"
SERVICES = (DOSSIERS, PROGRESS)
ITEMS_MAX = 1_000
DATE_FORM = "yyyyMMddHHmmss"


class PublishedError(TroubleError):
    """The bytes are no published message: by which rule, in which field, with which value."""

    def __init__(self, rule: str, field: str, value: str, vi: str, en: str) -> None:
        super().__init__(f"{vi} | {en}")
        self.rule, self.field, self.value, self.vi, self.en = rule, field, value, vi, en


class Number(str):
    """A number as it was written: `1.010040` keeps its last zero."""

    __slots__ = ()


@dataclass(frozen=True)
class Published:
    """A message, whole: `said` is all of it, in its order."""

    said: Mapping[str, Any]

    @property
    def service(self) -> str:
        """The service that the message is for."""
        return str(self.said[SERVICE])

    @property
    def items(self) -> list[Any]:
        """What the message says, of one dossier after another."""
        items: list[Any] = self.said[DATA]
        return items

    @property
    def sender(self) -> str:
        """Whose message it is, by its code; empty where it does not say so."""
        sender = self.said.get(SENDER)
        return sender if isinstance(sender, str) else ""

    @property
    def creates(self) -> bool:
        """Tell whether it makes something new where it is sent, so that twice is not once."""
        updating = str(self.said.get(UPDATING, "")).casefold()
        return self.service == DOSSIERS and updating not in ("true", "1")

    def alone(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """Give the message of one item: all else as it was, without the sender's session."""
        return {
            name: [item] if name == DATA else value
            for name, value in self.said.items()
            if name != SESSION
        }


def read(content: bytes) -> Published:
    """Read a published message; raises `PublishedError`."""
    whole = parse(content)
    if not isinstance(whole, dict):
        vi = f"phải là một đối tượng JSON có {SERVICE} và {DATA}"
        raise PublishedError("not_an_object", "", "", vi, f"not an object with {SERVICE}, {DATA}")
    service = whole.get(SERVICE)
    if service not in SERVICES:
        vi, en = f"phải là {' hoặc '.join(SERVICES)}", f"must be {' or '.join(SERVICES)}"
        raise PublishedError(
            "unknown_service", SERVICE, "" if service is None else str(service), vi, en
        )
    items = whole.get(DATA)
    if not isinstance(items, list) or not items:
        vi, en = "phải là danh sách có ít nhất một hồ sơ", "must be a list of one dossier at least"
        raise PublishedError("not_a_list", DATA, type(items).__name__, vi, en)
    if len(items) > ITEMS_MAX:
        vi, en = f"quá {ITEMS_MAX} hồ sơ trong một thông điệp", f"more than {ITEMS_MAX} dossiers"
        raise PublishedError("too_many", DATA, str(len(items)), vi, en)
    return Published(whole)


def parse(content: bytes) -> Any:
    """Read JSON, numbers as they were written; raises `PublishedError`."""
    try:
        return json.loads(
            content.decode("utf-8-sig"),
            parse_float=Number,
            parse_int=Number,
            parse_constant=_no_constant,
            object_pairs_hook=_once,
        )
    except PublishedError:
        raise
    except (ValueError, RecursionError) as error:
        detail = str(error).partition(":")[0]
        vi, en = "không phải JSON viết bằng UTF-8", "no JSON in UTF-8"
        raise PublishedError("not_json", "", detail[:100], vi, en) from None


def write(value: Any) -> bytes:
    """Write what was read; numbers and order as they were."""
    return _text(value).encode()


def read_date(text: str) -> datetime | None:
    """Read `yyyyMMddHHmmss` in Asia/Ho_Chi_Minh, empty for none; raises `ValueError`."""
    if not text.strip():
        return None
    if len(text) != len(DATE_FORM) or not (text.isascii() and text.isdigit()):
        raise ValueError(text)
    parts = [int(text[:4]), *(int(text[i : i + 2]) for i in range(4, len(DATE_FORM), 2))]
    return datetime(*parts, tzinfo=VIETNAM)  # type: ignore[misc, arg-type]


def write_date(at: datetime | None) -> str:
    """Write an instant as messages have it, without offset; empty for none."""
    if at is None:
        return ""
    local = at.astimezone(VIETNAM)
    return f"{local.year:04}{local:%m%d%H%M%S}"


def _text(value: Any) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return f"{{{','.join(f'{_text(k)}:{_text(v)}' for k, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_text, value))}]"
    text = json.dumps(value, ensure_ascii=False)
    # Half of a pair (U+D800 and on) can be written as an escape alone.
    return text if text.isascii() or _is_whole(text) else json.dumps(value)


def _is_whole(text: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name, value in pairs:
        if name in said:
            vi, en = "trường có hai lần", "a field is there twice"
            raise PublishedError("said_twice", name, "", vi, en)
        said[name] = value
    return said


def _no_constant(name: str) -> Any:
    raise PublishedError("not_json", "", name, "không phải số JSON", "no number of JSON")
