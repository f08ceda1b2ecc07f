"""NetworkPolicies let through what processes need, over IPv4 and IPv6, and nothing else.

No packet is sent: it is worked out from the policies (`tests/parts/reach.py`). That a node holds
to the same is for `make cluster ONLY=policies`, which sends them.
"""

from functools import cache
from typing import Any

import pytest

from hub import registry
from hub.operating.workloads import PORTS, example_of
from tests.laws.test_k8s import dashed, ours, template
from tests.parts import reach
from tests.parts.reach import (
    DATABASE,
    IMPOSTOR,
    NAMES,
    OPERATOR,
    OWN_SPACE,
    PART_OF_HUB,
    RESOLVER,
    SCRAPER,
    STRANGER,
    TRIED,
    Peer,
)

KAFKA, SQL, SCHEMAS, TRACES = (9092, 9093), 5432, 8081, 4318
COMMON = {("TCP", p) for p in (NAMES, *KAFKA, SQL, SCHEMAS, TRACES)} | {("UDP", NAMES)}
TOLD = {("TCP", p) for p in (80, 443, 465, 587, 1883, 8883)}  # mail, MQTT, the rest over HTTP
PLACES = ("192.0.2.7", "2001:db8::7")


OUTSIDE = [Peer(address=a) for a in PLACES]


@cache
def policies() -> list[dict[str, Any]]:
    return [m["spec"] for m in ours() if m["kind"] == "NetworkPolicy"]


@cache
def labels_of() -> dict[str, dict[str, str]]:
    """Give the labels of the pods that a manifest starts, by its name."""
    found = [(m["metadata"]["name"], t) for m in ours() if (t := template(m)) is not None]
    return {name: pod["metadata"]["labels"] for name, pod in found}


def lets(labels: dict[str, str], direction: str, peer: Peer, *tried: Any, **more: Any) -> bool:
    return reach.lets(policies(), labels, direction, peer, *tried, **more)


def reached(labels: dict[str, str], peer: Peer) -> set[tuple[str, int]]:
    return {t for t in TRIED if lets(labels, "Egress", peer, *t)}


def upstream_of(name: str) -> set[tuple[str, int]]:
    """Say where a connector's upstream is, by the example of its settings."""
    values = example_of(registry.connectors()[name].settings)
    scheme = values.get("url", "").partition("://")[0]
    ports = PORTS[scheme] if scheme else PORTS[""] if "bootstrap" in values else ()
    return {("TCP", p) for p in ports}


def needed(name: str) -> set[tuple[str, int]]:
    connectors = {f"connect-{dashed(n)}": n for n in registry.connectors()}
    own = TOLD if name == "gateway" else set()
    return COMMON | own | (upstream_of(connectors[name]) if name in connectors else set())


@pytest.mark.parametrize("peer", OUTSIDE, ids=lambda p: p.address)
def test_a_process_reaches_what_it_needs_and_nothing_else(
    peer: Peer, subtests: pytest.Subtests
) -> None:
    """The same over IPv4 and IPv6. Names are asked of the cluster's own resolver alone."""
    names = {("TCP", NAMES), ("UDP", NAMES)}
    for name, labels in labels_of().items():
        with subtests.test(name):
            assert reached(labels, peer) == needed(name) - names
            assert reached(labels, RESOLVER) == needed(name)


def test_not_all_reach_the_same() -> None:
    """What is needed differs: a connector over a folder has no upstream, a worker tells nobody."""
    assert needed("worker") == needed("connect-payments") == COMMON
    assert needed("connect-salinity") - COMMON == {("TCP", p) for p in (1883, 8883, 8884)}
    assert needed("connect-tax-fees") - COMMON == {("TCP", 9094)}
    assert len({frozenset(needed(n)) for n in labels_of()}) >= 5


def test_a_process_is_reached_by_scrapes_and_the_gateway_by_all(
    subtests: pytest.Subtests,
) -> None:
    tried: dict[str, Any] = {"names": {"calls": 8090, "http": 8080}}
    who = {"scraper": SCRAPER, "stranger": STRANGER, **{p.address: p for p in OUTSIDE}}
    for name, labels in labels_of().items():
        with subtests.test(name):
            at = {
                (person, port)
                for person, peer in who.items()
                for port in (22, 5432, 8080, 8090, 9092)
                if lets(labels, "Ingress", peer, "TCP", port, **tried)
            }
            wanted = {("scraper", 8080)}
            wanted |= {(p, 8080) for p in who if name == "gateway"}
            wanted |= {(p, 8090) for p in who if name == "connect-wallets"}
            assert at == wanted


def test_the_database_is_reached_by_the_hub_itself_and_its_operator() -> None:
    hub = Peer(PART_OF_HUB, OWN_SPACE)
    who = {"hub": hub, "impostor": IMPOSTOR, "operator": OPERATOR, "scraper": SCRAPER}
    who |= {"standby": Peer(DATABASE, OWN_SPACE), "outside": OUTSIDE[0]}
    at = {
        (person, port)
        for person, peer in who.items()
        for port in (22, 5432, 8000, 9187)
        if lets(DATABASE, "Ingress", peer, "TCP", port)
    }
    both = {(p, port) for p in ("standby", "operator") for port in (5432, 8000)}
    assert at == {("hub", 5432), ("scraper", 9187), *both}
