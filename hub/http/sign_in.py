"""The routes by which people sign in at the province's provider, and out again."""

import asyncio
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from hub.access.audit import Entry
from hub.access.roles import ROLES, TITLES
from hub.http.edge import Edge, Here
from hub.http.problems import ProblemError
from hub.http.signed_in import BACK, BEGUN_SECONDS, SignInError, cross_site
from hub.opening import OpenHub

if TYPE_CHECKING:
    from hub.http.provider import Provider

logger = logging.getLogger(__name__)
router = APIRouter()
NOT_KEPT = {"Cache-Control": "no-store"}
SEE_OTHER = 303


@router.get("/sign-in", include_in_schema=False)
async def sign_in(request: Request, edge: Here, to: str = "/") -> Response:
    """Send somebody to the provider; they come back to a page of the hub."""
    people, provider = edge.guard.people, _provider(edge)
    if edge.guard.is_direct(request) and request.headers["host"] != urlsplit(_origin(edge)).netloc:
        # By another name of this machine: what the browser keeps would not come back with it.
        return _to(f"{_origin(edge)}/sign-in?{urlencode({'to': to})}")
    try:
        answer, kept = await provider.leave(request, to if _is_page(to) else "/")
    except SignInError as error:
        return await _refused(request, edge, error)
    people.keep(answer, people.begun_cookie, kept, BEGUN_SECONDS)
    answer.headers.update(NOT_KEPT)
    return answer


@router.get(BACK, include_in_schema=False)
async def come_back(request: Request, edge: Here) -> Response:
    """Sign in who comes back from the provider, by a new session; whoever has no role is not."""
    people, provider = edge.guard.people, _provider(edge)
    before = request.cookies.get(people.cookie, "")
    try:
        kept = request.cookies.get(people.begun_cookie, "")
        session, to = await provider.come_back(request, kept)
        whose = (session.actor, session.name, session.values)
        person = await asyncio.to_thread(people.meet, *whose)
        request.state.sender = person.actor
        if not person.grants:
            raise SignInError("no_role", f"no role for any of {len(session.values)} values")
    except SignInError as error:
        return await _refused(request, edge, error)
    seconds = edge.hub.settings.oidc_session_minutes * 60
    assert people.sessions is not None
    if before:  # a secret that somebody knew before the sign-in is worth nothing after it
        await asyncio.to_thread(people.forget, before)
    secret = await asyncio.to_thread(people.sessions.begin, session, seconds)
    roles = [r for r in ROLES if r in person.roles]
    detail = {"subject": session.subject, "roles": roles, "peer": _peer(request)}
    await _record(request, edge, Entry(person.actor, "sign in", detail=detail))
    answer = _to(to)
    people.keep(answer, people.cookie, secret, seconds)
    answer.delete_cookie(people.begun_cookie, secure=people.is_secure, httponly=True)
    return answer


@router.post("/sign-out", include_in_schema=False)
async def sign_out(request: Request, edge: Here) -> Response:
    """End the session; say where to go to sign out at the provider, too."""
    people = edge.guard.people
    secret = people.secret(request)
    person = await people.person(secret)
    left = None
    if person is not None:
        if not people.is_own_page(request):
            raise cross_site()
        await asyncio.to_thread(people.forget, secret)
        await _record(request, edge, Entry(person.actor, "sign out"))
        left = await _provider(edge).sign_out_url()
    answer = JSONResponse({"sign_out_at": left}, headers=NOT_KEPT)
    answer.delete_cookie(people.cookie, secure=people.is_secure, httponly=True)
    return answer


@router.get("/sign-in/me", include_in_schema=False)
async def tell_me(request: Request, edge: Here) -> Response:
    """Say who is signed in, with what roles and in which units; `person` is null for nobody."""
    people = edge.guard.people
    person = await people.person(people.secret(request))
    body: dict[str, Any] = {"person": None}
    if person is not None:
        request.state.sender = person.actor
        body["person"] = {
            "name": person.name,
            "roles": [
                {"id": r, "title_vi": TITLES[r].vi, "title_en": TITLES[r].en}
                for r in ROLES
                if r in person.roles
            ],
            "units": sorted(frozenset().union(*(g.units for g in person.grants))),
        }
    return JSONResponse(body, headers=NOT_KEPT)


def provider_of(hub: OpenHub) -> "Provider":
    """Open the provider of a hub, kept for all requests. Raises `SettingsError`."""
    # It takes half a second to import, and most processes sign nobody in.
    from hub.http.provider import Provider  # noqa: PLC0415

    return Provider(hub.settings)


def _provider(edge: Edge) -> "Provider":
    if not edge.guard.people.is_on:
        vi = "chưa nối hệ thống đăng nhập của tỉnh (HUB_OIDC_ISSUER)"
        en = "the province's sign-on is not connected (HUB_OIDC_ISSUER)"
        raise ProblemError(404, "no_sign_in", vi, en)
    return edge.part(provider_of)


async def _refused(request: Request, edge: Edge, error: SignInError) -> Response:
    """Take somebody back to the first page, which says that they are not signed in, and why."""
    logger.info("a sign-in was refused: %s: %s", error.rule, error)
    actor = getattr(request.state, "sender", "")
    detail = {"peer": _peer(request)}
    await _record(request, edge, Entry(actor, "sign in", error.rule, detail))
    answer = _to(f"/?sign_in={error.rule}")
    people = edge.guard.people
    answer.delete_cookie(people.begun_cookie, secure=people.is_secure, httponly=True)
    return answer


async def _record(request: Request, edge: Edge, entry: Entry) -> None:
    await asyncio.wrap_future(edge.auditor.record(entry))
    request.state.is_recorded = True


def _to(url: str) -> RedirectResponse:
    return RedirectResponse(url, SEE_OTHER, NOT_KEPT)


def _origin(edge: Edge) -> str:
    return edge.hub.settings.origin


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""


def _is_page(to: str) -> bool:
    """Tell whether it is a path of the hub, not another site."""
    return to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable()
