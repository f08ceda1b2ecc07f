"""What is barred from a table: its rows are withheld before any cell is shown or kept."""

from collections.abc import Sequence

from hub.definitions.barred import Barred, find_barred
from hub.sheets.cells import Cell
from hub.sheets.columns import Part
from hub.sheets.grids import Raw
from hub.sheets.table import FileError, Table
from hub.troubles import RefusedError

Withheld = dict[tuple[int, int], Barred]  # by the number of the sheet, and of the row


def withhold(table: Table, parts: Sequence[Part]) -> Withheld:
    """Empty rows with barred content in any column; give why, by row.

    Raises `FileError` where words around the rows give it away: then no row is taken.
    """
    withheld: Withheld = {}
    for at, part in enumerate(parts if table.bars else ()):
        titles = [str(c) for c in part.grid.header]
        for place, (number, cells, _) in enumerate(part.rows):
            named = [(titles[i] if i < len(titles) else "", str(c)) for i, c in enumerate(cells)]
            bar = find_barred(table.bars, named)
            if bar is not None:
                part.rows[place] = (number, (), b"")
                withheld[at, number] = bar
        own = {number for number, *_ in part.rows}
        around = [*part.grid.above, *(r for r in part.grid.rows if r[0] not in own)]
        refuse(table, [part.grid.name, *_texts(around)])
    return withheld


def refuse_sample(table: Table, name: str, header: Sequence[Cell], rows: Sequence[Raw]) -> None:
    """Raise `FileError` where a sample has barred content: no mapping is drafted of that."""
    titles = [str(c) for c in header]
    refuse(table, [name])
    for _, cells, _ in rows if table.bars else ():
        named = [(titles[i] if i < len(titles) else "", str(c)) for i, c in enumerate(cells)]
        bar = find_barred(table.bars, named)
        if bar is not None:
            raise FileError(bar.rule, bar.vi, bar.en)


def refuse(table: Table, texts: Sequence[str]) -> None:
    """Raise `FileError` where one of the texts has a word of what is barred."""
    for bar in table.bars:
        if any(bar.stands_in(text) for text in texts):
            raise FileError(bar.rule, bar.vi, bar.en)


def without_words(table: Table, error: RefusedError) -> RefusedError:
    """Give an error about a file as it is, or what is barred where it would repeat that."""
    try:
        refuse(table, [error.vi, error.value])
    except FileError as barred:
        return barred
    return error


def _texts(rows: Sequence[Raw]) -> list[str]:
    return [str(cell) for _, cells, _ in rows for cell in cells]
