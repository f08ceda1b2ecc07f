"""Who sees what: nothing is open behind a proxy, a limited key sees what is within its scope."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.access.sight import seen
from hub.settings import SettingsError, read_settings
from stream_jobs.worked import dossier, paid, received, salinity
from tests.parts.asking import close_period
from tests.parts.pushed import SCOPES, Pushed, pushed

# By which a request says that it came through something; each alone is enough.
THROUGH: list[dict[str, str]] = [
    {"X-Forwarded-For": "10.1.2.3"},
    {"X-Forwarded-Proto": "https"},
    {"X-Forwarded-Host": "hub.hue.gov.vn"},
    {"Forwarded": "for=10.1.2.3"},
    {"X-Real-IP": "10.1.2.3"},
    {"Via": "1.1 proxy"},
    {"Host": "hub.hue.gov.vn"},
    {"Host": "127.0.0.1.hue.gov.vn:8080"},
]
READ = (
    "/v1/kpis",
    "/v1/kpis/dossier_received_new?period=2023",
    "/v1/kpis/dossier_received_new/facts?period=2023",
    "/v1/sources",
    "/v1/sources/H57.1/valid",
    "/v1/periods",
    "/v1/stream?limit=1",
    "/v1/quarantine",
    "/v1/quarantine/rows/dossier",
    "/v1/receipts/none",
    "/v1/receipts/none/errors.csv",
)
# Made to be read by anybody.
PUBLISHED = ("/v1/open-data", "/v1/open-data/files/{name}")
# Says nothing of what was sent.
OPEN = ("/", "/healthz", "/readyz", "/openapi.json", "/.well-known/jwks.json", "/page/groups.json")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Pushed]:
    """Open a hub with dossiers of two units, statistics of two banks, and what was rejected."""
    with pushed(tmp_path / "hub") as opened:
        opened.send("dossier", received("OURS", "2023-05-02") | {"resolved_by": None})
        opened.send("dossier", received("FOR-US", "2023-05-02") | THEIRS | {"resolved_by": "H57.1"})
        opened.send("dossier", received("THEIRS", "2023-05-02") | THEIRS)
        opened.send("dossier", dossier("ODD", "processing", "2023-05-02"))
        for reporter, area in (("NH01", "H57.1"), ("NH02", "H57.1"), ("NH02", "H57.2")):
            more = {"reporter": reporter, "area": area}
            opened.send("payment", paid("cashless", "2023-05", customers=1, amount=9, **more))
        opened.send("reading", *(salinity(s, "2023-05-03", 4.5) for s in ("ST01", "ST02")))
        for sender in ("H57.1", "province"):
            opened.post("/v1/events/dossier", {"kind": "received"}, sender)
        yield opened


THEIRS = {"received_by": "H57.2", "resolved_by": "H57.2"}


def entities(hub: Pushed, kpi: str, sender: str, period: str = "2023-05") -> Any:
    """Give what a figure is made of, as a sender sees it; the problem where it is refused."""
    answer = hub.ask(f"/v1/kpis/{kpi}/facts?period={period}", sender).json()
    return [f["entity"] for f in answer["facts"]] if "facts" in answer else answer["title"]


@pytest.mark.parametrize("headers", THROUGH, ids=str)
def test_through_a_proxy_nothing_is_read_without_a_key(
    hub: Pushed, headers: dict[str, str]
) -> None:
    for path in READ:
        assert hub.ask(path, headers=headers).status_code == 401, path
    for path in OPEN:
        assert hub.ask(path, headers=headers).status_code != 401, path
    scraped = hub.ask("/metrics", headers=headers).status_code
    assert scraped == (200 if "Host" in headers else 401)
    assert hub.ask("/v1/kpis", "NH01", headers).status_code == 200


def test_whatever_is_read_under_v1_needs_a_key_through_a_proxy(hub: Pushed) -> None:
    paths = hub.ask("/openapi.json").json()["paths"]
    read = [path for path, asked in paths.items() if path.startswith("/v1/") and "get" in asked]
    named = {"kpi_id": "dossier_received_new", "contract": "dossier", "period": "2023"}
    for path in read:
        filled = re.sub(r"{(\w+)}", lambda m: named.get(m[1], "x"), path)
        is_asked_for = hub.ask(filled, headers=THROUGH[0]).status_code == 401
        assert is_asked_for != (path in PUBLISHED), path
    assert len(read) >= len({p.partition("?")[0] for p in READ}) - 1


@pytest.mark.parametrize(
    "settings",
    [
        {"public_url": "https://hub"},
        {"listen": "0.0.0.0:8080"},
        {"listen": "[::]:8080"},
        {"listen": "[2001:db8::1]:8080"},
        {"proxied": True},
    ],
    ids=str,
)
def test_where_others_reach_the_server_nothing_is_read_without_a_key(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    with pushed(tmp_path, None, **settings) as hub:
        for path in READ:
            assert hub.ask(path).status_code == 401, path
        for path in (*OPEN, "/metrics"):
            assert hub.ask(path).status_code != 401, path


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "localhost:1", "[::1]:8080"])
def test_who_asks_directly_reads_without_a_key(hub: Pushed, host: str) -> None:
    for path in READ:
        wanted = 404 if "/none" in path else 200
        assert hub.ask(path, headers={"Host": host}).status_code == wanted, path
    assert len(entities(hub, "dossier_received_new", "")) == 3


def test_a_public_url_is_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PUBLIC_URL", "hub.hue.gov.vn")
    with pytest.raises(SettingsError, match="HUB_PUBLIC_URL"):
        read_settings()


def test_a_limited_key_sees_facts_within_its_scope(hub: Pushed) -> None:
    ours = ["FOR-US", "OURS"]
    assert entities(hub, "dossier_received_new", "H57.1") == ours
    for sender in ("officer", "province"):
        assert entities(hub, "dossier_received_new", sender) == [*ours, "THEIRS"]
    of_st01 = ["ST01|salinity|2023-05-03T08:00:00.000000"]
    assert entities(hub, "salinity_mean", "ST01") == of_st01
    assert len(entities(hub, "salinity_mean", "officer")) == 2
    assert entities(hub, "salinity_mean", "NH01") == "contract_not_allowed"
    assert entities(hub, "dossier_received_new", "NH01") == "contract_not_allowed"
    answer = hub.ask("/v1/kpis/dossier_received_new/facts?period=2023", "H57.1").json()
    assert (answer["scope"], answer["total"]) == ({"units": ["H57.1"]}, 2)
    assert "scope" not in hub.ask("/v1/kpis/dossier_received_new/facts?period=2023").json()


def test_a_bank_sees_its_own_statistics_and_an_office_those_of_its_area(hub: Pushed) -> None:
    payment = hub.hub.contracts["payment"]
    with hub.hub.store.reading() as reading:
        known = [str(row[0]) for row in reading.rows("SELECT entity FROM fact_payment")]
        within = {
            name: sorted(e[:5] + e[-13:-8] for e in seen(reading, payment, scope, known))
            for name, scope in SCOPES.items()
        }
    assert within == {
        "NH01": ["NH01|H57.1"],
        "H57.1-office": ["NH01|H57.1", "NH02|H57.1"],
        "ST01": [],
        "H57.1": [],
        "province": ["NH01|H57.1", "NH02|H57.1", "NH02|H57.2"],
    }


def test_figures_are_for_every_key(hub: Pushed) -> None:
    by_unit = hub.ask("/v1/kpis/dossier_received_new?period=2023&by=unit", "NH01").json()
    assert {f["dims"]["unit"]: f["numerator"] for f in by_unit["figures"]} == {
        "H57.1": 1,
        "H57.2": 2,
    }


def test_receipts_and_rejected_items_are_for_their_sender_and_officers(hub: Pushed) -> None:
    sent = hub.post("/v1/events/dossier", {"kind": "received"}, "H57.1").json()["receipt"]
    statuses = {
        sender: hub.ask(f"/v1/receipts/{sent}", sender).status_code
        for sender in ("", "H57.1", "officer", "NH01", "province", "nobody")
    }
    open_to = {"": 200, "H57.1": 200, "officer": 200}
    assert statuses == {**open_to, "NH01": 404, "province": 404, "nobody": 401}
    senders = {
        sender: {i["sender"] for i in hub.ask("/v1/quarantine", sender).json()["items"]}
        for sender in ("", "H57.1", "officer", "NH01")
    }
    both = {"H57.1", "province"}
    assert senders == {"": both, "H57.1": {"H57.1"}, "officer": both, "NH01": set()}
    for sender, status in (("H57.1", 200), ("officer", 200), ("", 200), ("NH01", 403)):
        assert hub.ask("/v1/sources/H57.1/valid", sender).status_code == status, sender
    assert hub.ask("/v1/sources/H57.1/complete", "NH01").status_code == 200


def test_causes_of_a_restatement_name_what_is_within_the_scope(hub: Pushed) -> None:
    close_period(hub.hub, "2023-05")
    hub.send("dossier", received("OURS-2", "2023-05-02") | {"resolved_by": None})
    hub.send("dossier", received("THEIRS-2", "2023-05-02") | THEIRS)

    def named(sender: str) -> tuple[list[str], int]:
        listed = hub.ask("/v1/periods/2023-05/restatements", sender).json()["restatements"]
        (one,) = [r for r in listed if r["kpi"] == "dossier_received_new"]
        assert one["difference"]["numerator"] == 2
        return [c["entity"] for c in one["causes"]], one["other_causes"]["numerator"]

    assert named("H57.1") == (["OURS-2"], 1)
    assert named("NH01") == ([], 2)
    for sender in ("", "officer", "province"):
        assert named(sender) == (["OURS-2", "THEIRS-2"], 0)
