"""The province's OpenID provider, as the hub is a client of it.

Authorization code with PKCE (RFC 7636), state and nonce, by a kept library (Authlib): it finds the
provider's endpoints and keys, verifies the ID token, and asks for keys anew where one is unknown.
What is known of the provider is asked anew after an hour.
"""

import ssl
import time
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from fastapi import Request
from fastapi.responses import RedirectResponse
from itsdangerous import BadData, URLSafeTimedSerializer
from joserfc.errors import JoseError

from hub.access.sessions import Session
from hub.http.signed_in import BACK, BEGUN_SECONDS, SignInError
from hub.settings import Settings, SettingsError

SECONDS_MAX = 10.0  # for an answer of the provider
SKEW_SECONDS = 60  # by which the provider's clock may differ
KNOWN_SECONDS = 3600
# A key that the provider publishes signs; a shared secret or nothing at all does not do.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
SIGNS = "id_token_signing_alg_values_supported"
SCOPE = "openid profile email"


class Provider:
    """The provider of the settings. Raises `SettingsError` where the secret cannot be read."""

    def __init__(self, settings: Settings) -> None:
        self._issuer = settings.oidc_issuer
        self._claim = settings.oidc_claim
        self._origin = settings.origin
        secret = _read_secret(settings)
        trust = ssl.create_default_context(cafile=settings.oidc_ca)
        # What is between leaving and coming back is kept by the browser, signed.
        self._begun = URLSafeTimedSerializer(secret, "sign-in")
        self._app = OAuth().register(
            "province",
            client_id=settings.oidc_client_id,
            client_secret=secret,
            server_metadata_url=f"{self._issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": SCOPE,
                "code_challenge_method": "S256",
                "timeout": SECONDS_MAX,
                "verify": trust,
                "trust_env": False,
            },
        )

    async def leave(self, request: Request, to: str) -> tuple[RedirectResponse, str]:
        """Send somebody to the provider; give the answer, and what the browser keeps meanwhile."""
        await self._know()
        request.scope["session"] = {}
        answer = await self._app.authorize_redirect(request, self._origin + BACK)
        return answer, str(self._begun.dumps({"to": to, "begun": request.scope["session"]}))

    async def come_back(self, request: Request, kept: str) -> tuple[Session, str]:
        """Give who comes back from the provider, and to where. Raises `SignInError`."""
        try:
            begun = self._begun.loads(kept, max_age=BEGUN_SECONDS)
        except BadData as error:
            raise SignInError("failed", f"nothing was begun: {error}") from None
        request.scope["session"] = begun["begun"]
        metadata = await self._know()
        try:
            token = await self._app.authorize_access_token(
                request,
                leeway=SKEW_SECONDS,
                claims_options={
                    "iss": {"essential": True, "values": [metadata["issuer"]]},
                    "exp": {"essential": True},
                },
            )
            claims = dict(token.get("userinfo") or {})
            if claims and not _values(claims, self._claim) and "userinfo_endpoint" in metadata:
                more = dict(await self._app.userinfo(token=token))
                claims |= more if more.get("sub") == claims["sub"] else {}
        except httpx2.HTTPError as error:
            raise SignInError("away", f"{error!r}") from error
        except (AuthlibBaseError, JoseError, ValueError) as error:
            is_denied = getattr(error, "error", "") == "access_denied"
            raise SignInError("denied" if is_denied else "failed", f"{error!r}") from error
        if not claims.get("sub"):
            raise SignInError("failed", "there is no ID token")
        return self._session(claims), str(begun["to"])

    async def sign_out_url(self) -> str | None:
        """Give where somebody signs out at the provider, too; None where it has no such place."""
        try:
            metadata = await self._know()
        except SignInError:
            return None
        if "end_session_endpoint" not in metadata:
            return None
        client = self._app.client_id
        left = await self._app.create_logout_url(f"{self._origin}/", client_id=client)
        return str(left["url"])

    def _session(self, claims: dict[str, Any]) -> Session:
        called = claims.get("preferred_username") or claims.get("email") or claims["sub"]
        name = claims.get("name") or called
        values = _values(claims, self._claim)
        return Session(str(claims["sub"]), f"sso:{called}", str(name), values)

    async def _know(self) -> dict[str, Any]:
        """Know the provider: that it is the one of the settings, and how it signs."""
        metadata: dict[str, Any] = self._app.server_metadata
        if time.time() - metadata.get("_loaded_at", 0) > KNOWN_SECONDS:
            metadata.clear()
        try:
            await self._app.load_server_metadata()
        except (httpx2.HTTPError, ValueError) as error:
            raise SignInError("away", f"{error!r}") from error
        issuer = str(metadata.get("issuer", ""))
        if issuer.rstrip("/") != self._issuer:
            metadata.clear()
            raise SignInError("failed", f"the provider calls itself {issuer!r}")
        metadata[SIGNS] = accepted(metadata.get(SIGNS) or ["RS256"])
        return metadata


def accepted(signs: list[str]) -> list[str]:
    """Give those of a provider's algorithms by which an ID token may be signed.

    Raises `SignInError` where it has none of them.
    """
    ours = [a for a in signs if a in ALGORITHMS]
    if not ours:
        raise SignInError("failed", f"the provider signs by none of {', '.join(ALGORITHMS)}")
    return ours


def _read_secret(settings: Settings) -> str:
    path = settings.oidc_client_secret_file
    try:
        secret = "" if path is None else path.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"HUB_OIDC_CLIENT_SECRET_FILE={path}: không đọc được | cannot be read ({error})"
        ) from None
    if not secret:
        raise SettingsError(f"HUB_OIDC_CLIENT_SECRET_FILE={path}: trống | is empty")
    return secret


def _values(claims: dict[str, Any], name: str) -> tuple[str, ...]:
    """Give the values of a claim, one within another by dots: a text or a list of texts."""
    value: Any = claims.get(name)
    if value is None:
        value = claims
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
    listed = value if isinstance(value, list) else [value]
    return tuple(v for v in listed if isinstance(v, str) and v)
