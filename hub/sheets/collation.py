"""Collation: Vietnamese words in the order of a dictionary, where the hub itself sorts them.

First letters count (a ă â b c d đ e ê …), then, where all letters are alike, tones in the order of
dictionaries: none, huyền, hỏi, ngã, sắc, nặng. Upper and lower case are alike. A run of digits
counts by its number, so that `Sở 2` stands before `Sở 10`. A browser sorts by `Intl.Collator`.
"""

import re
import unicodedata
from functools import lru_cache

_LETTERS = {letter: i for i, letter in enumerate("aăâbcdđeêfghijklmnoôơpqrstuưvwxyz")}
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
_RUNS = re.compile(r"[0-9]+|[^0-9]")
_FIRST_LETTER = 1 << 21  # after whatever else there is in Unicode: marks and blanks come first

Key = tuple[tuple[tuple[int, int], ...], tuple[int, ...]]


@lru_cache(16_384)
def collated(text: str) -> Key:
    """Give what a text is sorted by: letters and numbers, then tones."""
    letters: list[tuple[int, int]] = []
    tones: list[int] = []
    for run in _RUNS.findall(unicodedata.normalize("NFC", text).lower()):
        if run[0].isdigit():
            letters.append((1, int(run)))
            tones.append(0)
            continue
        parts = unicodedata.normalize("NFD", run)
        tone = next((_TONES[mark] for mark in parts if mark in _TONES), 0)
        letter = unicodedata.normalize("NFC", "".join(c for c in parts if c not in _TONES))
        place = _LETTERS.get(letter)
        number = ord(letter[0]) if place is None else _FIRST_LETTER + place
        letters.append((0 if place is None and not letter.isalpha() else 2, number))
        tones.append(tone)
    return tuple(letters), tuple(tones)
