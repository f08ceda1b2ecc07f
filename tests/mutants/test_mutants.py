"""Every slip that was drawn is noticed, or `lived.csv` says why not; and the harness is tried.

All of them are made by `make mutants`; here one of so many, another one of each rule.
"""

import ast

import pytest

from tests.mutants.run import reasons, run, unknown
from tests.mutants.slips import Neighbours, of_sql, slips
from tests.mutants.worlds import all_slips, modules

ONE_OF = 17


@pytest.mark.slow
def test_a_sample_of_slips_is_noticed() -> None:
    chosen = all_slips()[::ONE_OF]
    notices = run(chosen, lambda _: None)
    assert unknown(notices) == []
    assert len(notices) == len(chosen) > 40


def test_every_reason_is_of_a_slip_that_there_is() -> None:
    assert reasons().keys() <= {slip.name for slip in all_slips()}


def test_slips_are_made_of_every_module_that_says_what_figures_are() -> None:
    made = {slip.module for slip in all_slips()}
    # A form of one report only puts together what its columns say.
    assert set(modules()) - made == set()


def test_a_slip_is_the_module_with_one_thing_changed() -> None:
    source = "X = Flow('a', only={'kind': 'new'}) if a < 1 and b else Total('a', 'start')"
    neighbours = Neighbours([["start", "end"]])
    said = {ast.unparse(slip.tree) for slip in slips("m", source, neighbours)}
    whole = ast.unparse(ast.parse(source))
    assert whole not in said
    assert whole.replace("a < 1", "a <= 1") in said
    assert whole.replace("'start'", "'end'") in said
    assert whole.replace(", only={'kind': 'new'}", "") in said
    assert whole.replace("a < 1 and b", "b") in said
    assert whole.replace("and", "or") in said


def test_conditions_in_sql_are_slipped_in_each_way() -> None:
    made = dict(of_sql("ended_at < {until} AND kind IN ('a', 'b')", Neighbours([["a", "c"]])))
    assert set(made.values()) == {
        "ended_at <= {until} AND kind IN ('a', 'b')",
        "ended_at < {start} AND kind IN ('a', 'b')",
        "ended_at < {until} OR kind IN ('a', 'b')",
        "ended_at < {until} AND kind NOT IN ('a', 'b')",
        "ended_at < {until} AND kind IN ('c', 'b')",
        "ended_at < {until} AND kind IN ('b')",
        "ended_at < {until} AND kind IN ('a')",
        "1 = 1 AND kind IN ('a', 'b')",
        "ended_at < {until} AND 1 = 1",
    }
