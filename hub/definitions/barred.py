"""What is barred: content that no way in may let past, not even among what is rejected.

A contract of counts says what it is barred from: state secrets, what papers say, people. Accepted
events have no place for it, as fields are closed; this is for all others. An item with barred
content is rejected, by a message that repeats nothing of it, and of its bytes none is kept.

Names of fields and headers are compared by letters and digits alone, words as they are written,
with all their marks; where a text has no marks at all, likewise without.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

# What a field of a class says of what has none, by letters and digits.
HARMLESS = frozenset(
    (
        *("", "0", "khong", "khongmat", "khongco", "thuong", "binhthuong", "congkhai", "false"),
        *("no", "none", "null", "normal", "public"),
    )
)
DEPTH_MAX = 20  # of names around a field
KEPT = b"{}"  # in the place of what is not kept: an object that says nothing


@dataclass(frozen=True)
class Barred:
    """One kind of barred content: `names` of fields that would hold it, `words` that give it away.

    A field with such a name may be there where it says that there is none of it (`HARMLESS`).
    `shapes` are regular expressions, such as of telephone numbers, that a whole value has.
    """

    rule: str
    vi: str
    en: str
    names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()

    def holds(self, name: str, value: str) -> bool:
        """Tell whether a field holds barred content."""
        said = letters(value)
        if said in HARMLESS:
            return False
        return (
            letters(name) in self._names
            or any(w.search(_composed(t)) for w in self._marked for t in (name, value))
            or said in self._names_of_words
            or (value.isascii() and any(w.search(value.casefold()) for w in self._plain))
            or any(s.fullmatch(value.strip()) for s in self._shapes)
        )

    def stands_in(self, text: str) -> bool:
        """Tell whether a text beside the rows of a table has one of the words."""
        return bool(self.words) and self.holds("", text)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(map(letters, self.names))

    @cached_property
    def _names_of_words(self) -> frozenset[str]:
        return frozenset(map(letters, self.words))

    @cached_property
    def _marked(self) -> list[re.Pattern[str]]:
        return [re.compile(rf"(?<!\w){re.escape(_composed(w))}(?!\w)") for w in self.words]

    @cached_property
    def _plain(self) -> list[re.Pattern[str]]:
        """Words of several syllables; a single one without its marks may be any other."""
        several = (_bare(w).split() for w in self.words if " " in w)
        return [re.compile(rf"(?<![a-z]){r'[ ._-]*'.join(s)}(?![a-z])") for s in several]

    @cached_property
    def _shapes(self) -> list[re.Pattern[str]]:
        return [re.compile(shape) for shape in self.shapes]


Bars = Sequence[Barred]


def find_barred(bars: Bars, said: Iterable[tuple[str, Any]]) -> Barred | None:
    """Find the first kind of barred content in fields, each with its name."""
    if not bars:
        return None
    pairs = [(n, v if isinstance(v, str) else json.dumps(v, default=str)) for n, v in said]
    return next((bar for bar in bars for name, value in pairs if bar.holds(name, value)), None)


def find_in_bytes(bars: Bars, original: bytes) -> Barred | None:
    """Find barred content in an item as it came: JSON, or a text that is none."""
    if not bars:
        return None
    try:
        said = json.loads(original)
    except (ValueError, RecursionError):
        # Within a text that cannot be read, each part may be a field.
        text = original.decode(errors="replace")
        said = [text, *re.split(r"[\t\n\r,;|\"{}:\[\]]+", text)]
    return find_barred(bars, _flat("", said))


def letters(text: str) -> str:
    """Give the letters and digits of a text, without case and marks."""
    return re.sub(r"[^a-z0-9]", "", _bare(text))


def _flat(name: str, said: Any) -> Iterator[tuple[str, Any]]:
    """Give each plain value within another, with the name of its field and of those around it."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((name,), said)]
    while waiting:
        names, value = waiting.pop()
        if isinstance(value, Mapping):
            waiting += [((*names[-DEPTH_MAX:], str(n)), v) for n, v in value.items()]
        elif isinstance(value, list):
            waiting += [(names, v) for v in value]
        else:
            yield from ((each, value) for each in names)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold())


@lru_cache(16_384)
def _bare(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.casefold()).replace("đ", "d")
    return "".join(c for c in plain if not unicodedata.combining(c))
