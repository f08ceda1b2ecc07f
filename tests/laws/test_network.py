"""NetworkPolicies let through what processes need, over IPv4 and IPv6, and nothing else.

No packet is sent: it is worked out from the policies, as the API defines them. Whoever is selected
by a policy of a direction may do there what any of those policies names, and nothing else.
"""

from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

import pytest

from hub import registry
from hub.operating.workloads import PORTS, example_of
from tests.laws.test_k8s import OURS, Manifest, dashed, template

POLICIES = [m["spec"] for m in OURS if m["kind"] == "NetworkPolicy"]
PODS = {
    m["metadata"]["name"]: t["metadata"]["labels"] for m in OURS if (t := template(m)) is not None
}
DATABASE = {"cnpg.io/cluster": "database"}
NAMES, KAFKA, SQL, SCHEMAS, TRACES = 53, (9092, 9093), 5432, 8081, 4318
COMMON = {("TCP", p) for p in (NAMES, *KAFKA, SQL, SCHEMAS, TRACES)} | {("UDP", NAMES)}
TOLD = {("TCP", p) for p in (80, 443, 465, 587, 1883, 8883)}  # mail, MQTT, the rest over HTTP
# Also what nobody must reach: shells, mail in clear, etcd, API server, kubelet, other stores.
TRIED = [
    *(("TCP", p) for p in (22, 25, 53, 80, 443, 465, 587, 1883, 2379, 3306, 4318, 5432, 6443)),
    *(("TCP", p) for p in (8000, 8080, 8081, 8090, 8443, 8883, 8884, 9092, 9093, 9094, 9187)),
    *(("TCP", 10250), ("UDP", 53), ("UDP", 123), ("UDP", 443), ("SCTP", 9092)),
]
PLACES = ("192.0.2.7", "2001:db8::7")


class Peer(NamedTuple):
    """Who is at the other end: a pod with labels, its namespace's labels; or an address outside."""

    pod: dict[str, str] | None = None
    space: dict[str, str] | None = None
    address: str = ""


OUTSIDE = [Peer(address=a) for a in PLACES]
RESOLVER = Peer({"k8s-app": "kube-dns"}, {"kubernetes.io/metadata.name": "kube-system"})
SCRAPER = Peer({"app.kubernetes.io/name": "prometheus"}, {"lgsp.vn/scrapes": "true"})
STRANGER = Peer({"app.kubernetes.io/name": "stranger"}, {"kubernetes.io/metadata.name": "other"})
OWN_SPACE = {"kubernetes.io/metadata.name": "lgsp"}


def selects(selector: Manifest, labels: dict[str, str]) -> bool:
    assert set(selector) <= {"matchLabels"}, "this reading of policies knows no other selectors"
    return bool(selector.get("matchLabels", {}).items() <= labels.items())


def is_peer(rule: Manifest, peer: Peer) -> bool:
    if "ipBlock" in rule:
        block = rule["ipBlock"]
        inside = [ip_network(n) for n in (block["cidr"], *block.get("except", []))]
        at = peer.address and ip_address(peer.address)
        return bool(at) and at in inside[0] and not any(at in n for n in inside[1:])
    if peer.pod is None or peer.space is None:
        return False
    # Without a selector of namespaces, pods are those of the policy's own.
    space = rule.get("namespaceSelector")
    in_space = peer.space == OWN_SPACE if space is None else selects(space, peer.space)
    return in_space and selects(rule.get("podSelector", {}), peer.pod)


def is_port(rule: Manifest, protocol: str, port: int, names: dict[str, int]) -> bool:
    said = rule.get("port")
    said = names[said] if isinstance(said, str) else said
    return bool(rule.get("protocol", "TCP") == protocol and (said is None or said == port))


def lets(
    labels: dict[str, str],
    direction: str,
    peer: Peer,
    protocol: str,
    port: int,
    names: dict[str, int] | None = None,
) -> bool:
    """Whether a pod may be spoken to, or speak, at a port."""
    which, ends = ("ingress", "from") if direction == "Ingress" else ("egress", "to")
    policies = [
        p for p in POLICIES if direction in p["policyTypes"] and selects(p["podSelector"], labels)
    ]
    return not policies or any(
        (ends not in rule or any(is_peer(r, peer) for r in rule[ends]))
        and (
            "ports" not in rule
            or any(is_port(r, protocol, port, names or {}) for r in rule["ports"])
        )
        for policy in policies
        for rule in policy.get(which, [])
    )


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


@pytest.mark.parametrize("name", PODS)
@pytest.mark.parametrize("peer", OUTSIDE, ids=lambda p: p.address)
def test_a_process_reaches_what_it_needs_and_nothing_else(name: str, peer: Peer) -> None:
    """The same over IPv4 and IPv6. Names are asked of the cluster's own resolver alone."""
    names = {("TCP", NAMES), ("UDP", NAMES)}
    assert reached(PODS[name], peer) == needed(name) - names
    assert reached(PODS[name], RESOLVER) == needed(name)


def test_not_all_reach_the_same() -> None:
    """What is needed differs: a connector over a folder has no upstream, a worker tells nobody."""
    assert needed("worker") == needed("connect-payments") == COMMON
    assert needed("connect-salinity") - COMMON == {("TCP", p) for p in (1883, 8883, 8884)}
    assert needed("connect-tax-fees") - COMMON == {("TCP", 9094)}
    assert len({frozenset(needed(n)) for n in PODS}) >= 5


@pytest.mark.parametrize("name", PODS)
def test_a_process_is_reached_by_scrapes_and_the_gateway_by_all(name: str) -> None:
    tried: dict[str, Any] = {"names": {"calls": 8090, "http": 8080}}
    who = {"scraper": SCRAPER, "stranger": STRANGER, **{p.address: p for p in OUTSIDE}}
    at = {
        (person, port)
        for person, peer in who.items()
        for port in (22, 5432, 8080, 8090, 9092)
        if lets(PODS[name], "Ingress", peer, "TCP", port, **tried)
    }
    wanted = {("scraper", 8080)}
    wanted |= {(p, 8080) for p in who if name == "gateway"}
    wanted |= {(p, 8090) for p in who if name == "connect-wallets"}
    assert at == wanted


def test_the_database_is_reached_by_the_hub_itself_and_its_operator() -> None:
    hub = Peer({"app.kubernetes.io/part-of": "lgsp-hub"}, OWN_SPACE)
    impostor = Peer({"app.kubernetes.io/part-of": "lgsp-hub"}, {"some": "space"})
    operator = Peer({}, {"app.kubernetes.io/name": "cloudnative-pg"})
    who = {"hub": hub, "impostor": impostor, "operator": operator, "scraper": SCRAPER}
    who |= {"standby": Peer(DATABASE, OWN_SPACE), "outside": OUTSIDE[0]}
    at = {
        (person, port)
        for person, peer in who.items()
        for port in (22, 5432, 8000, 9187)
        if lets(DATABASE, "Ingress", peer, "TCP", port)
    }
    both = {(p, port) for p in ("standby", "operator") for port in (5432, 8000)}
    assert at == {("hub", 5432), ("scraper", 9187), *both}
