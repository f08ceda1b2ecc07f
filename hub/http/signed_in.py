"""Who is signed in: from the browser's cookie to a person, and to the sender that a route sees."""

import asyncio
import time
from urllib.parse import urlsplit

from fastapi import Request, Response

from hub.access.keys import Sender
from hub.access.people import LIST, Person, read_grants, sender_for
from hub.access.roles import Right, right_of, titles_of
from hub.clock import to_us
from hub.http.problems import ProblemError
from hub.opening import OpenHub
from hub.reference.units import units_of
from hub.troubles import TroubleError

# A role that is taken out of the list, and a session that another gateway ended, is gone by then.
KNOWN_SECONDS = 10.0
KNOWN_MAX = 10_000
BACK = "/sign-in/back"
BEGUN_SECONDS = 600  # within which somebody comes back from the provider
SAFE = ("GET", "HEAD")


class SignInError(TroubleError):
    """Nobody could be signed in; `rule` is `denied`, `failed`, `away` or `no_role`."""

    def __init__(self, rule: str, cause: str) -> None:
        super().__init__(cause)
        self.rule = rule


class SignedIn:
    """Knows who is signed in; without a provider in the settings nobody is."""

    def __init__(self, hub: OpenHub) -> None:
        self._hub = hub
        settings = hub.settings
        self.is_on = bool(settings.oidc_issuer)
        self.is_secure = settings.origin.startswith("https://")
        # A browser takes a name that begins so from this host by TLS alone (RFC 6265bis, 4.1.3).
        prefix = "__Host-" if self.is_secure else ""
        self.cookie, self.begun_cookie = f"{prefix}hub_session", f"{prefix}hub_sign_in"
        self.sessions = hub.sessions() if self.is_on else None
        self._known: dict[str, tuple[float, Person]] = {}

    def secret(self, request: Request) -> str:
        """Give what the browser shows; empty where it shows a key as well, which then counts."""
        if not self.is_on or "authorization" in request.headers:
            return ""
        return request.cookies.get(self.cookie, "")

    def keep(self, answer: Response, name: str, value: str, seconds: int) -> None:
        """Have the browser keep a cookie, that no script reads and no other site sends."""
        answer.set_cookie(
            name, value, seconds, path="/", secure=self.is_secure, httponly=True, samesite="lax"
        )

    async def person(self, secret: str) -> Person | None:
        """Find who is signed in by a secret, with the roles that the list gives by now."""
        if not secret:
            return None
        now = time.monotonic()
        known = self._known.get(secret)
        if known is not None and now - known[0] < KNOWN_SECONDS:
            return known[1]
        self._known.pop(secret, None)
        person = await asyncio.to_thread(self._find, secret)
        if person is not None:
            while len(self._known) >= KNOWN_MAX:
                del self._known[next(iter(self._known))]
            self._known[secret] = (now, person)
        return person

    def forget(self, secret: str) -> None:
        """End a session, here at once and in other gateways within ten seconds."""
        self._known.pop(secret, None)
        if self.sessions is not None:
            self.sessions.end(secret)

    async def sender(self, request: Request) -> Sender | None:
        """Give as whom somebody signed in asks; None where nobody is.

        Raises 403 where no role of theirs has the route, where a department acts without the name
        of its key, and where a browser was made to act by another site.
        """
        person = await self.person(self.secret(request))
        if person is None:
            return None
        request.state.sender = person.actor
        method, route = request.method, getattr(request.scope.get("route"), "path", "")
        right = right_of(method, route)
        sender = None if right is None else sender_for(person, right, self._hub.contracts, method)
        if right is None or sender is None:
            raise _not_for(person, right)
        if method not in SAFE and not self.is_own_page(request):
            raise cross_site()
        if right.needs_sender and not (sender.is_officer or sender.has_key_of):
            vi = "danh mục people chưa ghi tên khóa (sender) của đơn vị bạn"
            en = "the list people does not name the key (sender) of your unit"
            raise ProblemError(403, "sender_needed", vi, en)
        return sender

    def is_own_page(self, request: Request) -> bool:
        """Tell whether a page of the hub itself asks, by the `Origin` that browsers add."""
        own = urlsplit(self._hub.settings.public_url)
        at = f"{own.scheme}://{own.netloc}" if own.netloc else ""
        at = at or f"{request.url.scheme}://{request.headers.get('host', '')}"
        return request.headers.get("origin", "") == at

    def _find(self, secret: str) -> Person | None:
        session = self.sessions and self.sessions.find(secret)
        return None if not session else self.meet(session.actor, session.name, session.values)

    def meet(self, actor: str, name: str, values: tuple[str, ...]) -> Person:
        """Give a person with the roles that the values of the claim have by the list in force."""
        store, now = self._hub.store, to_us(self._hub.clock())
        units = units_of({"units": store.listed("units")})
        return Person(actor, name, read_grants(store.listed(LIST), values, units, now))


def cross_site() -> ProblemError:
    """Say that another site made a browser act for who is signed in here (CSRF)."""
    vi, en = "yêu cầu này không đến từ trang của trục", "it does not come from a page of the hub"
    return ProblemError(403, "cross_site", vi, en)


def _not_for(person: Person, right: Right | None) -> ProblemError:
    has_vi, has_en = titles_of(person.roles, "vi"), titles_of(person.roles, "en")
    vi = f"vai trò của bạn ({has_vi or 'chưa có'}) không được dùng mục này"
    en = f"your role ({has_en or 'none'}) may not do this"
    needed = frozenset() if right is None else right.roles
    need_vi, need_en = titles_of(needed, "vi"), titles_of(needed, "en")
    vi, en = f"{vi}; cần: {need_vi or 'khóa của máy'}", f"{en}; needed: {need_en or 'a key'}"
    return ProblemError(403, "role_not_allowed", vi, en)
