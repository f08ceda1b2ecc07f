"""Tokens of an official account: an access token that ends soon, made anew by a refresh token.

A refresh token works once: with each access token comes the next one. Both are kept in a file
before either is used, so that a process that ends and starts again goes on with the last pair.
"""

import json
import os
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from hub.alerts.outlet import SECONDS_MAX, ShutError

EARLY_SECONDS = 300
_renewing = threading.Lock()


@dataclass(frozen=True)
class Tokens:
    """A pair of tokens; `ends_at` is when the access token ends, in seconds since 1970."""

    refresh_token: str
    access_token: str = ""
    ends_at: float = 0


def _read(path: Path) -> Tokens:
    try:
        said = json.loads(path.read_text("utf-8"))
        ends_at = float(said.get("ends_at", 0))
        return Tokens(str(said["refresh_token"]), str(said.get("access_token", "")), ends_at)
    except OSError as error:
        raise ShutError(
            f"không đọc được HUB_OUTLET_ZNS_TOKEN_FILE | cannot be read: {error.strerror}"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ShutError(
            'HUB_OUTLET_ZNS_TOKEN_FILE: cần JSON {"refresh_token": "…"} | expected such JSON'
        ) from None


def _keep(path: Path, tokens: Tokens) -> None:
    """Put a pair in the place of the last one, whole and on the disk."""
    aside = path.with_name(f".{path.name}.aside")
    try:
        with aside.open("w", encoding="utf-8") as file:
            os.chmod(file.fileno(), 0o600)
            json.dump(asdict(tokens), file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        raise ShutError(
            "không ghi được HUB_OUTLET_ZNS_TOKEN_FILE, nên không xin mã mới | the file cannot be"
            f" written, so no token is asked for: {error.strerror}"
        ) from None


def access_token(path: Path, url: str, app_id: str, secret: str, *, stale: str = "") -> str:
    """Give an access token; ask for another where it ends soon, or is the `stale` one.

    Raises `ShutError`: without a token nobody is told.
    """
    with _renewing:
        tokens = _read(path)
        is_good = tokens.ends_at > time.time() + EARLY_SECONDS
        if is_good and tokens.access_token not in ("", stale):
            return tokens.access_token
        _keep(path, tokens)  # what cannot be written must not spend the token that works once
        asked = {
            "app_id": app_id,
            "grant_type": "refresh_token",
            "refresh_token": tokens.refresh_token,
        }
        try:
            answer = httpx.post(
                url, data=asked, headers={"secret_key": secret}, timeout=SECONDS_MAX
            )
            said = answer.json()
            fresh = Tokens(
                str(said["refresh_token"]),
                str(said["access_token"]),
                time.time() + float(said["expires_in"]),
            )
        except httpx.HTTPError as error:
            raise ShutError(
                f"không xin được mã truy cập | no token was got: {type(error).__name__}"
            ) from None
        except (ValueError, KeyError, TypeError):
            raise ShutError(
                "nhà cung cấp không cấp mã truy cập; đặt refresh token mới vào"
                " HUB_OUTLET_ZNS_TOKEN_FILE | no token was given: put a new refresh token there"
            ) from None
        _keep(path, fresh)
        return fresh.access_token
