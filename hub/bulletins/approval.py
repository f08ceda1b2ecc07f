"""Approvals: that a wording's owner lets it go out, as an act of the log.

An approval names the digest of the wording, so that other words need another one. It is a list by
itself, which `hub bulletins approve` alone loads; an empty one takes the approval back.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from hub.bulletins.wording import Wording
from hub.reference.form import Row
from hub.reference.lists import APPROVAL
from hub.store.reading import Reading
from hub.troubles import TroubleError


class ApprovalError(TroubleError):
    """A wording cannot be approved by this one."""


@dataclass(frozen=True)
class Approval:
    """Who let which words go out, and when (ISO 8601)."""

    digest: str
    approved_by: str
    approved_at: str


Key = tuple[str, str]  # a wording's name and outlet


def list_name(name: str, outlet: str) -> str:
    """Name the list that says who approved a wording, by a digest of which it is."""
    key = hashlib.blake2b(f"{name}\x1f{outlet}".encode(), digest_size=16).hexdigest()
    return f"{APPROVAL}{key}"


def approve(wording: Wording, by: str, at: str) -> dict[str, list[Row]]:
    """Give the list by which a wording is approved. Raises `ApprovalError`, `WordingError`."""
    wording.check()
    if by != wording.owner:
        raise ApprovalError(
            f"mẫu {wording.name} ({wording.outlet}) do {wording.owner} duyệt, không phải {by}"
            f" | {wording.owner} approves it, and {by} does not"
        )
    row = {
        "name": wording.name,
        "outlet": wording.outlet,
        "digest": wording.digest,
        "text": wording.text,
        "approved_by": by,
        "approved_at": at,
    }
    return {list_name(wording.name, wording.outlet): [row]}


def withdraw(name: str, outlet: str) -> dict[str, list[Row]]:
    """Give the list by which no words of this name are approved any more."""
    return {list_name(name, outlet): []}


def read_approvals(reading: Reading) -> dict[Key, Approval]:
    """Read which words are approved, by name and outlet."""
    last = {name: event for event, name, _ in reading.lists() if name.startswith(APPROVAL)}
    approvals = {}
    for event in last.values():
        for row in json.loads(reading.list_rows(event)):
            named = Approval(row["digest"], row["approved_by"], row["approved_at"])
            approvals[row["name"], row["outlet"]] = named
    return approvals


def is_approved(wording: Wording, approvals: Mapping[Key, Approval]) -> bool:
    """Tell whether the very words are approved."""
    approval = approvals.get((wording.name, wording.outlet))
    return approval is not None and approval.digest == wording.digest
