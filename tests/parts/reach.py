"""What NetworkPolicies let through, worked out as the API defines them; no packet is sent.

Whoever is selected by a policy of a direction may do there what any of those policies names, and
nothing else; whoever is selected by none may do all.
"""

from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

Manifest = dict[str, Any]
SPACE = "kubernetes.io/metadata.name"
OWN_SPACE = {SPACE: "lgsp"}
PART_OF_HUB = {"app.kubernetes.io/part-of": "lgsp-hub"}
DATABASE = {"cnpg.io/cluster": "database"}
NAMES = 53
# Also what nobody must reach: shells, mail in clear, etcd, API server, kubelet, other stores.
TRIED = [
    *(("TCP", p) for p in (22, 25, 53, 80, 443, 465, 587, 1883, 2379, 3306, 4318, 5432, 6443)),
    *(("TCP", p) for p in (8000, 8080, 8081, 8090, 8443, 8883, 8884, 9092, 9093, 9094, 9187)),
    *(("TCP", 10250), ("UDP", 53), ("UDP", 123), ("UDP", 443), ("SCTP", 9092)),
]


class Peer(NamedTuple):
    """Who is at the other end: a pod with labels, its namespace's labels; or an address outside."""

    pod: dict[str, str] | None = None
    space: dict[str, str] | None = None
    address: str = ""


RESOLVER = Peer({"k8s-app": "kube-dns"}, {SPACE: "kube-system"})
SCRAPER = Peer({"app.kubernetes.io/name": "prometheus"}, {"lgsp.vn/scrapes": "true"})
STRANGER = Peer({"app.kubernetes.io/name": "stranger"}, {SPACE: "other"})
IMPOSTOR = Peer(PART_OF_HUB, {"some": "space"})
OPERATOR = Peer({}, {"app.kubernetes.io/name": "cloudnative-pg"})


def selects(selector: Manifest, labels: dict[str, str]) -> bool:
    """Whether a selector takes these labels."""
    assert set(selector) <= {"matchLabels"}, "this reading of policies knows no other selectors"
    return bool(selector.get("matchLabels", {}).items() <= labels.items())


def is_peer(rule: Manifest, peer: Peer) -> bool:
    """Whether a rule's end is this one."""
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
    """Whether a rule's port is this one; a name is a port of the pod that is spoken to."""
    said = rule.get("port")
    said = names[said] if isinstance(said, str) else said
    return bool(rule.get("protocol", "TCP") == protocol and (said is None or said == port))


def lets(
    policies: list[Manifest],
    labels: dict[str, str],
    direction: str,
    peer: Peer,
    protocol: str,
    port: int,
    names: dict[str, int] | None = None,
) -> bool:
    """Whether a pod of the hub's namespace may be spoken to, or speak, at a port."""
    which, ends = ("ingress", "from") if direction == "Ingress" else ("egress", "to")
    policies = [
        p for p in policies if direction in p["policyTypes"] and selects(p["podSelector"], labels)
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
