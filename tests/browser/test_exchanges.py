"""What became of messages to national services, where a dossier and its source are shown."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hub import registry
from hub.store.exchanges import Exchanges
from hub.store.store import Store
from stream_jobs.worked import received
from tests.stories.conftest import Served
from tests.unit.http.test_exchanges import AT, OURS, THEIRS, row

Show = Callable[..., Page]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Serve two dossiers: one was refused by the portal, one is not acknowledged yet."""
    made = Served(tmp_path / "hub")
    try:
        made.start()
        made.create_key("so-a")
        assert made.post("dossier", [received(c, "2023-05-02") for c in (OURS, THEIRS)]).is_success
        made.settle()
        store = Store(f"sqlite:///{made.folder / 'store.sqlite3'}", registry.definitions())
        ledger = Exchanges(store)
        ledger.take([row(OURS, "a"), row(THEIRS, "b")])
        refused = {"state": "refused", "answer_code": "-1", "answer": "Thiếu trường MaLinhVuc"}
        ledger.act("a", "sent", AT + 1, state="sending", tries=1, sent_at=AT + 1)
        ledger.act("a", "refused", AT + 2, answered_at=AT + 2, **refused)
        store.close()
        yield made
    finally:
        made.kill()


def test_the_ledger_says_how_many_were_refused_and_why(show: Show, served: Served) -> None:
    page = show(path="sources")
    page.goto(f"{served.url}/sources?period=2023")
    ledger = page.locator("#exchanges")
    expect(ledger).to_contain_text("1 bị từ chối")
    expect(ledger).to_contain_text("1 · -1: Thiếu trường MaLinhVuc")
    expect(ledger.locator("[data-exchange]")).to_have_count(2)
    why = ledger.locator('[data-exchange="a"] .mark.bad')
    expect(why).to_have_text("✗bên nhận từ chối (-1: Thiếu trường MaLinhVuc)")
    page.locator('[data-lang="en"]').click()
    expect(why).to_contain_text("the receiver refused it")


@pytest.mark.parametrize("width", [1440, 390])
def test_the_proof_of_a_dossier_says_why_it_is_not_synced(
    show: Show, served: Served, width: int
) -> None:
    page = show(path="sources", width=width, height=900)
    asked = f"kpi=dossier_sync_backlog&period=2023&show=facts&fact={OURS}"
    page.goto(f"{served.url}/ask?{asked}")
    proof = page.locator("#proof")
    expect(proof.locator("[data-exchange]")).to_have_count(1)
    expect(proof).to_contain_text("bên nhận từ chối (-1: Thiếu trường MaLinhVuc)")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
