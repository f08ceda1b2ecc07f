"""`hub rebuild` makes the same tables anew, and is asked for when definitions change."""

import sqlite3

from stream_jobs.worked import dossier, paid, received, salinity
from tests.parts import loopback
from tests.stories.conftest import Served

TABLES = {
    "cell": "SELECT * FROM cell ORDER BY 1, 2, 3, 4",
    "ledger": "SELECT * FROM ledger ORDER BY 1, 2, 3, 4",
    "arrival": "SELECT * FROM arrival ORDER BY 1, 2, 3, 4",
    "heard": "SELECT * FROM heard ORDER BY 1, 2, 3",
    "quarantine": "SELECT * FROM quarantine ORDER BY 1",
    "facts": "SELECT entity, events, d0, d1, d2, d3, state FROM fact_dossier ORDER BY 1",
    "keys": "SELECT * FROM api_key ORDER BY 1",
}


def tables(served: Served) -> dict[str, list[tuple[object, ...]]]:
    store = sqlite3.connect(served.folder / "store.sqlite3")
    found = {name: store.execute(query).fetchall() for name, query in TABLES.items()}
    store.close()
    return found


def test_a_rebuild_gives_the_same_tables_and_keeps_keys(served: Served) -> None:
    served.post("dossier", [received(f"A{i}", "2023-05-05") for i in range(50)])
    served.post("dossier", [dossier(f"A{i}", "resolved", "2023-05-08") for i in range(0, 50, 2)])
    served.post("dossier", [{"event_id": "bad"}])
    served.post("reading", [salinity("ST01", "2023-05-05T05:00", 4.2)])
    served.post("payment", [paid("cash", "2023", customers=3, amount=9)])
    served.settle()
    served.stop()
    before = tables(served)
    assert all(before.values())
    assert served.run("rebuild").returncode == 0
    assert tables(served) == before

    # Figures of other definitions are not shown as if they were of these.
    store = sqlite3.connect(served.folder / "store.sqlite3")
    store.execute("UPDATE definition SET digest = 'other' WHERE contract = 'dossier'")
    store.commit()
    store.close()
    refused = served.run("kpi", "--period", "2023")
    assert refused.returncode == 2
    assert "hub rebuild" in refused.stderr
    assert served.run("rebuild").returncode == 0
    assert tables(served) == before
    assert served.run("verify").returncode == 0


def test_verify_on_a_sample_leaves_its_own_statement(served: Served) -> None:
    events = [received(f"S{i}", "2026-01-05") for i in range(50)]
    assert served.post("dossier", events).status_code == 202
    served.settle()
    done = served.run("verify", "--sample", "50%")
    assert done.returncode == 0, done.stderr
    assert "0 differences" in done.stdout
    counted = int(done.stdout.split(" events")[0].replace(",", ""))
    assert 0 < counted < len(events)
    scraped = loopback.get(f"{served.url}/metrics").text
    samples = dict(line.rsplit(" ", 1) for line in scraped.splitlines() if line[:1] != "#")
    assert float(samples["hub_verify_sample_at_seconds"]) > 0
    assert float(samples["hub_verify_at_seconds"]) == 0
    assert served.run("verify", "--sample", "0").returncode == 2
