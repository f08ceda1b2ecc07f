"""How much of a law is tried: `make test` tries all of it, `make quick` a part.

What a part must meet is asserted by the law itself, as it is of the whole.
"""

from hypothesis import settings

QUICK = "quick"
DEEP = "deep"


def register() -> None:
    """Make the two profiles known; the deep one is in force unless another is asked for."""
    settings.register_profile(QUICK, deadline=None, max_examples=25)
    settings.register_profile(DEEP, deadline=None)
    settings.load_profile(DEEP)


def rounds(deep: int, quick: int) -> int:
    """Give how many examples, or rounds, are tried."""
    return quick if settings.get_current_profile_name() == QUICK else deep
