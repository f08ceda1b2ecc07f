"""What can go wrong with a store, as the few errors that callers tell apart."""

from hub.troubles import TroubleError


class FencedError(Exception):
    """Another writer moved the position: this one must stop, its batch is not applied."""


class VersionMismatchError(Exception):
    """A fact changed between reading and writing; nothing was written, the batch may be retried."""


class StoreUnavailableError(TroubleError):
    """The database could not be reached, or went away; whether it committed is unknown."""


class DefinitionChangedError(TroubleError):
    """The store was computed by other definitions than the ones installed."""


class TablesInUseError(TroubleError):
    """Somebody has been reading the tables for too long; nothing was changed."""
