"""A hub that answers the same bytes on every run: its clock stands, and chance is a count.

What is asked is kept with what was answered, so that a recording can be held to it.
"""

import hashlib
import itertools
import json
import secrets
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hub import registry
from hub.access import keys
from hub.access.scope import WHOLE, Scope
from hub.clock import to_us
from hub.definitions.own.control import CONTROL
from hub.figures.official import freeze
from hub.http.app import create_app
from hub.log.log import Submission
from hub.log.submitting import encode
from hub.opening import OpenHub, load_province, open_hub
from hub.operating import metrics
from hub.reference.periods import parse_period
from hub.reports.editions import freeze_reports
from hub.settings import Settings
from hub.store.cuts import latest_cut
from tests.parts import lists

NOW = datetime(2026, 1, 15, 3, tzinfo=UTC)
SHORT = 60
HERE = "http://127.0.0.1"
# Said of every answer, and no news of any.
ALWAYS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data:; object-src 'none';"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
FILE_DEPENDENT = ("content-length", "etag", "last-modified")
SENDERS: dict[str, dict[str, Any]] = {
    "one_stop": {"scope": WHOLE},
    "officer": {"scope": WHOLE, "is_officer": True},
    "unit": {"scope": Scope(units=frozenset({"H57.9"}))},
    "payer": {"scope": Scope(contracts=frozenset({"payment"}))},
    "shown": {"scope": WHOLE, "certificate": "0" * 64},
    "gone": {"scope": WHOLE, "expires_at": 1},
}
Json = dict[str, Any]


async def nothing(_: object) -> None:
    """Do nothing beside answering."""


@contextmanager
def fixed_chance() -> Iterator[None]:
    """Give counts where the hub asks for chance: receipts, and the identity of the log."""
    numbers = itertools.count(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "token_hex", lambda n=32: f"{next(numbers):0{2 * n}x}")
        # Alerts are told and delivered where a test says so, and not in between.
        for work in ("tell_alerts", "deliver_alerts", "issue_bulletins", "dispatch_reports"):
            patch.setattr(f"hub.http.app.{work}", nothing)
        patch.setattr(uuid, "uuid4", lambda: uuid.UUID(int=next(numbers)))
        yield


@contextmanager
def fixed_hub(folder: Path) -> Iterator[OpenHub]:
    """Open a hub with a known key to sign with and known keys of senders."""
    private = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
    text = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "signing").mkdir(parents=True)
    (folder / "signing" / "0-known.pem").write_bytes(text)
    settings = Settings(
        data_dir=folder,
        signing_dir=folder / "signing",
        access_log=str(folder / "access.log"),
        requests_per_second_max=10**6,
        body_mib_max=2,
        body_seconds_max=600,
        backlog_events_max=10**6,
        breaker_in_a_row_max=10**6,
    )
    with fixed_chance(), open_hub(settings, lambda: NOW) as hub:
        for name, bounds in SENDERS.items():
            made = keys.Made(f"id-{name}", f"hub_{name}")
            keys.create(hub.store, hub.clock, name, made=made, **bounds)
        load_province(hub, lists.FOLDER, "An")
        hub.runner.catch_up()
        yield hub


def close_period(hub: OpenHub, text: str) -> None:
    """Close a period, as the command does."""
    now = to_us(hub.clock())
    with hub.store.reading() as reading:
        cut = latest_cut(reading)
        assert cut is not None
        book, period = hub.book(reading), parse_period(text)
        editions = freeze_reports(registry.reports().values(), book, period, now, "An")
        event = freeze(book, hub.kpis.values(), period, cut, now, "An", editions)
    schema = {f.name: f.dtype for f in CONTROL.fields}
    frame = pl.DataFrame([{"recorded_at": None, **event}], schema=schema)
    batch = encode(CONTROL, "hub-period", frame, event["event_id"], now)
    hub.log.append([Submission(event["event_id"], "hub-period", CONTROL.name, now, 1, 0, [batch])])
    hub.runner.catch_up()


@dataclass
class Exchange:
    """What was asked and what was answered, each on a line; what is not kept is in a digest."""

    asked: str
    status: int
    answered: str
    sender: str = ""

    def written(self) -> str:
        """Give it as a line of a recording."""
        by = f" by {self.sender}" if self.sender else ""
        return f"{self.asked}{by} -> {self.status} {self.answered}"


@dataclass
class Asking:
    """Asks one application after another of the same hub; keeps what was answered."""

    hub: OpenHub
    exchanges: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._measured = _measured()

    @asynccontextmanager
    async def application(
        self, progress: Any = lambda: None, **settings: Any
    ) -> AsyncIterator["Client"]:
        """Make an application of the hub with other settings, and end it."""
        hub = replace(self.hub, settings=self.hub.settings.model_copy(update=settings))
        app = create_app(hub, hub.gateway(), progress)
        async with app.router.lifespan_context(app):
            yield Client(self, app)

    def written(self) -> list[str]:
        """Give the exchanges as lines, and what metrics and audit log say of them.

        Who asked is what the access log says.
        """
        access_log = Path(self.hub.settings.access_log).read_text("utf-8").splitlines()
        for exchange, line in zip(self.exchanges, access_log, strict=True):
            entry = json.loads(line)
            assert exchange.asked.startswith(entry["method"])
            assert exchange.status == entry["status"]
            exchange.sender = entry["sender"]
        noted: Counter[str] = Counter()
        for _, _, actor, action, outcome, detail, _ in self.hub.audit().rows():
            noted[f"noted {actor} {action} {outcome}"] += json.loads(detail).get("times", 1)
        counts = [*(_measured() - self._measured).items(), *noted.items()]
        return [e.written() for e in self.exchanges] + sorted(f"{k}: {n}" for k, n in counts)


def _measured() -> Counter[str]:
    return Counter(
        {
            f"measured {sample.labels['route']} {sample.labels['status']}": int(sample.value)
            for family in metrics.REQUEST_SECONDS.collect()
            for sample in family.samples
            if sample.name.endswith("_count")
        }
    )


@dataclass
class Client:
    """Asks one application."""

    asking: Asking
    app: Any

    async def ask(
        self,
        asked: str,
        key: str = "",
        content: bytes | AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        is_file: bool = False,
    ) -> httpx.Response:
        """Ask `METHOD path`; with a key, as its sender. Of a file's bytes nothing is kept."""
        method, path = asked.split(" ", 1)
        sent = dict(headers or {})
        parts = [asked, *(f"{n}={v[:20]}" for n, v in sent.items())]
        if key:
            parts.append(f"as {key}")
            sent["Authorization"] = f"Bearer hub_{key}"
        if isinstance(content, bytes):
            parts.append(f"with {len(content)} {hashlib.sha256(content).hexdigest()[:6]}")
        transport = httpx.ASGITransport(self.app, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
            answer = await client.request(method, path, content=content, headers=sent)
        exchange = Exchange(" ".join(parts), answer.status_code, _kept(answer, is_file))
        self.asking.exchanges.append(exchange)
        return answer

    async def ask_each(self, paths: str, key: str = "", method: str = "GET") -> None:
        """Ask for each path."""
        for path in paths.split():
            await self.ask(f"{method} {path}", key)

    async def post(self, path: str, said: Any, key: str = "one_stop", **headers: str) -> Any:
        """Post JSON, or bytes as they are; give the JSON that was answered."""
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        named = {n.replace("_", "-"): v for n, v in headers.items()}
        return (await self.ask(f"POST {path}", key, content, named)).json()


def _kept(answer: httpx.Response, is_file: bool) -> str:
    headers = dict(answer.headers)
    assert ALWAYS.items() <= headers.items(), headers
    left_out = {*ALWAYS, "content-type", *(FILE_DEPENDENT if is_file else ())}
    if headers.get("content-length") == str(len(answer.content)) or "content-encoding" in headers:
        left_out.add("content-length")
    if "etag" in headers:  # it tells of instants and definitions, which are no news here
        headers["etag"] = headers["etag"][:2]
    if "allow" in headers:  # a set of methods, in no order
        headers["allow"] = ",".join(sorted(headers["allow"].split(", ")))
    parts = [headers.get("content-type", "-")]
    parts += [f"{n}={v}" for n, v in sorted(headers.items()) if n not in left_out]
    if not is_file:
        raw = answer.content
        parts.append(repr(raw) if len(raw) <= SHORT else hashlib.sha256(raw).hexdigest()[:16])
        if raw and headers.get("content-type") == "application/problem+json":
            parts.append(answer.json()["detail"][:SHORT])
    return "".join(c if c.isprintable() else "?" for c in " ".join(parts))


def outline(spec: Json) -> list[str]:
    """Say what an OpenAPI document describes: by route, its parameters, bodies and statuses."""
    found = []
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            named = (f"{p['in']} {p['name']}" for p in operation.get("parameters", ()))
            content = operation.get("requestBody", {}).get("content", {})
            listed = (*sorted(named), *sorted(content), *sorted(operation["responses"]))
            keys = [name for scheme in operation.get("security", ()) for name in scheme]
            found.append(f"described {method} {path}: {', '.join((*listed, *keys))}")
    return sorted(found)
