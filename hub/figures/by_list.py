"""By list: sums by what a list says of a code, as the field of a dossier's procedure.

A fact has the procedure's code; which field that is of the list says, as it was last by the end of
the question. What no list names is of no field.
"""

from dataclasses import replace

from hub.figures.book import Ask, Book
from hub.figures.handling import BY_LIST, Spent, said_by_list
from hub.figures.terms import Sums, Term


def is_asked(ask: Ask) -> bool:
    """Tell whether a question goes by what a list says."""
    return BY_LIST in ask.by or BY_LIST in ask.where


def sums(term: Term, book: Book, ask: Ask) -> Sums:
    """Sum a term of which each fact adds its own part, by fields, too, where they are asked for."""
    if not is_asked(ask) or isinstance(term, Spent):  # which knows the field of each thing
        return term.sums(book, ask)
    column = _procedure(term, book)
    others = tuple(c for c in ask.by if c != BY_LIST)
    where = {c: v for c, v in ask.where.items() if c != BY_LIST}
    named, wanted = said_by_list(book, ask), ask.where.get(BY_LIST)
    summed: Sums = {}
    for key, n in term.sums(book, replace(ask, by=(*others, column), where=where)).items():
        name = named.get(str(key[-1]))
        if wanted is None or name == wanted:
            values = {**dict(zip(others, key, strict=False)), BY_LIST: name}
            full = tuple(values[c] for c in ask.by)
            summed[full] = summed.get(full, 0) + n
    return summed


def _procedure(term: Term, book: Book) -> str:
    """Name the column of the procedure in the fact that a term counts."""
    fact, _ = book.measure(min(term.measures))
    assert fact.clocked is not None, fact.contract
    return fact.clocked.procedure
