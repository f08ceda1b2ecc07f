"""Reads which codes are one dossier, and makes it of what was sent under any of them.

By decision 0036. Every sender of the pack is of whole scope, so each claim that is live counts.
"""

import re
from collections.abc import Iterable

from tests.parts.golden.plain import Dossier, Json, by_code, fold, live

# The preferred first: by QĐ 20/2020 (H57.132), before it (000.00.19.H57), a source's own.
GENERATIONS = (r"[A-Z]\d\d(\.\d{1,3})*-\d{6}-\d+", r"\d{3}\.\d\d\.\d\d\.[A-Z]\d\d-\d{6}-\d+", ".*")


def rank(code: str) -> tuple[int, str]:
    """Rank the codes of one dossier: it goes by the least."""
    return next(i for i, form in enumerate(GENERATIONS) if re.fullmatch(form, code)), code


def joined(claims: Iterable[tuple[str, str]]) -> list[set[str]]:
    """Join codes that are one over any number of steps."""
    one: dict[str, set[str]] = {}
    for pair in claims:
        both = set().union(*(one.get(code, {code}) for code in pair))
        one.update(dict.fromkeys(both, both))
    return [set(codes) for codes in {frozenset(codes) for codes in one.values()}]


def fold_all(sent: Iterable[tuple[str, Json]]) -> tuple[list[Dossier], list[Dossier]]:
    """Fold everything that was sent: by the code that it is about, and by dossiers."""
    parted = by_code(sent)
    apart = {code: fold(code, about) for code, about in parted.items()}
    claims = [
        (code, event["same_as"])
        for code, about in parted.items()
        for event in (live(about) if any("same_as" in e for _, e in about) else ())
        if "same_as" in event
    ]
    things = dict(apart)
    for codes in joined(claims):
        here = sorted(codes & parted.keys())
        for code in here:
            del things[code]
        name = min(here, key=rank)
        things[name] = fold(name, [sent for code in here for sent in parted[code]])
    return list(apart.values()), [things[name] for name in sorted(things)]
