"""What was promised of the SQL views stays: within a version, names and types are added alone."""

from pathlib import Path

from hub import registry
from hub.store.sql_views import VERSION, views_of

PROMISED = Path(__file__).with_name(f"sql_views_v{VERSION}.txt")


def test_what_was_promised_is_there_and_what_is_there_is_promised() -> None:
    """Add lines to the file for what is new; who takes one away breaks somebody's report.

    A view that the file does not name at all is of a new contract, which is added by its own
    folder alone: it is promised by who releases it, and nothing of the others changes by it.
    """
    views = views_of(registry.definitions(), registry.installed().lists.installed.forms)
    there = [f"{v.name}.{c.name} {c.type.rpartition(':')[2]}" for v in views for c in v.columns]
    promised = PROMISED.read_text("utf-8").splitlines()
    named = {line.partition(".")[0] for line in promised}
    assert sorted(line for line in there if line.partition(".")[0] in named) == promised


def test_every_column_is_described() -> None:
    views = views_of(registry.definitions(), registry.installed().lists.installed.forms)
    docs = [doc for v in views for doc in (v.doc, *(c.doc for c in v.columns))]
    assert all(doc.vi and doc.en for doc in docs)
