"""Again: a record of which a field could not be read, corrected field by field by a person."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, SettingsConfigDict

from connectors.one_stop.codes import NATIONAL, Lists
from connectors.one_stop.memory import Memory
from connectors.one_stop.reading import Snapshot, read_items
from hub.definitions.admission import Verdict, unreadable
from hub.definitions.again import Again, JsonObject


class _Written(BaseSettings):
    """By which lists the records are written, as the connector's own settings say."""

    model_config = SettingsConfigDict(env_prefix="HUB_ONE_STOP_", extra="ignore")

    code_source: str = NATIONAL
    agencies: Path | None = None


def _read(content: bytes, original: bytes) -> list[JsonObject] | Verdict:
    """Give what a corrected record tells beside what its original did: withdrawals, new facts."""
    written = _Written()
    lists = Lists.of(written.code_source, written.agencies)
    try:
        items = [json.loads(original or b"null"), json.loads(content)]
    except (ValueError, RecursionError):
        return unreadable("not_json", "", "", "không phải JSON", "not JSON")
    # One by one: two of one page would be told apart by their places.
    (before,), (after,) = (read_items([item], lists) for item in items)
    findings = [f.verdict for f in after.findings if f.verdict is not None]
    if not after.code:
        return findings[0]
    events = _told(before, after)
    if not events:
        vi, en = "bản ghi đã sửa không nói thêm điều gì", "the corrected record tells nothing new"
        return findings[0] if findings else unreadable("nothing_new", "", "", vi, en)
    return events


def _told(before: Snapshot, after: Snapshot) -> list[JsonObject]:
    memory = Memory()
    if before.code == after.code:
        memory.tell(before.code, before.at, before.events, before.unread)
    return memory.tell(after.code, after.at or before.at, after.events, after.unread)


def _about(original: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(original)
    except (ValueError, RecursionError):
        return {}
    code = said.get("MaHoSo") if isinstance(said, dict) else None
    return {"dossier_code": code} if isinstance(code, str) else {}


AGAIN = Again(_read, _about, is_remembered=True)
