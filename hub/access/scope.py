"""Scopes: which contracts somebody may send, and in each for whom and where.

A kind of limit (units, reporters, areas, stations) holds in the contracts that have fields of that
kind; a kind that is not limited lets all through. Where nothing is limited the scope is whole.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.definitions.contract import LIMIT_KINDS, Contract, LimitKind
from hub.troubles import RefusedError

NONE: frozenset[str] = frozenset()
Codes = frozenset[str]


class ScopeError(RefusedError):
    """No scope can be made of this, and why, in both languages."""


@dataclass(frozen=True)
class Scope:
    """What somebody may send; what is empty is not limited."""

    contracts: Codes = NONE
    units: Codes = NONE
    reporters: Codes = NONE
    areas: Codes = NONE
    stations: Codes = NONE

    def codes(self, kind: LimitKind) -> Codes:
        """Give the codes to which a kind of limit holds; none where it is not limited."""
        codes: Codes = getattr(self, kind)
        return codes

    def may_send(self, contract: str) -> bool:
        """Tell whether it holds this contract."""
        return not self.contracts or contract in self.contracts

    def limits(self, contract: Contract) -> Iterator[tuple[LimitKind, tuple[str, ...], Codes]]:
        """Give what limits it in a contract: kind, fields, codes."""
        if self is not WHOLE:
            for kind, fields in contract.spec.limited.items():
                if codes := self.codes(kind):
                    yield kind, fields, codes

    def limits_of(self, contract: Contract) -> dict[str, list[str]]:
        """Give the codes by kind that limit it in a contract, for whoever is told."""
        return {kind: sorted(codes) for kind, _, codes in self.limits(contract)}

    def written(self) -> dict[str, str]:
        """Write its parts as they are kept: codes by commas, or nothing."""
        return {n: ",".join(sorted(getattr(self, n))) for n in PARTS}

    def __str__(self) -> str:
        """Say it in a line: contracts, then limits, or that there are none."""
        limits = [f"{k}={v}" for k, v in self.written().items() if v and k != "contracts"]
        contracts = ",".join(sorted(self.contracts)) or "all"
        return f"contracts={contracts} {' '.join(limits) or 'scope=all'}"


PARTS = ("contracts", *LIMIT_KINDS)
WHOLE = Scope()


def merged(contract: Contract, scopes: Sequence[Scope]) -> Scope:
    """Give what several keys of one sender may send together in a contract."""
    those = [s for s in scopes if s.may_send(contract.name)] or scopes
    codes = {k: [s.codes(k) for s in those] for k in LIMIT_KINDS}
    return Scope(
        frozenset([contract.name]),
        **{k: frozenset.union(*several) if all(several) else NONE for k, several in codes.items()},
    )


def scope_of(written: Mapping[str, str]) -> Scope:
    """Read a scope as it is kept."""
    parts = {n: frozenset(t for t in written[n].split(",") if t) for n in PARTS}
    return Scope(**parts) if any(parts.values()) else WHOLE


def read_scope(
    asked: Mapping[str, str], contracts: Mapping[str, Contract], *, is_whole: bool
) -> Scope:
    """Read what is asked for in a command: a list of codes by `PARTS`, or the whole scope.

    Raises `ScopeError` where a contract would be left without any limit and nobody said so, where
    a limit limits nothing, and for codes that no event could have.
    """
    parts = {n: [c for t in asked[n].split(",") if (c := t.strip())] for n in PARTS}
    unknown = sorted(set(parts["contracts"]) - set(contracts))
    if unknown:
        raise ScopeError(
            "unknown_contract",
            f"--contracts: không có hợp đồng {', '.join(unknown)}",
            f"--contracts: unknown contract {', '.join(unknown)}",
        )
    meant = [contracts[n] for n in parts["contracts"] or contracts]
    named = [k for k in LIMIT_KINDS if parts[k]]
    if is_whole and named:
        options = ", ".join(f"--{k}" for k in named)
        raise ScopeError(
            "whole_and_limited",
            f"--all không đi cùng {options}",
            f"--all goes without {options}",
        )
    if not is_whole:
        _check_limits(meant, named)
    for kind in named:
        for contract in meant:
            _check_codes(contract, kind, parts[kind])
    if named:  # what is installed later has no limit here, so that it is not meant
        parts["contracts"] = [c.name for c in meant]
    return scope_of({n: ",".join(codes) for n, codes in parts.items()})


def _check_limits(contracts: list[Contract], named: list[LimitKind]) -> None:
    """See that each contract has a limit, and each limit a contract."""
    for contract in contracts:
        kinds = list(contract.spec.limited)
        if not any(k in named for k in kinds):
            options = " / ".join(f"--{k}" for k in kinds)
            vi = f"nêu {options}, hoặc --all" if kinds else "chỉ có thể --all"
            en = f"name {options}, or --all" if kinds else "--all is all there is"
            raise ScopeError(
                "no_limit",
                f"{contract.name}: chưa có giới hạn nào; {vi}; --contracts nêu hợp đồng được gửi",
                f"{contract.name}: no limit is named; {en}; --contracts names what it may send",
            )
    for kind in named:
        if not any(kind in c.spec.limited for c in contracts):
            listed = ", ".join(c.name for c in contracts)
            raise ScopeError(
                "limits_nothing",
                f"--{kind}: không giới hạn gì trong {listed}",
                f"--{kind}: limits nothing in {listed}",
            )


def _check_codes(contract: Contract, kind: LimitKind, codes: list[str]) -> None:
    """See that events of the contract could have these codes."""
    for name in contract.spec.limited.get(kind, ()):
        pattern: Any = next(f.limits.get("pattern") for f in contract.fields if f.name == name)
        for code in codes:
            if pattern is not None and not re.search(pattern, code):
                raise ScopeError(
                    "malformed",
                    f"--{kind}: “{code}” không đúng dạng của {contract.name}.{name}",
                    f"--{kind}: {code!r} does not have the form of {contract.name}.{name}",
                )
