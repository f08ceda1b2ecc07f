"""Loading: lists of reference data go into the log; they are in force once that is applied.

What is in force is asked of the log and not of the store, which may be behind it: the same lists
loaded by several processes at once are one act.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from hub.apply.acts import LOADED, flaw
from hub.apply.intake import take
from hub.definitions.own.control import CONTROL
from hub.log.log import Log, Submission
from hub.log.slices import join
from hub.log.submitting import encode, new_receipt
from hub.reference.form import Row
from hub.reference.lists import Loaded, digest_of, write_rows

SENDER = "hub-reference"


def load_lists(log: Log, tables: Mapping[str, Sequence[Row]], now: int, by: str) -> dict[str, str]:
    """Append the event that loads each list which is not in force yet; give their digests by name.

    All of them are loaded by one submission. `now`: microseconds, as of the hub's clock.
    Raises `LogUnavailableError`.
    """
    known = last_loaded(log)
    digests = {name: digest_of(rows) for name, rows in tables.items()}
    fresh = {n: d for n, d in digests.items() if n not in known or known[n].digest != d}
    if not fresh:
        return {}
    events = [
        {
            "event_id": _event_id(name, digest, known.get(name)),
            "recorded_at": None,
            "kind": LOADED,
            "period": name,
            "closed_at": now,
            "closed_by": by,
            "cut": "",
            "figures": "",
            "silent": "",
            "digest": digest,
            "rows": write_rows(tables[name]),
        }
        for name, digest in fresh.items()
    ]
    frame = pl.DataFrame(events, schema={f.name: f.dtype for f in CONTROL.fields})
    receipt, at = new_receipt(now), now // 1000 * 1000
    batch = encode(CONTROL, SENDER, frame, receipt, at)
    log.append([Submission(receipt, SENDER, CONTROL.name, at, len(events), 0, [batch])])
    return fresh


def last_loaded(log: Log) -> dict[str, Loaded]:
    """Find which lists the log says were loaded, the last of each name."""
    last: dict[str, Loaded] = {}
    ids: set[str] = set()
    for act in _acts(log):
        if act["kind"] == LOADED and act["event_id"] not in ids:
            ids.add(act["event_id"])
            last[act["period"]] = Loaded(act["event_id"], act["period"], act["digest"])
    return last


def _acts(log: Log) -> Iterator[dict[str, Any]]:
    """Read the acts that the control topic holds, as apply takes them."""
    for partition, end in log.ends(CONTROL.topic).items():
        at = 0
        while at < end:
            slices = log.read(CONTROL.topic, at, partition=partition, until=end)
            if not slices:
                return
            acts = take(CONTROL, join(slices)).frame.iter_rows(named=True)
            yield from (act for act in acts if flaw(act) is None)
            at = slices[-1].following


def _event_id(name: str, digest: str, before: Loaded | None) -> str:
    """Name an act of loading by what it loads and what it replaces: told twice, it is one."""
    text = f"{digest} {before.event_id if before else ''}"
    return f"{name[:40]}@{hashlib.blake2b(text.encode(), digest_size=10).hexdigest()}"
