"""Formula: a KPI's terms in words, as a catalogue and a bundle show them."""

from dataclasses import fields

from hub.figures.kpi import Kpi
from hub.figures.terms import Both, Computed, Flow, Term, Total

_SAID = (Term, str, int, tuple, dict)


def formula_of(kpi: Kpi) -> str:
    """Write `[numerator] / ([denominator] × scale)`; what is 1 is left out."""
    above, below = f"[{written(kpi.numerator)}]", kpi.denominator
    under = [] if below is None else [f"[{written(below)}]"]
    under += [str(kpi.scale)] if kpi.scale != 1 else []
    divisor = " × ".join(under)
    return " / ".join((above, *([f"({divisor})" if len(under) > 1 else divisor] if under else [])))


def written(term: Term) -> str:
    """Write a term: what is counted, over which span, and what is added and taken away."""
    if isinstance(term, Both):
        sign = "+" if term.sign > 0 else "−"
        return f"{written(term.first)} {sign} {_closed(term.second)}"
    if isinstance(term, Computed):
        return f"by computed due dates: {written(term.term)}"
    if isinstance(term, Total):
        return f"count of {term.measure} before the {term.upto} of the period"
    if type(term) is Flow:
        where = "".join(f", {name} = {value}" for name, value in term.only.items())
        return f"{term.part} of {term.measure} in the period{where}"
    named = ((f.name, getattr(term, f.name)) for f in fields(term))
    # How a thing's time is counted is its fact's matter, the same for all that ask.
    said = ", ".join(f"{n} = {_plain(v)}" for n, v in named if isinstance(v, _SAID) and v != {})
    return f"{type(term).__name__}({said})"


def _closed(term: Term) -> str:
    return f"({written(term)})" if isinstance(term, Both) else written(term)


def _plain(value: object) -> str:
    if isinstance(value, Term):
        return written(value)
    if isinstance(value, tuple):
        return " ".join(map(_plain, value)) or "–"
    if isinstance(value, dict):
        return " ".join(f"{name}:{_plain(v)}" for name, v in value.items())
    return str(value)
