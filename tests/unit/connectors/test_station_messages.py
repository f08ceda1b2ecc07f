"""K10: what is no reading on a logger's topic is neither counted nor quarantined."""

import pytest

from connectors.salinity.reading import read

# topic, payload: what tells of a device, or clears what the broker retained.
PASSED_OVER = [
    ("lgsp/tram/ST09/man", b""),
    ("lgsp/tram/ST09/man", b"  \n"),
    ("lgsp/tram/ST09/status", b"online"),
    ("lgsp/tram/ST09/STATUS", b"1"),
    ("lgsp/tram/ST09/trang_thai", '{"trang_thai":"mất điện"}'.encode()),
    ("lgsp/tram/ST09/lwt", b"offline"),
    ("lgsp/tram/ST09/man", b"offline"),
    ("lgsp/tram/ST09/man", b"Disconnected"),
    ("lgsp/tram/ST09/man", b'"online"'),
    ("lgsp/tram/ST09/ph", b'{"status":"offline","ts":1650000000}'),
]
# What is meant as a reading is read or refused, never passed over.
KEPT = [
    ("lgsp/tram/ST09/man", b'{"tg":"20220402080000","gt":1.5,"dv":"g/L"}'),
    ("lgsp/tram/ST09/man", b'{"tg":"20220402080000","gt":1.5,"dv":"g/L","status":"ok"}'),
    ("lgsp/tram/ST09/do_man", b'{"tg":"20220402080000","gt":1.5,"dv":"g/L"}'),
    ("lgsp/tram/ST09/man", b"{"),
    ("lgsp/tram/ST09/man", b"null"),
    ("lgsp/tram/ST09/man", b"1.5"),
    ("lgsp/tram/ST09/man", b"[]"),
    ("lgsp/tram/ST09/man", b"{}"),
    ("lgsp/tram/ST09/man", b"\xff\xfe"),
    ("lgsp/tram/ST09/man", b"hong"),
]


@pytest.mark.parametrize(("topic", "payload"), PASSED_OVER)
def test_what_tells_of_a_device_is_passed_over(topic: str, payload: bytes) -> None:
    assert read(topic, payload) == []


@pytest.mark.parametrize(("topic", "payload"), KEPT)
def test_what_is_meant_as_a_reading_is_read_or_refused(topic: str, payload: bytes) -> None:
    (one,) = read(topic, payload)
    assert bool(one.events) != bool(one.verdict)
    assert one.original.endswith(payload)
