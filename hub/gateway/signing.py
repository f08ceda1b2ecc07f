"""Signing: what the hub acknowledged can be proven by anyone, offline, with a published key.

A signed receipt is a JWS (RFC 7515) in its compact form, by Ed25519 (EdDSA, RFC 8037). The public
keys are a JWK set (RFC 7517); each is named by its thumbprint (RFC 7638).
"""

import base64
import hashlib
import json
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from hub.troubles import TroubleError

Sign = Callable[[Mapping[str, Any]], str]  # a JSON object becomes a JWS
_IS_PRIVATE = b"PRIVATE KEY"


class SignatureError(ValueError):
    """This was not signed by any of these keys, or is no signed text at all."""


class SigningKeyError(TroubleError):
    """There is no key to sign with, and none can be made."""


class Signer:
    """Signs with the newest key of a folder; where there is none yet, makes one.

    Others may rotate keys in the folder meanwhile. A key that was rotated away keeps its public
    part there, so that what it signed can be verified for ever. Raises `SigningKeyError`.
    """

    def __init__(self, folder: Path, at: int) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._read_at = -1
        if not any(folder.glob("*.pem")):
            rotate(folder, at)
        self._refresh()

    def _refresh(self) -> None:
        changed_at = self._folder.stat().st_mtime_ns
        if changed_at == self._read_at:
            return
        with self._lock:
            newest = max(self._folder.glob("*.pem")).read_bytes()
            if _IS_PRIVATE not in newest:
                raise SigningKeyError(f"the newest key in {self._folder} is not a private one")
            private = load_pem_private_key(newest, None)
            assert isinstance(private, Ed25519PrivateKey), self._folder
            self._private = private
            header = {"alg": "EdDSA", "kid": _jwk(private.public_key())["kid"]}
            self._header = _b64(json.dumps(header).encode())
            self._read_at = changed_at

    def sign(self, said: Mapping[str, Any]) -> str:
        """Sign a JSON object; give the JWS."""
        return self.signing()(said)

    def signing(self) -> Sign:
        """Give what signs with the key that is the newest now, to sign many with one look."""
        self._refresh()
        private, header = self._private, self._header

        def sign(said: Mapping[str, Any]) -> str:
            signed = f"{header}.{_b64(json.dumps(dict(said)).encode())}"
            return f"{signed}.{_b64(private.sign(signed.encode()))}"

        return sign

    def public(self) -> dict[str, Any]:
        """Give the public keys as a JWK set, the newest first."""
        return {"keys": [_jwk(_public(p)) for p in sorted(self._folder.glob("*.pem"))[::-1]]}


def rotate(folder: Path, at: int) -> str:
    """Make a key that signs from now (µs) on, and give its id; of the others public parts stay."""
    private = Ed25519PrivateKey.generate()
    kid = str(_jwk(private.public_key())["kid"])
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        older = [p for p in folder.glob("*.pem") if _IS_PRIVATE in p.read_bytes()]
        text = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write(folder / f"{at:016x}-{kid[:8]}.pem", text)
        for path in older:
            public = _public(path).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            _write(path, public)
    except OSError as error:
        raise SigningKeyError(f"no key to sign with can be kept: {error}") from error
    return kid


def verify(signed: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a JWS says, if one of a JWK set's keys signed it; raise `SignatureError`."""
    try:
        head, body, signature = signed.split(".")
        header = json.loads(_unb64(head))
        (jwk,) = [k for k in keys["keys"] if k["kid"] == header["kid"] and header["alg"] == "EdDSA"]
        public = Ed25519PublicKey.from_public_bytes(_unb64(jwk["x"]))
        public.verify(_unb64(signature), f"{head}.{body}".encode())
        said: dict[str, Any] = json.loads(_unb64(body))
    except (ValueError, KeyError, TypeError, InvalidSignature) as error:
        raise SignatureError("not signed by any of these keys") from error
    return said


def _public(path: Path) -> Ed25519PublicKey:
    text = path.read_bytes()
    if _IS_PRIVATE in text:
        private = load_pem_private_key(text, None)
        assert isinstance(private, Ed25519PrivateKey), path
        return private.public_key()
    public = load_pem_public_key(text)
    assert isinstance(public, Ed25519PublicKey), path
    return public


def _jwk(key: Ed25519PublicKey) -> dict[str, str]:
    x = _b64(key.public_bytes(Encoding.Raw, PublicFormat.Raw))
    # RFC 7638: the required members alone, in the order of their names, without white space.
    required = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": x}, separators=(",", ":"))
    kid = _b64(hashlib.sha256(required.encode()).digest())
    return {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": x}


def _write(path: Path, text: bytes) -> None:
    """Put a file in its place whole, for its owner alone."""
    aside = path.with_suffix(f".{os.getpid()}.tmp")
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
