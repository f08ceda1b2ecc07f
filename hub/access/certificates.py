"""Certificates: until when those of a PEM file are valid, and how the holder of one is known."""

import hashlib
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


def ends_at(path: Path) -> datetime:
    """Give the instant at which the first certificate of a PEM file to end does.

    Raises `OSError` and `ValueError` where none can be read.
    """
    return min(c.not_valid_after_utc for c in x509.load_pem_x509_certificates(path.read_bytes()))


def fingerprint(path: Path) -> str:
    """Give the SHA-256 of the first certificate's DER form; raises as `ends_at` does."""
    first = x509.load_pem_x509_certificates(path.read_bytes())[0]
    return hashlib.sha256(first.public_bytes(Encoding.DER)).hexdigest()
