"""Refill: what puts records back into an empty log, at the offsets at which they stood."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from hub.log.log import Acknowledgement
from hub.log.slices import Slice
from hub.troubles import TroubleError


class NotEmptyError(TroubleError):
    """Something is to be restored where there is something already; nothing was changed."""


class WrongProfileError(TroubleError):
    """What the archive holds does not fit into a log of this profile."""


class Refill(Protocol):
    """Puts back, in this order, slices of each partition from offset 0 on, receipts, checkpoints.

    Nothing of it is in force before the end; what raises leaves a log that is not to be used.
    """

    def put(self, whole: Slice) -> None:
        """Put records where they stood, gaps between them included."""

    def acknowledge(self, kept: Sequence[Acknowledgement]) -> None:
        """Put back receipts of records that were put back."""

    def set_checkpoints(self, values: Mapping[str, str]) -> None:
        """Let these be the checkpoints, and no others."""
