"""Names: under which it is remembered what was read of a dossier, and what could not be."""

from hub.connecting.connection import item_name
from hub.connecting.feeds import Record
from hub.definitions.again import mended_name

NAME = "one_stop"
REJECTED = f"{NAME}:rejected:"


def dossier_checkpoint(code: str) -> str:
    """Name what is remembered of a dossier."""
    return f"{NAME}:facts:{code}"


def item_of(finding: Record) -> str:
    """Name the item that a finding is in the quarantine."""
    return item_name(NAME, finding.known_by or finding.original)


def digest_of(finding: Record) -> str:
    """Give the digest by which a finding is known again."""
    return item_of(finding).partition(":")[2]


def finding_checkpoint(finding: Record) -> str:
    """Name what says that a finding was told."""
    return REJECTED + digest_of(finding)


def mended_checkpoint(digest: str) -> str:
    """Name what says that a finding was mended."""
    return mended_name(f"{NAME}:{digest}")
