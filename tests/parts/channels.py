"""Channels to people, as their providers run them: an SMS gateway, ZNS and loudspeakers, over HTTP.

Each takes, refuses, hangs, or is away, as `Receiver` says, and judges what it gets as the real one
does: ZNS its tokens, numbers, quota and hours; loudspeakers areas, class and schedule.
"""

import json
import threading
from datetime import datetime
from email.message import Message as Headers
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from deploy.local.services.ports import HOST
from tests.parts.receivers import HANG_SECONDS, Receiver

Answer = tuple[int, dict[str, Any]]
AREAS = {"28567", "28570"}


class Channel(Receiver):
    """A provider: `taken` are the bodies that it took, each with its id; `read` judges one."""

    path = "/"

    def __init__(self) -> None:
        super().__init__()
        self.server: ThreadingHTTPServer | None = None
        self.start()

    @property
    def url(self) -> str:
        """Where it takes messages."""
        return f"http://{HOST}:{self.port}{self.path}"

    def read(self, path: str, headers: Headers, body: bytes) -> Answer:
        """Judge what came; give code and body of the answer."""
        raise NotImplementedError

    def start(self) -> None:
        """Be there."""
        channel = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                channel.seen.append((self.path, body))
                channel.met[channel.manner] += 1
                if channel.manner == "hang":
                    channel.released.wait(HANG_SECONDS)
                    return
                code, said = 503, {"message": "busy"}
                if channel.manner == "take":
                    code, said = channel.read(self.path, self.headers, body)
                content = json.dumps(said).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer((HOST, self.port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Be away."""
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None


class SmsGateway(Channel):
    """Takes `{to, id, text}` under a token; knows some numbers alone where `known` names any."""

    path = "/sms"

    def __init__(self) -> None:
        self.known: set[str] = set()
        super().__init__()

    def read(self, path: str, headers: Headers, body: bytes) -> Answer:
        """Take it, or say that there is no such number."""
        said = json.loads(body)
        if self.known and said["to"] not in self.known:
            return 422, {"message": "no such number"}
        self.taken.append(said)
        return 202, {"message": "queued"}


class Zns(Channel):
    """Gives a token for a refresh token, once each, and takes templates under it."""

    path = "/message/template"

    def __init__(self) -> None:
        self.refresh_token, self.access_token = "refresh-0", "none yet"
        self.given = 0
        self.quota = 100
        self.is_night = False
        self.without_account: set[str] = set()
        self.templates = {"350123": {"station", "value", "threshold", "since"}}
        super().__init__()

    @property
    def renewal_url(self) -> str:
        """Where it gives tokens."""
        return f"http://{HOST}:{self.port}/v4/oa/access_token"

    def read(self, path: str, headers: Headers, body: bytes) -> Answer:
        """Answer as the service does: 200, with an error in the body."""
        if path.startswith("/v4"):
            return 200, self._tokens(headers, parse_qs(body.decode()))
        code = self._error(headers, json.loads(body))
        if code:
            return 200, {"error": code, "message": "refused"}
        self.taken.append(json.loads(body))
        self.quota -= 1
        left = {"dailyQuota": "100", "remainingQuota": str(self.quota)}
        return 200, {"error": 0, "message": "Success", "data": {"msg_id": "1", "quota": left}}

    def _tokens(self, headers: Headers, asked: dict[str, list[str]]) -> dict[str, Any]:
        if headers["secret_key"] != "secret":
            return {"error": -14004, "error_name": "Invalid secret key"}
        if asked["refresh_token"] != [self.refresh_token]:
            return {"error": -14014, "error_name": "Invalid refresh token"}
        self.given += 1
        self.refresh_token = f"refresh-{self.given}"
        self.access_token = f"access-{self.given}"
        pair = {"access_token": self.access_token, "refresh_token": self.refresh_token}
        return {**pair, "expires_in": "90000"}

    def _error(self, headers: Headers, said: dict[str, Any]) -> int:
        phone, wanted = said["phone"], self.templates.get(said["template_id"])
        if headers["access_token"] != self.access_token:
            return -124
        if not (phone.startswith("84") and len(phone) == 11 and phone.isdigit()):
            return -108
        if wanted is None:
            return -109
        if set(said["template_data"]) != wanted:
            return -112
        if self.is_night:
            return -133
        if phone in self.without_account:
            return -118
        return -144 if self.quota < 1 else 0


class Loudspeakers(Channel):
    """Takes bulletins for communes that it knows; one id once."""

    path = "/ban-tin"

    def read(self, path: str, headers: Headers, body: bytes) -> Answer:
        """Take it, or say what is wrong with it."""
        said = json.loads(body)
        if headers["Authorization"] != "Bearer loa":
            return 401, {"message": "who are you?"}
        if any(t["id"] == said["id"] for t in self.taken):
            return 409, {"message": "taken before"}
        if not set(said["areas"]) <= AREAS:
            return 422, {"message": "no such commune"}
        schedule = said["schedule"]
        begins, ends = (datetime.fromisoformat(schedule[n]) for n in ("from", "until"))
        is_known = said["urgency"] in ("thong_thuong", "uu_tien", "khan_cap")
        if begins >= ends or not is_known or not said["text"]:
            return 400, {"message": "malformed"}
        self.taken.append(said)
        return 201, {"message": "queued"}
