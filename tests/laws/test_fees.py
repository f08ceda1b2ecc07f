"""The match of a year of fees: each is in the class that a clerk would put it in, to the đồng."""

import json
import random
from pathlib import Path
from typing import Any

from hub import registry
from hub.access.keys import Sender
from stream_jobs.matching import MATCHES
from stream_jobs.worked import fee
from tests.conftest import Hub
from tests.parts.depth import rounds
from tests.parts.fees import RECIPES, year
from tests.parts.pushed import limited
from tests.parts.small import Sent, Small

AT_ONCE = 20_000
SUMS = "COUNT(*), SUM(COALESCE(assessed_vnd, 0)), SUM(net_vnd), SUM(receipted_vnd), SUM(gap_vnd)"


def test_every_class_is_said_in_both_languages_and_seeded() -> None:
    assert {r.match for r in RECIPES} == MATCHES.keys()
    assert len(MATCHES) == 12 + 1
    for match in MATCHES.values():
        for doc in (match.title, match.means, match.step, match.owner):
            assert doc.vi
            assert doc.en


def test_a_seeded_year_leaves_no_dong_over(tmp_path: Path) -> None:
    """Each of 50,000 fees is as it was made, class by class, and so are facts, cells and verify."""
    contract = registry.contracts()["fee"]
    count = rounds(50_000, quick=5_000)
    made = list(year(7, count))
    sent = [Sent("fees", 20_400, event) for one in made for event in one.events]
    random.Random(8).shuffle(sent)
    wanted: dict[str, list[int]] = {}
    for one in made:
        sums = wanted.setdefault(one.match, [0] * 5)
        for place, n in enumerate((1, one.assessed, one.net, one.receipted, one.apart)):
            sums[place] += n
    with Small(tmp_path / "year") as small:
        for start in range(0, len(sent), AT_ONCE):
            small.append(contract, sent[start : start + AT_ONCE])
        while small.lag(contract):
            small.apply(contract, 2)
        with small.store.reading() as reading:
            by_entity: dict[str, str] = dict(reading.rows("SELECT entity, match FROM fact_fee"))
            rows = reading.rows(f"SELECT match, {SUMS} FROM fact_fee GROUP BY match")
            unbalanced = reading.rows(
                "SELECT entity FROM fact_fee WHERE COALESCE(assessed_vnd, 0) <>"
                " paid_vnd - refunded_vnd + outstanding_vnd - excess_vnd"
                " OR net_vnd <> paid_vnd - refunded_vnd OR outstanding_vnd < 0 OR excess_vnd < 0"
                " OR (outstanding_vnd > 0 AND excess_vnd > 0)"
            )
            cells = {
                name: reading.rows(
                    "SELECT dims, SUM(count), SUM(value) FROM cell WHERE cell_set ="
                    f" 'fee.{name}/match' GROUP BY dims"
                )
                for name in ("collected", "unmatched")
            }
        assert small.verify().differences == []
    wrong = [(one.entity, one.match) for one in made if by_entity[one.entity] != one.match]
    assert wrong == []
    assert {match: [int(n) for n in sums] for match, *sums in rows} == wanted
    assert unbalanced == []
    assert sum(s[0] for s in wanted.values()) == count
    assert _of(cells["collected"]) == {m: (s[0], s[2]) for m, s in wanted.items()}
    assert _of(cells["unmatched"]) == {
        m: (s[0], s[4]) for m, s in wanted.items() if MATCHES[m].is_open
    }
    assert sum(s[4] for m, s in wanted.items() if not MATCHES[m].is_open) == 0


def _of(rows: list[Any]) -> dict[str, tuple[int, int]]:
    return {dims.removeprefix("match="): (int(n), int(value)) for dims, n, value in rows}


def test_a_key_of_one_unit_sends_its_own_fees_alone(hub: Hub) -> None:
    office = Sender("office", limited("fee", units="H57.1"))
    own = fee("A", "assessed", "2025-05-04", 100_000)
    other = own | {"event_id": "other", "unit": "H57.2"}
    body = json.dumps([own, other]).encode()
    answer = hub.gateway.accept(registry.contracts()["fee"], office, body)
    (rejected,) = answer.body["rejected"]
    assert (rejected["index"], rejected["field"]) == (1, "unit")
