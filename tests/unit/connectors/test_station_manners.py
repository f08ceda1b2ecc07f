"""What a source's settings say of its loggers: decimal marks, and times without an offset."""

from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.salinity.connector import SalinitySettings
from connectors.salinity.fields import Manner
from connectors.salinity.reading import read

URL = "mqtt://127.0.0.1:1883"


def settings(**more: Any) -> SalinitySettings:
    return SalinitySettings(url=URL, **more)


def event(manner: Manner, text: str) -> dict[str, Any]:
    (record,) = read("lgsp/tram/ST01/man", text.encode())
    (as_set,) = read("lgsp/tram/ST01/man", text.encode(), manner)
    assert record.verdict is not None, "it is refused where nothing is set"
    return dict(as_set.events[0])


def test_texts_have_the_sources_decimal_mark() -> None:
    manner = settings(decimal_mark="point").manner
    said = event(manner, '{"tg":"20260301080000","gt":"1.250","dv":"g/L"}')
    assert said["value"] == 1.25
    (comma,) = read("lgsp/tram/ST01/man", b'{"tg":"20260301080000","gt":"1,25","dv":"g/L"}', manner)
    assert comma.verdict is not None
    assert "1.25" in comma.verdict.message_en


def test_times_without_offset_have_the_sources() -> None:
    manner = settings(local_offset="+00:00").manner
    said = event(manner, '{"tg":"2026-03-01T01:00:00","gt":1,"dv":"g/L"}')
    assert said["measured_at"] == "2026-03-01T08:00:00+07:00"
    (digits,) = read("lgsp/tram/ST01/man", b'{"tg":"20260301010000","gt":1,"dv":"g/L"}', manner)
    assert digits.events[0]["measured_at"] == "2026-03-01T08:00:00+07:00"


def test_an_own_offset_counts_before_the_sources() -> None:
    manner = settings(local_offset="-05:30").manner
    text = b'{"tg":"2026-03-01T08:00:00+07:00","gt":1,"dv":"g/L"}'
    (record,) = read("lgsp/tram/ST01/man", text, manner)
    assert record.events[0]["measured_at"] == "2026-03-01T08:00:00+07:00"
    assert manner.zone == timezone(-timedelta(hours=5, minutes=30))


@pytest.mark.parametrize("offset", ["7", "+7:00", "+15:00", "07:00", "Asia/Ho_Chi_Minh"])
def test_what_is_no_offset_is_no_setting(offset: str) -> None:
    with pytest.raises(ValidationError):
        settings(local_offset=offset)
    assert settings().manner == Manner("comma", None)
    assert settings(local_offset="+00:00").manner.zone == UTC
