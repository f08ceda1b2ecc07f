"""What a hostile client sends is refused with the right status, and others do not notice."""

import gzip
import io
import json
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from stream_jobs.worked import received
from tests.parts import loopback
from tests.parts.waiting import SECONDS_MAX, until
from tests.stories.conftest import Served

MIB = 1 << 20


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A hub that waits for a body as long as a busy machine takes to send it."""
    opened = Served(tmp_path_factory.mktemp("hostile") / "hub")
    opened.env |= {"HUB_BODY_MIB_MAX": "2", "HUB_BODY_SECONDS_MAX": "300"}
    opened.create_key()
    opened.start()
    yield opened
    opened.kill()


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Served]:
    """A hub that waits for what does not come a second at most."""
    opened = Served(tmp_path / "impatient")
    opened.env |= {"HUB_BODY_SECONDS_MAX": "1"}
    opened.create_key()
    opened.start()
    yield opened
    opened.kill()


def raw(hub: Served, text: bytes) -> str:
    """Send bytes as they are; give the first line of the answer."""
    with socket.create_connection(("127.0.0.1", hub.port), timeout=SECONDS_MAX) as s:
        s.sendall(text)
        return s.makefile("rb").readline().decode()


def bomb(size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/workbook.xml", b"<a>" + b" " * size + b"</a>")
    return out.getvalue()


def head(hub: Served, length: int) -> bytes:
    return (
        f"POST /v1/events/dossier HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {hub.key}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def test_a_head_that_does_not_come_is_waited_for_a_bounded_time(impatient: Served) -> None:
    whole = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    for begun in (b"", whole[:10], whole + whole[:10]):
        with socket.create_connection(("127.0.0.1", impatient.port), timeout=SECONDS_MAX) as s:
            s.sendall(begun)
            answer = s.makefile("rb").read()
            assert answer.count(b"HTTP/1.1 200") == begun.count(whole)


def test_a_body_that_does_not_come_is_waited_for_a_bounded_time(impatient: Served) -> None:
    assert raw(impatient, head(impatient, 1000) + b"[").split()[1] == "408"


def test_who_goes_within_a_body_is_no_news(hub: Served, capfd: pytest.CaptureFixture[str]) -> None:
    def cut() -> float:
        wanted = 'hub_http_request_seconds_count{route="/v1/events/dossier",status="400"}'
        text = loopback.get(f"{hub.url}/metrics").text
        return sum(float(x.split()[1]) for x in text.splitlines() if x.startswith(wanted))

    before = cut()
    with socket.create_connection(("127.0.0.1", hub.port)) as s:
        s.sendall(head(hub, 1000) + b"[")
    until(lambda: cut() == before + 1, "it was seen to go")
    assert "Traceback" not in capfd.readouterr().err


def test_a_body_of_more_than_it_may_be_is_not_held(hub: Served) -> None:
    assert raw(hub, head(hub, 100 * MIB) + b" " * 3 * MIB).split()[1] == "413"
    packed = gzip.compress(b" " * 200 * MIB)
    answer = hub.post("dossier", packed, **{"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["title"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 500_000, 400),
        (b'{"a":' * 100_000, 400),
        (b'[{"dossier_code":' + b"9" * 1_000_000 + b"}]", 400),
        (b'[{"dossier_code":1e999999999}]', 422),
        (b"\xff\xfe\x00[", 400),
        (b'[{"dossier_code":"\xc3\x28"}]', 400),
        (b"[" + b"{}," * 20_000 + b"{}]", 413),
        (b"null", 422),
        (b"\x00" * 1000, 400),
    ],
)
def test_bodies_made_to_hurt_are_refused(hub: Served, body: bytes, status: int) -> None:
    answer = hub.post("dossier", body)
    assert answer.status_code == status, answer.text[:200]


def test_files_made_to_hurt_are_refused(hub: Served) -> None:
    headers = {"Authorization": f"Bearer {hub.key}"}
    for body in (bomb(300 * MIB), b"PK\x03\x04" + b"\x00" * 100, b"a,b\n" * 400_000):
        answer = loopback.post(
            f"{hub.url}/v1/files/dossier", content=body, headers=headers, timeout=SECONDS_MAX
        )
        assert answer.status_code in (400, 413), answer.text[:200]


def test_gzip_of_several_members_is_read_whole(hub: Served) -> None:
    one, two = (json.dumps(received(c, "2023-05-02")).encode() for c in ("GZ1", "GZ2"))
    packed = gzip.compress(one + b"\n") + gzip.compress(two) + b"\0" * 10
    answer = hub.post("dossier", packed, **{"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["accepted"]) == (202, 2)
    for wrong in (gzip.compress(one) + b"rubbish", gzip.compress(one) + gzip.compress(two)[:-5]):
        answer = hub.post("dossier", wrong, **{"Content-Encoding": "gzip"})
        assert (answer.status_code, answer.json()["title"]) == (400, "not_gzip")
    for much in (gzip.compress(one) + gzip.compress(b"") * 200_000, gzip.compress(b" " * 3 * MIB)):
        answer = hub.post("dossier", much, **{"Content-Encoding": "gzip"})
        assert (answer.status_code, answer.json()["title"]) == (413, "body_too_large")


def test_more_items_than_may_be_are_not_judged(hub: Served) -> None:
    for body in (b"[" + b"{}," * 600_000 + b"{}]", b"{}\n" * 600_000):
        answer = hub.post("dossier", body)
        assert (answer.status_code, answer.json()["title"]) == (413, "too_many_items")


def test_paths_and_headers_made_to_hurt_are_refused(hub: Served) -> None:
    for path in ("/page/../../etc/passwd", "/page/%2e%2e/%2e%2e/etc/passwd", "/v1/events/..%2f.."):
        line = raw(hub, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert line.split()[1] in ("404", "405"), (path, line)
    get = b"GET / HTTP/1.1\r\nHost: x\r\n"
    chunked = get.replace(b"GET", b"POST") + b"Transfer-Encoding: chunked\r\n"
    for flood in (
        get + b"X-A: y\r\n" * 20_000,
        get + b"X-A: " + b"y" * MIB,
        b"GET /" + b"y" * MIB,
        chunked + b"\r\n1;" + b"x" * MIB,
        chunked + b"\r\n1\r\nx\r\n0\r\nX-A: " + b"y" * MIB,
        get + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    ):
        assert raw(hub, flood).split()[1] == "400", flood[:100]


def test_a_body_in_the_smallest_chunks_is_taken(hub: Served) -> None:
    text = json.dumps(received("CHUNKS", "2023-05-02"))
    chunks = "".join(f"1\r\n{c}\r\n" for c in text + " " * 30_000)
    begun = head(hub, 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    assert raw(hub, begun + chunks.encode() + b"0\r\n\r\n").split()[1] == "202"


def test_who_sends_only_wrong_items_is_stopped_for_a_while(tmp_path: Path) -> None:
    served = Served(tmp_path / "hub")
    served.env |= {"HUB_BREAKER_IN_A_ROW_MAX": "4", "HUB_BREAKER_SECONDS": "4"}
    served.create_key("wrong")
    wrong = served.key
    served.create_key("right")
    right = served.key
    served.start()

    def send(key: str, *items: object) -> httpx.Response:
        served.key = key
        return served.post("dossier", list(items))

    def stopped() -> float:
        text = loopback.get(f"{served.url}/metrics").text
        wanted = 'hub_sender_stopped{sender="wrong"}'
        return sum(float(x.split()[1]) for x in text.splitlines() if x.startswith(wanted))

    good, bad = received("A", "2023-05-02"), {"kind": "pigeon"}
    try:
        assert send(wrong, bad, bad, bad).status_code == 422
        assert send(wrong, good, bad).status_code == 202  # not in a row
        assert send(wrong, bad, bad).status_code == 422
        assert stopped() == 0
        assert send(wrong, bad).status_code == 422
        assert stopped() == 1
        refused = send(wrong, good)
        assert (refused.status_code, refused.json()["title"]) == (429, "stopped_by_breaker")
        assert 1 <= int(refused.headers["Retry-After"]) <= 4
        assert send(right, good).status_code == 202
        until(lambda: send(wrong, bad).status_code == 422, "it may try")
        assert send(wrong, good).status_code == 429
        until(lambda: send(wrong, good).status_code == 202, "it may try again")
        assert stopped() == 0
        assert send(wrong, bad, bad, bad).status_code == 422
    finally:
        served.kill()


def test_meanwhile_others_are_served(hub: Served) -> None:
    answer = hub.post("dossier", [received("A", "2023-05-02")])
    assert answer.status_code == 202
    assert json.loads(loopback.get(f"{hub.url}/healthz").content) == {"status": "ok"}
    resident = Path(f"/proc/{hub.process.pid}/statm").read_text().split()[1]  # type: ignore[union-attr]
    assert int(resident) * 4096 < 600 * MIB
