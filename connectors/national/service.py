"""The national service over HTTP: a session, then messages, each answered by a code.

`POST {url}{login_path}` gives a session for a name and a password; `POST {url}{path}` takes
`{"session", "madonvi", "service", "data", …}` and answers `{"error_code", "message", …}`. What
became of a message is asked by `TraCuuHoSo`, whose `result` lists what the service has of a
dossier.
"""

import hashlib
import hmac
import json
import time
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from connectors.national.codes import Codes
from connectors.national.published import (
    DATA,
    DOSSIERS,
    SENDER,
    SESSION,
    PublishedError,
    parse,
    write,
)
from hub.clock import VIETNAM, Clock
from hub.connecting.exchanging import Answer, NotSentError, Outgoing, Traced

BODY_BYTES_MAX = 4 << 20
RECEIVED = 202
UNAUTHORISED, BUSY = (401, 403), (408, 429)
SESSION_SECONDS = 600.0  # a session is asked for anew before anybody lets it lapse


class National:
    """Sends to a national service and asks it. Trouble is a `NotSentError` without secrets."""

    def __init__(
        self,
        url: str,
        paths: tuple[str, str],
        account: tuple[str, Path],
        legal: tuple[str, str],
        codes: Codes,
        clock: Clock,
        seconds_max: float,
        destination: str = "",
        signing: Path | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._login_path, self._path = paths
        self._account = account
        self.purpose, self.legal_basis = legal
        self._codes = codes
        self._clock = clock
        self._seconds_max = seconds_max
        self._destination = {"dstcode": destination} if destination else {}
        self._signing = signing
        self._session, self._session_until = "", 0.0
        self.receiver = httpx.URL(self._url).host
        self._client = httpx.Client(timeout=seconds_max, headers={"Accept": "application/json"})

    def send(self, message: Outgoing, traced: Traced) -> Answer:
        """Post a message; give its answer, read by the list of answers of that day."""
        status, said = self._asked(json_of(message), message.sender, traced)
        code, text = _plain(said.get("error_code")), _plain(said.get("message"))
        if status == RECEIVED:
            return Answer("pending", code, text)
        if not 200 <= status < 300:
            return Answer("unclear", code or f"HTTP {status}", text)
        meaning = self._codes.answer("error_code", code, self._today())
        if meaning in ("taken", "refused", "pending"):
            return Answer(meaning, code, text)  # type: ignore[arg-type]
        return Answer("unclear", code, text)

    def ask(self, message: Outgoing, traced: Traced) -> Answer | None:
        """Ask by `TraCuuHoSo` whether the service has all that the message says, or refused it.

        What it has is held against the message by every field that both have.
        """
        asked = {"service": "TraCuuHoSo", "mahoso": message.entity}
        _, answer = self._asked(asked, message.sender, traced)
        code, text = _plain(answer.get("error_code")), _plain(answer.get("message"))
        if self._codes.answer("lookup_code", code, self._today()) == "refused":
            return Answer("refused", code, text)
        listed = answer.get("result")
        wanted = json_of(message)[DATA][0]
        status = "TrangThaiHoSo" if message.service == DOSSIERS else "TrangThai"
        for one in listed if isinstance(listed, list) else ():
            if isinstance(one, dict) and _agree(wanted, one, ("MaHoSo", status)):
                return Answer("taken", code, f"TraCuuHoSo: {status} {_plain(one[status])}")
        return None

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _asked(
        self, body: dict[str, Any], sender: str, traced: Traced
    ) -> tuple[int, dict[str, Any]]:
        """Ask under a session; under a new one where it lapsed meanwhile."""
        for is_last in (False, True):
            whole = {SESSION: self._session_of(traced), SENDER: sender} | body
            status, said = self._post(self._path, write(whole), traced)
            if status not in UNAUTHORISED:
                return status, said
            self._session = ""
            if is_last:
                break
        raise NotSentError(f"POST {self._path}: HTTP {status}")

    def _session_of(self, traced: Traced) -> str:
        if self._session and time.monotonic() < self._session_until:
            return self._session
        name, path = self._account
        try:
            password = path.read_text("utf-8").strip()
        except OSError as error:
            vi, en = "không đọc được tệp mật khẩu", "the password's file cannot be read"
            raise NotSentError(f"{vi} | {en}: {error.strerror}") from None
        body = json.dumps({"username": name, "password": password}).encode()
        status, answer = self._post(self._login_path, body, traced)
        session = answer.get(SESSION)
        if (
            _plain(answer.get("error_code")).lstrip("0")
            or not isinstance(session, str)
            or not session
        ):
            vi, en = "đăng nhập không được", "the login was refused"
            raise NotSentError(f"POST {self._login_path}: {vi} | {en}, HTTP {status}")
        self._session, self._session_until = session, time.monotonic() + SESSION_SECONDS
        return session

    def _post(self, path: str, body: bytes, traced: Traced) -> tuple[int, dict[str, Any]]:
        headers = {"Content-Type": "application/json; charset=utf-8", **traced.headers}
        if self._signing is not None:
            headers["X-Hub-Signature-256"] = _signature(self._signing, traced.message, body)
        until = time.monotonic() + self._seconds_max
        try:
            with self._client.stream(
                "POST", self._url + path, content=body, headers=headers, params=self._destination
            ) as answer:
                if answer.status_code in BUSY or answer.status_code >= 500:
                    raise NotSentError(f"POST {path}: HTTP {answer.status_code}")
                content = _body(answer, until)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotSentError(f"POST {path}: {type(error).__name__}") from None
        try:
            said = parse(content)
        except PublishedError:
            said = {}
        return answer.status_code, said if isinstance(said, dict) else {}

    def _today(self) -> date:
        return self._clock().astimezone(VIETNAM).date()


def json_of(message: Outgoing) -> dict[str, Any]:
    """Give the body of a message, its numbers as they were written."""
    body: dict[str, Any] = parse(message.body.encode("utf-8", "surrogatepass"))
    return body


def _signature(path: Path, message: str, body: bytes) -> str:
    """Sign id, dot and body by HMAC-SHA256 (RFC 2104), as the hub signs its webhooks."""
    try:
        secret = path.read_text("utf-8").strip()
    except OSError as error:
        vi, en = "không đọc được tệp khóa ký", "the signing secret cannot be read"
        raise NotSentError(f"{vi} | {en}: {error.strerror}") from None
    digest = hmac.new(secret.encode(), f"{message}.".encode() + body, hashlib.sha256)
    return f"sha256={digest.hexdigest()}"


def _body(answer: httpx.Response, until: float) -> bytes:
    body = bytearray()
    for part in answer.iter_bytes():
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise NotSentError(f"hơn | more than {BODY_BYTES_MAX} bytes")
        if time.monotonic() > until:
            raise NotSentError("trả lời không xong kịp | the answer did not end in time")
    return bytes(body)


def _plain(value: Any) -> str:
    """Give a text or a number as text; anything else is none."""
    return value.strip() if isinstance(value, str) else ""


def _agree(wanted: dict[str, Any], has: dict[str, Any], needed: tuple[str, ...]) -> bool:
    """Tell whether two objects agree by each field that both have, those needed among them."""
    both = {**dict.fromkeys(needed), **dict.fromkeys(wanted.keys() & has.keys())}
    return all(n in has and _number(wanted.get(n)) == _number(has[n]) for n in both)


def _number(value: Any) -> Any:
    """Give a value to be compared: `09` is 9, an empty text is none."""
    if value is None or isinstance(value, str):
        text = _plain(value)
        return text.lstrip("0") or "0" if text.isascii() and text.isdigit() else text
    return value
