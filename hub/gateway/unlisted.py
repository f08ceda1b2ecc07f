"""Unlisted: codes that are on no list of the province, with those that may have been meant.

One that has not the form of a code is refused; what is near it is offered with the refusal. One
that has is counted all the same (a list may be behind), and told to who sent it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import polars as pl

from hub.definitions.admission import Admitted, Verdict, verdict_of
from hub.definitions.coded import coded, label
from hub.definitions.contract import Contract
from hub.definitions.faults import Fault, show_value
from hub.definitions.masking import mask_text
from hub.definitions.near import near_codes, offered

VALUES_MAX = 20  # of one submission that are looked for: a list may be long
NamesOf = Callable[[str], Mapping[str, str]]


@dataclass(frozen=True)
class Unlisted:
    """A code that the province's list does not have, and the near ones that it has."""

    field: str
    value: str
    near: tuple[str, ...]
    message_vi: str
    message_en: str


def find_unlisted(contract: Contract, events: pl.DataFrame, names_of: NamesOf) -> list[Unlisted]:
    """Find codes of events that are on no list; of a list that is not loaded nothing is said."""
    unlisted: list[Unlisted] = []
    for f in contract.sent:
        listed = coded(contract, f.name).listed
        if not listed or events.is_empty():
            continue
        names = names_of(listed)
        codes = events[f.name].drop_nulls().unique().sort().to_list()
        for code in [c for c in codes if c not in names and names]:
            if len(unlisted) == VALUES_MAX:
                return unlisted
            near_vi, near_en = offered(code, names)
            shown = show_value(mask_text(code))
            vi = f"{label(f).vi}: mã {shown} không có trong danh mục, vẫn được tính{near_vi}"
            en = f"{f.name}: {shown} is not on the list and is counted all the same{near_en}"
            unlisted.append(Unlisted(f.name, shown, tuple(near_codes(code, names)), vi, en))
    return unlisted


def offer_near(contract: Contract, admitted: Admitted, names_of: NamesOf) -> None:
    """Add to verdicts on malformed codes which codes of the province's lists are near."""
    offers: dict[tuple[str, str], tuple[str, str]] = {}

    def near(fault: Fault) -> tuple[str, str]:
        listed = coded(contract, fault.field).listed
        if fault.rule != "malformed" or not listed or not fault.value:
            return "", ""
        asked = (listed, fault.value)
        if asked not in offers:
            if len(offers) == VALUES_MAX:
                return "", ""
            offers[asked] = offered(fault.value, names_of(listed))
        return offers[asked]

    def judged(verdict: Verdict) -> Verdict:
        faults = []
        for fault in verdict.each():
            vi, en = near(fault)
            said = (fault.message_vi + vi, fault.message_en + en)
            faults.append(replace(fault, message_vi=said[0], message_en=said[1]))
        return verdict_of(verdict.index, faults) if faults != verdict.each() else verdict

    admitted.rejected = [judged(v) for v in admitted.rejected]
