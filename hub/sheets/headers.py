"""Headers: which column fills which field, what unit it names, and which unknown one is near one.

A header is known by its words, whatever their case, diacritics, spaces and marks, with or without a
unit or an order of days behind them. An unknown one that resembles a field which no other column
fills is refused: it is more likely that field, misspelt, than something of no concern.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.definitions.masking import hidden
from hub.definitions.near import is_within
from hub.sheets.cells import Cell
from hub.sheets.days import order_in
from hub.sheets.notes import Unit, is_label, shown, unit
from hub.sheets.table import NO_HINT, Column, Hint, Table
from hub.sheets.vietnamese import Order, bare, folded, key

_FIGURE = re.compile(r"[-+]?[0-9][0-9.,:/% -]*")
_STOP = frozenset(("cua", "va", "theo", "hoac", "la", "cac", "nhung"))
_STOP |= {"the", "of", "a", "an", "at", "is", "was", "it", "its", "in", "to", "for"}
_PARTS = re.compile(r"[\s(\[,;:/\u2013_-]")
WORDS_SHARED = 0.5  # of all words of both
TITLE_SHARED = 1 / 3  # of the longer one, where it has all words of the other
LETTERS_PER_SLIP = 5
LETTERS_MIN = 5


@dataclass(frozen=True)
class Heading:
    """One known header: its column's index, its words as written, and what they say besides.

    `hint` is what is known of the column beforehand, where the header is one of the sender's own.
    """

    at: int
    written: str
    unit: Unit | None = None
    order: Order | None = None
    hint: Hint = NO_HINT


@dataclass(frozen=True)
class Headings:
    """What a row of headers says: known ones by field; the rest by index; and the table's width.

    `missing` and `twice` are declared headers; `near` are unknown headers with the declared ones
    that they resemble.
    """

    known: dict[str, Heading]
    missing: tuple[str, ...]
    twice: tuple[str, ...]
    written: tuple[str, ...]
    width: int
    unknown: dict[int, str] = field(default_factory=dict)
    near: dict[str, tuple[str, ...]] = field(default_factory=dict)


def headings(table: Table, cells: Sequence[Cell]) -> Headings:
    """Match a row of cells with the headers of a table."""
    known: dict[str, Heading] = {}
    unknown: dict[int, str] = {}
    twice = []
    titles = {at: c for at, c in enumerate(cells) if isinstance(c, str) and c.strip()}
    # A file that we wrote ourselves is in our own words, whatever its sender's are.
    owned = {} if any(folded(c) in table.passed for c in titles.values()) else table.own
    for at, cell in titles.items():
        own = owned.get(key(cell))
        if own is None:
            column, stated, order = _match(table, cell)
        else:
            column = next((c for c in table.columns if c.field == own.field), None)
            stated, order = _unit_behind(cell), order_in(cell)
        if column is None:
            if folded(cell) not in table.passed:
                unknown[at] = shown(cell)
        elif column.field in known:
            twice.append(column.title)
        else:
            hint = NO_HINT if own is None else own.hint
            known[column.field] = Heading(at, shown(cell), stated, order, hint)
    missing = tuple(table.title_of(c) for c in table.needed if c.field not in known)
    written = [shown(c) for c in cells]
    width = max((i + 1 for i, name in enumerate(written) if name), default=0)
    absent = [c for c in table.columns if c.field not in known]
    near = {}
    if known:
        for name in unknown.values():
            if key(name) in owned:
                continue
            fields = tuple(c.title for c in absent if resembles_any(name, c.headers))
            if fields:
                near[name] = fields
    if any(_FIGURE.fullmatch(name) for name in written):
        # A row of a table without headers: what nobody knows in it are values.
        written = [hidden(n) if at in unknown else n for at, n in enumerate(written)]
    shown_names = tuple(filter(None, written))
    return Headings(known, missing, tuple(twice), shown_names, width, unknown, near)


def _match(table: Table, cell: str) -> tuple[Column | None, Unit | None, Order | None]:
    """Find the column of a header, and the unit and the order of days behind its words."""
    said = re.sub(r"^\(?[0-9]{1,2}[.)] *", "", cell.strip())
    column = table.by_header.get(key(said))
    if column is not None:
        return column, _unit_behind(said), order_in(said)
    for part in reversed(list(_PARTS.finditer(said))):
        column = table.by_header.get(key(said[: part.start()]))
        if column is None:
            continue
        rest = said[part.start() :].strip(" ,;:/-\u2013_[]")
        order, stated = order_in(rest), unit(rest)
        is_fitting = stated is not None and (
            stated.counts == "money" if column.kind == "money" else stated.counts == "count"
        )
        if stated is not None and stated.counts in ("nothing", "foreign"):
            is_fitting = column.kind in ("money", "integer")
        if is_fitting:
            return column, stated, None
        if (order is not None and column.kind in ("instant", "period")) or is_label(rest):
            return column, None, order
    return None, None, None


def _unit_behind(header: str) -> Unit | None:
    """Give the unit of money in brackets or after a comma of a header that is known as it is."""
    parts = re.search(r"[(,]([^(),]+)\)?\s*$", header)
    stated = unit(parts[1]) if parts else None
    return stated if stated is not None and stated.counts == "money" else None


def words(text: str) -> list[str]:
    """Give the words of a header that mean something."""
    return [w for w in re.split(r"[^a-z0-9]+", bare(text)) if w and w not in _STOP]


def resembles_any(header: str, titles: Sequence[str]) -> bool:
    """Tell whether a header may be one of some titles."""
    given = words(header)
    shorts = [re.split(r"[,;:(]", t)[0] for t in titles]
    return any(_resembles(given, words(t)) for t in dict.fromkeys((*shorts, *titles)))


def _resembles(header: list[str], title: list[str]) -> bool:
    """Tell whether a header may be a title, misspelt, shortened or with more words."""
    if not header or not title:
        return False
    one, other = set(header), set(title)
    shared = len(one & other)
    if shared >= WORDS_SHARED * len(one | other):
        return True
    if shared == min(len(one), len(other)) and shared >= TITLE_SHARED * max(len(one), len(other)):
        return True
    if len(header) < len(title) and _shortens(header, title):
        return True
    a, b = "".join(header), "".join(title)
    longest = max(len(a), len(b))
    return longest >= LETTERS_MIN and is_within(a, b, longest // LETTERS_PER_SLIP)


def _shortens(given: list[str], title: list[str]) -> bool:
    """Tell whether words are a title's with some of it as initials: `Lần BC` is `Lần báo cáo`."""
    if not given or not title:
        return not given and not title
    if given[0] == title[0] and _shortens(given[1:], title[1:]):
        return True
    size = len(given[0])
    is_initials = size > 1 and given[0] == "".join(w[0] for w in title[:size])
    return is_initials and _shortens(given[1:], title[size:])
