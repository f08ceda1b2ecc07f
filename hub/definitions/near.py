"""Near: the codes of a list that one which is not on it may be, misspelt or given by its name.

A code is near one that differs by a letter or two put in, left out, changed or swapped. A name is
near one that is the same but for case, spaces, Unicode form and diacritics, or that differs as
little. Offered are at most three, and one that is the same alone; never taken.
"""

import unicodedata
from collections.abc import Mapping

OFFERED_MAX = 3
SLIPS_MAX = 2
NAME_LETTERS_PER_SLIP = 6
COMPARED_MAX = 20_000  # of one list; a province's procedures are some thousands


def is_within(a: str, b: str, limit: int) -> bool:
    """Tell whether so many letters put in, left out, changed or swapped make one of the other."""
    return distance(a, b, limit) <= limit


def distance(a: str, b: str, limit: int) -> int:
    """Count the letters put in, left out, changed or swapped; over `limit`, something over it."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    older: list[int] = []
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and y == a[i - 2]:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > limit and min(before) > limit:
            return limit + 1
    return row[-1]


def near_codes(value: str, names: Mapping[str, str]) -> list[str]:
    """Give the codes, of a list with the name of each, that a value may have been meant for.

    The nearest first, of equally near ones those as long, then those that begin alike.
    """
    code = "".join(value.split()).upper()
    name_sent = _plain(value)
    if not code:
        return []
    ranked = []
    for listed, name in list(names.items())[:COMPARED_MAX]:
        slips = min(SLIPS_MAX, max(1, len(listed) // 2 - 1))
        apart = distance(code, listed.upper(), slips)
        called = _plain(name)
        if called and name_sent == called:
            apart = 0
        elif called and _bare(name_sent) == _bare(called):
            apart = min(apart, 1)
        elif apart > slips and called:
            slips = min(SLIPS_MAX, len(called) // NAME_LETTERS_PER_SLIP)
            apart = distance(name_sent, called, slips)
        if apart <= slips:
            unlike = abs(len(listed) - len(code))
            ranked.append((apart, unlike, -_shared(code, listed), listed))
    same = [r for r in ranked if r[0] == 0]
    return [listed for *_, listed in sorted(same or ranked)[:OFFERED_MAX]]


def offered(value: str, names: Mapping[str, str]) -> tuple[str, str]:
    """Ask whether one of the near codes is meant, in both languages; empty where none is near."""
    codes = near_codes(value, names)
    if not codes:
        return "", ""
    vi = " ".join(f"{c} ({names[c]})?" if names[c] else f"{c}?" for c in codes)
    return f"; gần giống: {vi}", f"; near: {' '.join(f'{c}?' for c in codes)}"


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _bare(text: str) -> str:
    """Take the diacritics from a text, as who types without them writes it."""
    letters = unicodedata.normalize("NFD", text)
    return "".join(c for c in letters if not unicodedata.combining(c)).replace("đ", "d")


def _shared(code: str, other: str) -> int:
    """Count the letters with which both begin."""
    pairs = enumerate(zip(code, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(code), len(other)))
