"""Signed receipts: what was signed verifies, for ever, and nothing else does."""

import base64
import json
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.gateway.signing import (
    SignatureError,
    Signer,
    SigningKeyError,
    _jwk,
    _unb64,
    rotate,
    verify,
)

SAID = {"receipt": "r1", "accepted": 3, "sender": "Sở Nội vụ"}


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer(tmp_path / "signing", 1)


def test_what_is_signed_verifies(signer: Signer) -> None:
    assert verify(signer.sign(SAID), signer.public()) == SAID


def test_a_key_is_known_by_its_thumbprint(signer: Signer) -> None:
    (key,) = signer.public()["keys"]
    assert set(key) == {"kty", "crv", "alg", "use", "kid", "x"}
    # The example of RFC 8037, appendix A.3.
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    jwk = _jwk(Ed25519PublicKey.from_public_bytes(_unb64(x)))
    assert (jwk["x"], jwk["kid"]) == (x, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_changed_part_does_not_verify(signer: Signer, part: int) -> None:
    parts = signer.sign(SAID).split(".")
    other = Signer(signer._folder.parent / "other", 1).sign({**SAID, "accepted": 4}).split(".")
    parts[part] = other[part]
    with pytest.raises(SignatureError):
        verify(".".join(parts), signer.public())


def test_no_algorithm_but_its_own_is_taken(signer: Signer) -> None:
    head, body, signature = signer.sign(SAID).split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    none = base64.urlsafe_b64encode(json.dumps({**header, "alg": "none"}).encode()).decode()
    for text in (f"{none.rstrip('=')}.{body}.{signature}", f"{head}.{body}.", "a.b", ""):
        with pytest.raises(SignatureError):
            verify(text, signer.public())


def test_keys_rotate_and_what_was_signed_still_verifies(signer: Signer) -> None:
    before = signer.sign(SAID)
    folder = signer._folder
    kid = rotate(folder, 2)
    after = signer.sign(SAID)
    keys = signer.public()
    assert keys["keys"][0]["kid"] == kid
    assert len(keys["keys"]) == 2
    for signed in (before, after):
        assert verify(signed, keys) == SAID
    with pytest.raises(SignatureError):
        verify(after, {"keys": keys["keys"][1:]})
    private = [p for p in folder.iterdir() if b"PRIVATE" in p.read_bytes()]
    assert len(private) == 1
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert verify(Signer(folder, 3).sign(SAID), keys) == SAID


def test_where_no_key_can_be_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SigningKeyError, match="no key to sign with"):
        Signer(tmp_path / "file" / "signing", 1)
