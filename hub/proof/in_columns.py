"""In columns: whether the columns that questions are answered from say what the facts do."""

import polars as pl

from hub.apply.fold import digest_facts
from hub.definitions.fact import Fact
from hub.proof.finding import Findings
from hub.store.reading import Reading
from hub.store.tables import LANES

FACTS_AT_ONCE = 50_000
ENTITY = "entity"


def compare_columns(reading: Reading, fact: Fact, findings: Findings) -> None:
    """Name the facts whose columns have another digest than the stored one.

    Digests are made anew of the columns. Where there are none, nobody is answered from them.
    """
    frames = reading.frames(fact)
    if frames is None:
        return
    facts = frames.facts().collect()
    chunks = [facts[i : i + FACTS_AT_ONCE] for i in range(0, len(facts), FACTS_AT_ONCE)]
    found = [digest_facts(fact, chunk).select(ENTITY, *LANES) for chunk in chunks]
    schema = {ENTITY: pl.String, **dict.fromkeys(LANES, pl.Int64)}
    ours = pl.concat(found) if found else pl.DataFrame(schema=schema)
    sums = ",".join(f"COALESCE(SUM({lane}), 0)" for lane in LANES)
    (said,) = reading.rows(f"SELECT COUNT(*), {sums} FROM {fact.table}")
    if tuple(map(int, said)) == (len(ours), *(int(ours[lane].sum()) for lane in LANES)):
        return
    rows = reading.rows(f"SELECT {','.join([ENTITY, *LANES])} FROM {fact.table}")
    stored = {row[0]: tuple(map(int, row[1:])) for row in rows}
    in_columns = {row[0]: row[1:] for row in ours.rows()}
    for entity in sorted(stored.keys() | in_columns.keys()):
        pair = stored.get(entity, "nothing"), in_columns.get(entity, "nothing")
        if pair[0] != pair[1]:
            findings.differ(f"columns {fact.contract}/{entity}", *pair)
