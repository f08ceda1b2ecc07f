"""A hub behind its HTTP interface, in this process, with keys of known scopes."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from hub.access import keys
from hub.access.scope import WHOLE, Scope
from hub.clock import Clock, system_clock
from hub.http.app import create_app
from hub.opening import OpenHub, load_province, open_hub
from hub.settings import Settings
from tests.parts import lists, stores
from tests.parts.asking import HERE

Json = dict[str, Any]


def limited(*contracts: str, **codes: str) -> Scope:
    """Make a scope of contracts, with codes by kind of limit."""
    parts = {kind: frozenset(text.split(",")) for kind, text in codes.items()}
    return Scope(contracts=frozenset(contracts), **parts)


SCOPES: dict[str, Scope] = {
    "NH01": limited("payment", reporters="NH01"),
    "H57.1-office": limited("payment", areas="H57.1"),
    "ST01": limited("reading", stations="ST01"),
    "H57.1": limited("dossier", units="H57.1"),
    "province": WHOLE,
}


class Pushed:
    """An application in this process, and what is asked of it."""

    def __init__(self, hub: OpenHub, client: httpx.AsyncClient, runner: asyncio.Runner) -> None:
        self.hub = hub
        self._client = client
        self._runner = runner

    def ask(
        self, path: str, sender: str = "", headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Ask, with a sender's key or without any."""
        sent = {**self._key(sender), **(headers or {})}
        return self._runner.run(self._client.get(path, headers=sent))

    def post(
        self, path: str, body: Any, sender: str, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Post JSON, or bytes as they are, and apply what was taken."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {**self._key(sender), **(headers or {})}
        answer = self._runner.run(self._client.post(path, content=content, headers=sent))
        self.hub.runner.catch_up()
        return answer

    def forget_cookies(self) -> None:
        """Ask as a browser that was never here."""
        self._client.cookies.clear()

    def send(self, contract: str, *events: Json, sender: str = "province") -> None:
        """Send events that are all taken."""
        answer = self.post(f"/v1/events/{contract}", events, sender).json()
        assert answer["rejected"] == []

    def figures(self, kpi: str, period: str, by: str, **more: str) -> dict[str, Any]:
        """Give numerators by the value of a dimension."""
        query = "".join(f"&{n}={v}" for n, v in more.items())
        listed = self.ask(f"/v1/kpis/{kpi}?period={period}&by={by}{query}").json()["figures"]
        return {f["dims"][by]: f["numerator"] for f in listed}

    def _key(self, sender: str) -> dict[str, str]:
        return {"Authorization": f"Bearer hub_{sender}"} if sender else {}


@contextmanager
def pushed(
    folder: Path,
    more: Mapping[str, Scope] | None = None,
    clock: Clock = system_clock,
    **settings: Any,
) -> Iterator[Pushed]:
    """Open a hub with a key of each known sender, of some more, and an officer's."""
    folder.mkdir(parents=True, exist_ok=True)
    stores.store_url(folder)  # an empty store that is copied
    with open_hub(Settings(data_dir=folder, **settings), clock) as hub:
        load_province(hub, lists.FOLDER, "An")
        for name, scope in {**SCOPES, **(more or {})}.items():
            made = keys.Made(f"id-{name}", f"hub_{name}")
            keys.create(hub.store, hub.clock, name, scope, made=made)
        officer = keys.Made("id-officer", "hub_officer")
        keys.create(hub.store, hub.clock, "officer", WHOLE, is_officer=True, made=officer)
        app = create_app(hub, hub.gateway())
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
        client = httpx.AsyncClient(transport=transport, base_url=HERE)
        with asyncio.Runner() as runner:
            lifespan = app.router.lifespan_context(app)
            runner.run(lifespan.__aenter__())
            yield Pushed(hub, client, runner)
            runner.run(lifespan.__aexit__(None, None, None))


def verdicts(answer: httpx.Response) -> list[tuple[str, str, str]]:
    """Give rule, field and value of each rejected item."""
    return [(v["rule"], v["field"], v["value"]) for v in answer.json()["rejected"]]
