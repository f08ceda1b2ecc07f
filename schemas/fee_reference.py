"""References of fees, as they stand in what payers and gateways write about a payment.

A reference is the dossier's code and the fee's: `H57.132-250517-0001 LP01`. Banks take marks out of
a text, or put blanks for them, and write it in capitals: `NGUYEN VAN A NOP LP H57 132 250517 0001
LP01` has the same. A text whose digits ran together has none: it could be read in two ways.
"""

import re
from dataclasses import dataclass

_GAP = r"[ ._\-/]"
# A unit of either generation, the day of reception, its number; then which fee of the dossier.
_REFERENCE = re.compile(
    rf"(?<![A-Z0-9])(?P<unit>(?:[0-9]{{3}}{_GAP}[0-9]{{2}}{_GAP}[0-9]{{2}}{_GAP})?"
    rf"H[0-9]{{2}}(?:{_GAP}[0-9]{{1,3}})*?)"
    rf"{_GAP}{{1,3}}(?P<day>[0-9]{{6}}){_GAP}{{1,3}}(?P<number>[0-9]{{4,6}})"
    rf"{_GAP}{{1,3}}(?P<fee>[A-Z]{{2}}[0-9]{{2}})(?![A-Z0-9])"
)


@dataclass(frozen=True)
class FeeReference:
    """A fee by its dossier's code and its own; `unit` is who gave the dossier its code."""

    dossier_code: str
    fee_code: str
    unit: str

    def __str__(self) -> str:
        """Write it as it is to stand in a text."""
        return f"{self.dossier_code} {self.fee_code}"


def find_reference(text: str) -> FeeReference | None:
    """Find the reference in a text; None where there is none, or where there are several."""
    found = {_reference(parts) for parts in _REFERENCE.finditer(text.upper())}
    return found.pop() if len(found) == 1 else None


def _reference(parts: re.Match[str]) -> FeeReference:
    unit = ".".join(re.split(_GAP, parts["unit"]))
    return FeeReference(f"{unit}-{parts['day']}-{parts['number']}", parts["fee"], unit)
