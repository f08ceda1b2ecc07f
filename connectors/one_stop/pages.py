"""Pages: what the upstream answers with, records as they are and where to go on."""

import json
from dataclasses import dataclass
from typing import Any

from hub.definitions.contract import ITEMS_MAX

CURSOR_LENGTH_MAX = 1000


class PageError(ValueError):
    """The bytes are no page of the upstream."""


@dataclass(frozen=True)
class Page:
    """A page: its items as they are, the cursor behind it, and whether more is there already.

    The cursor is empty where the page names none, as a last page may.
    """

    items: list[Any]
    cursor: str
    has_more: bool


def parse(raw: bytes) -> Page:
    """Parse a page; raises `PageError`."""
    try:
        fields = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise PageError(f"not JSON: {error}") from None
    if not isinstance(fields, dict) or not isinstance(fields.get("duLieu"), list):
        raise PageError("no page: it has no list duLieu")
    cursor, has_more = fields.get("conTroTiep"), fields.get("conNua")
    cursor = "" if cursor is None else cursor
    if not isinstance(cursor, str) or len(cursor) > CURSOR_LENGTH_MAX:
        raise PageError("no page: conTroTiep is no text, or a long one")
    if not isinstance(has_more, bool):
        raise PageError("no page: conNua is neither true nor false")
    if len(fields["duLieu"]) > ITEMS_MAX:
        raise PageError(f"a page of more than {ITEMS_MAX} records")
    return Page(fields["duLieu"], cursor, has_more)
