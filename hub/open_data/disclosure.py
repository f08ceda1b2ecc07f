"""Disclosure: which numbers of a publication are withheld, so that no small one can be worked out.

A publication is numbers, each the sum of *parts* (the finest distinctions that its tables make: a
unit's dossiers of a month that came online, those that did not). A number from 1 to below the least
that may be told is small. Withholding it is not enough: a total less its other terms gives it back.
So others are withheld with it, its complements: for each small number we look for another
publication that agrees with every number told, in which the small one is greater or less by as much
as the least count. That other one is the proof: who reads what is told cannot know in which of both
they are.

The reader is taken to know that counts are not negative, and that what is withheld is none of
zero: zeros are told. Literature: A. Hundepool et al., Statistical Disclosure Control (Wiley, 2012),
chapter 4: threshold rule, cell suppression with protection levels.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hub.troubles import TroubleError

if TYPE_CHECKING:  # SciPy takes a server 35 MiB, and only a release needs it
    from scipy.sparse import csr_matrix

LENGTH_MAX = 20_000  # nodes that one search may look at: the first proof that is good will do
NEAREST_MAX = 150  # parts among which a change that costs nothing is looked for
BESIDE = 12  # parts on either side of a part that are looked at with it, before all of its block
TOGETHER_MAX = 50  # parts of a sum that are looked at together
GAP = 0.2  # how much dearer than the best a set of complements may be


class NotProtectedError(TroubleError):
    """A small number could not be protected: nothing of the publication may be written."""


@dataclass(frozen=True)
class Publication:
    """Numbers over parts: `sums[i]` names the parts that number `i` adds up, without repeats.

    `parts` are counts. `blocks` says of each part with which others it may be exchanged first, such
    as those of its quarter. `is_printed`: whether the number stands in a table; one that does not,
    as what a share leaves, is only protected. `is_small`: small for another reason than its count,
    as its official figure. `is_out`: printed by an earlier release, so it cannot be withheld any
    more. `is_back`: withheld by one, so it stays so.
    """

    parts: Sequence[int]
    blocks: Sequence[int]
    sums: Sequence[Sequence[int]]
    is_printed: Sequence[bool]
    is_small: Sequence[bool]
    is_out: Sequence[bool]
    is_back: Sequence[bool]

    @property
    def matrix(self) -> "csr_matrix":
        """Which parts each number adds up, as zeros and ones."""
        from scipy.sparse import csr_matrix  # noqa: PLC0415

        rows = np.repeat(np.arange(len(self.sums)), [len(s) for s in self.sums])
        columns = np.fromiter((p for s in self.sums for p in s), dtype=np.int64, count=len(rows))
        shape = (len(self.sums), len(self.parts))
        return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)


@dataclass
class Withheld:
    """What is withheld, by number, and the other publication that protects each small one."""

    is_withheld: np.ndarray
    protected: dict[int, np.ndarray] = field(default_factory=dict)
    lost: list[int] = field(default_factory=list)  # small by now, and told by an earlier release


def withhold(publication: Publication, least: int) -> Withheld:
    """Find what to withhold so that no number from 1 to below `least` can be worked out.

    Of each that is withheld the possible values are not one alone; of each small one they are at
    least `least` apart. Raises `NotProtectedError` where that cannot be.
    """
    search = _Search(publication, least)
    small = np.flatnonzero(search.is_small)
    for number in sorted(small, key=lambda n: (search.values[n], n)):
        if number not in search.found.protected and number not in search.found.lost:
            search.protect(int(number))
    search.check()
    return search.found


class _Search:
    """The publication as arrays, and what is withheld so far."""

    def __init__(self, publication: Publication, least: int) -> None:
        self.least = least
        self.matrix = publication.matrix
        self.parts = np.asarray(publication.parts, dtype=np.int64)
        self.blocks = np.asarray(publication.blocks, dtype=np.int64)
        self.values = np.rint(self.matrix @ self.parts).astype(np.int64)
        self.lengths = np.diff(self.matrix.indptr)
        self.is_printed = np.asarray(publication.is_printed, dtype=bool)
        is_out = np.asarray(publication.is_out, dtype=bool) & self.is_printed
        is_back = np.asarray(publication.is_back, dtype=bool) & self.is_printed
        marked = np.asarray(publication.is_small, dtype=bool)
        self.is_small = (self.values > 0) & ((self.values < least) | marked)
        # What is out is known; what is zero is told: neither can move in any other publication.
        self.is_fixed = self.is_printed & (is_out | (self.values == 0))
        first = self.is_printed & ~self.is_fixed & (self.is_small | is_back)
        lost = np.flatnonzero(self.is_small & is_out)
        self.found = Withheld(first, lost=[int(n) for n in lost])

    def protect(self, number: int) -> None:
        """Withhold what it takes to protect one number."""
        own = self.matrix[number].indices
        near = np.flatnonzero(np.isin(self.blocks, np.unique(self.blocks[own])))
        loose = self._loose(own, near)
        # From few parts to all: the time of a search grows by more than the parts that it is among.
        tries = (
            (loose, True),
            (np.union1d(loose, self._beside(own, near)), False),
            (near, False),
            (np.arange(len(self.parts)), False),
        )
        for inside, is_free in tries:
            other = self._other(number, inside, is_free=is_free)
            if other is not None:
                break
        else:
            raise NotProtectedError(
                f"số thứ {number} nhỏ hơn {self.least} và không giấu được: những số đã công bố cho"
                f" biết nó | number {number} is below {self.least} and cannot be protected: what"
                " was published before tells it"
            )
        moved = self.matrix @ other
        self.found.is_withheld |= self.is_printed & (moved != 0)
        for protected in np.flatnonzero(self.is_small & (np.abs(moved) >= self.least)):
            self.found.protected.setdefault(int(protected), other)

    def _loose(self, own: np.ndarray, near: np.ndarray) -> np.ndarray:
        """Give the parts that what is withheld so far is made of, the nearest of them."""
        columns = self.matrix[np.flatnonzero(self.found.is_withheld)].indices
        loose = np.intersect1d(columns, near)
        far = np.abs(loose[:, None] - own[None, :]).min(axis=1)
        return np.union1d(own, loose[np.argsort(far, kind="stable")][:NEAREST_MAX])

    def _beside(self, own: np.ndarray, near: np.ndarray) -> np.ndarray:
        """Give the parts that stand beside a number's own, and beside what is summed with these.

        Parts are in the order of their names, so what is beside is what is most alike: another unit
        of the same month. With one, and another month of both, a change is paid back within the
        quarter.
        """
        summed = self.matrix[:, own].getnnz(axis=1) > 0
        short = np.flatnonzero(summed & (self.lengths <= TOGETHER_MAX))
        anchors = np.intersect1d(np.union1d(own, self.matrix[short].indices), near)
        places = np.searchsorted(near, anchors)[:, None] + np.arange(-BESIDE, BESIDE + 1)
        return near[np.unique(places[(places >= 0) & (places < len(near))])]

    def _other(self, number: int, inside: np.ndarray, *, is_free: bool) -> np.ndarray | None:
        """Find the cheapest change of some parts that makes a number greater, or less, by enough.

        A change of what is told already costs by how much it moves and how much it adds up;
        `is_free`: only one that costs nothing.
        """
        for way in (self.least, -self.least):
            if self.values[number] + way < (1 if self.is_printed[number] else 0):
                continue
            found = self._change(number, inside, way, is_free=is_free)
            if found is not None:
                return found
        return None

    def _change(
        self, number: int, inside: np.ndarray, way: int, *, is_free: bool
    ) -> np.ndarray | None:
        from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415
        from scipy.sparse import csr_matrix, hstack, identity  # noqa: PLC0415

        parts = self.parts[inside]
        block = self.matrix[:, inside]
        touched = np.diff(block.indptr) > 0
        told = touched & self.is_printed & ~self.is_fixed & ~self.found.is_withheld
        kept = touched & self.is_printed & ~self.is_fixed
        fixed = touched & self.is_fixed
        if is_free:
            fixed, told = fixed | told, np.zeros_like(told)
        priced = block[np.flatnonzero(told)]
        costs = np.sqrt(self.lengths[told])
        width, more = len(inside), priced.shape[0]
        nothing = csr_matrix((block.shape[0], 2 * more))
        wide = hstack([block, nothing], format="csr")
        steps = hstack([priced, -identity(more), identity(more)], format="csr")
        limits = [
            LinearConstraint(steps, 0, 0),
            # Who reads that a number is withheld knows that it is not zero.
            LinearConstraint(wide[np.flatnonzero(kept)], 1 - self.values[kept], np.inf),
            LinearConstraint(wide[np.flatnonzero(fixed)], 0, 0),
            LinearConstraint(wide[[number]], way, way),
        ]
        reach = max(self.least * 4, 20)
        low = np.concatenate([-np.minimum(parts, reach), np.zeros(2 * more)])
        high = np.concatenate([np.full(width, reach), np.full(2 * more, np.inf)])
        solved = milp(
            np.concatenate([np.zeros(width), costs, costs]),
            integrality=np.concatenate([np.ones(width), np.zeros(2 * more)]),
            bounds=Bounds(low, high),
            constraints=[c for c in limits if c.A.shape[0]],
            options={"node_limit": LENGTH_MAX, "mip_rel_gap": GAP},
        )
        if solved.x is None:
            return None
        change = np.zeros(len(self.parts), dtype=np.int64)
        change[inside] = np.rint(solved.x[:width]).astype(np.int64)
        return change

    def check(self) -> None:
        """Hold every proof against what is told: an error of the search must never be published.

        Raises `NotProtectedError`.
        """
        found = self.found
        told = self.is_printed & ~found.is_withheld
        for number in np.flatnonzero(self.is_small):
            if number in found.lost:
                continue
            other = found.protected[int(number)]
            moved = self.matrix @ other
            values = self.values + moved
            is_proof = (
                not moved[told].any()
                and (self.parts + other >= 0).all()
                and (values[self.is_printed & (self.values > 0)] >= 1).all()
                and abs(moved[number]) >= self.least
            )
            if not is_proof:
                raise NotProtectedError(f"number {number} is not protected: a fault of the search")
