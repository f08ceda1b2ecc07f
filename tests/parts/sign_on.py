"""A province's sign-on: a real OpenID provider on loopback, and how somebody signs in there.

The provider (oidc-provider-mock) takes any code verifier; in front of it here is what refuses one
that does not belong to its challenge (RFC 7636, 4.6), as a province's does.
"""

import base64
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from oidc_provider_mock import User, app
from oidc_provider_mock._server import _threaded_server

from hub.opening import OpenHub, load_tables
from tests.parts.pushed import Pushed

SINCE = "2020-01-01"
CLIENT = "hub"
# Where a hub of the default settings listens, as a browser says it.
ORIGIN = "http://127.0.0.1:8080"
AT = {"Host": "127.0.0.1:8080"}
Alter = Callable[[dict[str, Any]], dict[str, Any]]


def person(login: str, *groups: str, **claims: Any) -> User:
    """Give somebody whom the provider knows, with the groups that it tells."""
    return User(sub=f"id-{login}", claims={"preferred_username": login, "groups": groups, **claims})


class SignOn:
    """The provider: what it was asked, and what it is to answer otherwise for once."""

    def __init__(self, wsgi: Any) -> None:
        self._wsgi = wsgi
        self._challenges: dict[str, str] = {}
        self.url = ""
        self.alter: Alter = dict  # of what the token endpoint answers
        self.host = ""  # by which it calls itself, where it is another than it is asked by

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        """Answer a request (WSGI)."""
        if environ["PATH_INFO"] == "/oauth2/token":
            return self._token(environ, start)
        if environ["PATH_INFO"] == "/favicon.ico":  # which it lacks, and a browser complains of
            start("204 No Content", [])
            return []
        if self.host:
            environ["HTTP_HOST"] = self.host
        asked = parse_qs(environ.get("QUERY_STRING", ""))

        def started(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            sent = parse_qs(urlsplit(dict(headers).get("Location", "")).query)
            if "code" in sent:
                assert asked["code_challenge_method"] == ["S256"]
                self._challenges[sent["code"][0]] = asked["code_challenge"][0]
            return start(status, headers, *more)

        return self._wsgi(environ, started)

    def _token(self, environ: dict[str, Any], start: Any) -> Any:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        said = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        digest = hashlib.sha256(said.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if self._challenges.pop(said.get("code", ""), "") != challenge:
            start("400 Bad Request", [("Content-Type", "application/json")])
            return [b'{"error": "invalid_grant"}']
        environ["wsgi.input"] = io.BytesIO(body)
        return self._changed(environ, start, self.alter)

    def _changed(self, environ: dict[str, Any], start: Any, alter: Alter) -> Any:
        kept: list[Any] = []
        answer = b"".join(self._wsgi(environ, lambda *a: kept.extend(a)))
        if kept[0].startswith("200"):
            answer = json.dumps(alter(json.loads(answer))).encode()
        headers = [(n, v) for n, v in kept[1] if n.lower() != "content-length"]
        start(kept[0], [*headers, ("Content-Length", str(len(answer)))])
        return [answer]


@contextmanager
def sign_on(
    *people: User, valid: timedelta = timedelta(hours=1), port: int = 0
) -> Iterator[SignOn]:
    """Run a provider that knows people; its ID tokens are valid for so long."""
    wsgi = SignOn(app(user_claims=people, access_token_max_age=valid))
    with _threaded_server(app=wsgi, port=port) as server:
        wsgi.url = f"http://localhost:{server.server_port}"
        yield wsgi


def settings_of(provider: SignOn, folder: Path) -> dict[str, Any]:
    """Give the settings by which a hub knows a provider."""
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / "client-secret"
    secret.write_text("a-secret-of-the-client\n")
    secret.chmod(0o600)
    known = {"oidc_issuer": provider.url, "oidc_client_id": CLIENT}
    return {**known, "oidc_client_secret_file": secret}


def let_in(hub: OpenHub, *rows: Mapping[str, str]) -> None:
    """Load the list `people`: rows of who, role, and where said unit, sender, days."""
    empty = {"unit": "", "sender": "", "valid_from": SINCE, "valid_to": ""}
    load_tables(hub, {"people": [{**empty, **row} for row in rows]}, "An")
    hub.runner.catch_up()


def leave(hub: Pushed, to: str = "/") -> str:
    """Begin to sign in; give the provider's address that the browser is sent to."""
    return hub.ask(f"/sign-in?to={to}", headers=AT).headers["location"]


def agree(address: str, name: str) -> str:
    """Sign in at the provider; give where it sends the browser back to, without the host."""
    back = httpx.post(address, data={"sub": f"id-{name}"}).headers["location"]
    assert back.startswith(ORIGIN + "/sign-in/back?"), back
    return back.removeprefix(ORIGIN)


def sign_in(hub: Pushed, name: str, to: str = "/") -> httpx.Response:
    """Sign in; give the hub's last answer, which sends the browser to a page."""
    return hub.ask(agree(leave(hub, to), name), headers=AT)
