"""NetworkPolicies tried: pods with the labels of the hub's processes speak to each other and out.

kube-router enforces the policies of the province's overlay on a node in a network of its own. All
try all, over IPv4 and IPv6, without policies first: what is refused later is the policies' doing.
What became of each attempt must be what `tests/parts/reach.py` works out of the same policies.
"""

import copy
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from deploy.local.services.process import write_whole
from tests.chaos.checks import Report
from tests.cluster import apart, node
from tests.cluster.api import Manifest, is_ready
from tests.cluster.manifests import PROVINCE, rendered
from tests.cluster.plane import PlanePart, answers_in_clear
from tests.cluster.plant import Plant
from tests.cluster.rolling import containers, template
from tests.cluster.watching import until
from tests.parts.reach import DATABASE, OWN_SPACE, SPACE, TRIED, Peer, lets
from tests.parts.same import Say

IMAGE = "lgsp-hub:0.1.0"
PROGRAM = Path(__file__).with_name("peer.py")
ASKED_AT = 7070
SECONDS_MAX = 300.0
ROUNDS_MAX = 6
ASKING_SECONDS_MAX = 240.0
HUB = (
    *("gateway", "worker", "migrate", "verify", "archive"),
    *("connect-salinity", "connect-payments", "connect-wallets", "connect-tax-fees"),
)
# Namespaces beside the hub's, with their labels.
SPACES = {
    "kube-system": {},
    "monitoring": {"lgsp.vn/scrapes": "true"},
    "cnpg-system": {"app.kubernetes.io/name": "cloudnative-pg"},
    "other": {},
}
KINDS = ("Deployment", "StatefulSet", "CronJob", "Job")
OUTSIDE, NODE = "outside", "node"
PORTS = [(protocol, port) for protocol, port in TRIED if protocol != "SCTP"]
# Of pods that are no resolver fewer are tried: who may be spoken to differs at these.
POD_PORTS = [
    *(("TCP", p) for p in (22, 53, 443, 5432, 8000, 8080, 8081, 8090, 9092, 9187, 10250)),
    ("UDP", 53),
]
RESOLVER = "resolver"
# kube-router 2.1.0, the only 2.x that Go's proxy gives, makes sets of IPv6 addresses by names with
# `inet6:` before them and asks for them in its rules without: no rule of IPv6 would ever be taken.
CORRECTED = """#!/bin/sh
sed 's/--match-set KUBE-/--match-set inet6:KUBE-/g' | exec /usr/sbin/ip6tables-restore "$@"
"""


@dataclass
class Who:
    """Whoever tries or is tried; `space` is a namespace, of pods alone."""

    name: str
    peer: Peer
    space: str = ""
    ports: dict[str, int] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()

    @property
    def is_held(self) -> bool:
        """Whether the hub's policies may select it."""
        return self.space == "lgsp"


class Attempt(NamedTuple):
    """One tries another, at an address of IPv4 (0) or IPv6 (1)."""

    by: str
    at: str
    family: int
    protocol: str
    port: int


class Router(PlanePart):
    """kube-router, which enforces policies and does nothing else; `server` is the API server."""

    name = "kube-router"
    program = "kube-router"

    def _prepare(self) -> None:
        super()._prepare()
        corrected = self.folder / "ip6tables-restore"
        write_whole(corrected, CORRECTED)
        corrected.chmod(0o755)

    def _command(self) -> list[str]:
        return ["/usr/bin/env", f"PATH={self.folder}:{node.PATH}", *super()._command()]

    def _flags(self) -> list[str]:
        return [
            f"--kubeconfig={self.papers.kubeconfig('operator', self.server)}",
            f"--hostname-override={node.NAME}",
            f"--health-port={self.port}",
            "--run-firewall=true",
            "--run-router=false",
            # It needs IPVS, which this kernel may not have; a policy is of pods, not of Services.
            "--run-service-proxy=false",
            "--enable-ipv6=true",
        ]

    def _answers(self) -> bool:
        return answers_in_clear(self.port, "/healthz")


def cast() -> dict[str, Who]:
    """Give all who take part; the pods' labels and ports are the manifests'."""
    found = {}
    for manifest in (*rendered(PROVINCE), *rendered("migrate")):
        name = manifest["metadata"]["name"]
        if name not in HUB or manifest["kind"] not in KINDS:
            continue
        ports = [p for c in containers(manifest) for p in c.get("ports", [])]
        names = {p["name"]: p["containerPort"] for p in ports if "name" in p}
        labels = template(manifest)["metadata"]["labels"]
        found[name] = Who(name, Peer(labels, OWN_SPACE), "lgsp", names)
    others = {
        "database": (DATABASE, "lgsp"),
        "unlabelled": ({}, "lgsp"),
        RESOLVER: ({"k8s-app": "kube-dns"}, "kube-system"),
        "prometheus": ({"app.kubernetes.io/name": "prometheus"}, "monitoring"),
        "operator": ({}, "cnpg-system"),
        # All that the gateway has, but not its namespace.
        "impostor": (dict(found["gateway"].peer.pod or {}), "other"),
    }
    for name, (labels, space) in others.items():
        its = OWN_SPACE if space == "lgsp" else SPACES[space] | {SPACE: space}
        found[name] = Who(name, Peer(labels, its), space)
    far, near = (apart.FAR, apart.FAR_6), (node.GATEWAY, apart.GATEWAY_6)
    found[OUTSIDE] = Who(OUTSIDE, Peer(address=far[0]), addresses=far)
    found[NODE] = Who(NODE, Peer(address=near[0]), addresses=near)
    return found


def pod_of(who: Who) -> Manifest:
    """Give a pod that answers and tries, by the Python of the hub's image, without rights."""
    told = {"at": ["::"], "ports": PORTS, "asked_at": ASKED_AT}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": who.name, "namespace": who.space, "labels": who.peer.pod},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "dnsPolicy": "Default",
            "terminationGracePeriodSeconds": 1,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
                # It answers at ports that are root's elsewhere.
                "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}],
            },
            "containers": [
                {
                    "name": "peer",
                    "image": IMAGE,
                    "imagePullPolicy": "Never",
                    "command": ["python3", "-c", PROGRAM.read_text("utf-8"), json.dumps(told)],
                    "ports": [
                        {"name": name, "containerPort": port} for name, port in who.ports.items()
                    ],
                    # The node may always speak to its pods, whatever the policies: probes.
                    "readinessProbe": {"tcpSocket": {"port": ASKED_AT}, "periodSeconds": 2},
                    "resources": {"requests": {"cpu": "10m", "memory": "20Mi"}},
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                        "readOnlyRootFilesystem": True,
                    },
                }
            ],
        },
    }


def ask(address: str, attempts: list[tuple[str, str, int]]) -> list[bool]:
    """Have somebody try; whether each was answered."""
    with socket.create_connection((address, ASKED_AT), timeout=30) as line:
        line.settimeout(ASKING_SECONDS_MAX)
        line.sendall(json.dumps(attempts).encode() + b"\n")
        with line.makefile("r", encoding="utf-8") as said:
            answered: list[bool] = json.loads(said.readline())
            return answered


class Policies:
    """The hub's policies on a node that enforces them."""

    def __init__(self, plant: Plant, router: Path, report: Report, say: Say) -> None:
        self.api, self._folder, self._report, self._say = plant.api, plant.folder, report, say
        self._containerd = node.Containerd(plant.folder, is_routed=True)
        self._kubelet = node.Kubelet(
            plant.folder,
            plant.papers,
            plant.programs,
            plant.address,
            self._containerd,
            addresses=(node.GATEWAY, apart.GATEWAY_6),
        )
        self._router = Router(plant.folder, plant.papers, router, plant.address)
        self._all = cast()
        self._pods = {n: w for n, w in self._all.items() if w.space}
        self._policies = [m for m in rendered(PROVINCE) if m["kind"] == "NetworkPolicy"]
        self._attempts = list(self._tries())

    def all(self) -> None:
        """Do all of it; pods and node are gone afterwards."""
        with self._running():
            self._without()
            self._with()
            self._with_a_slip()
            self._with(again=" again")

    def _tries(self) -> Iterator[Attempt]:
        for by in (*self._pods, OUTSIDE):
            for at in self._all:
                if by == at or (by, at) == (OUTSIDE, NODE):  # no pod of either
                    continue
                ports = PORTS if at in (OUTSIDE, NODE, RESOLVER) else POD_PORTS
                for family in (0, 1):
                    yield from (Attempt(by, at, family, *p) for p in ports)

    def _computed(self, policies: list[Manifest]) -> set[Attempt]:
        specs = [m["spec"] for m in policies]

        def is_let(a: Attempt) -> bool:
            by, at = self._all[a.by], self._all[a.at]
            out = not by.is_held or lets(
                specs, by.peer.pod or {}, "Egress", at.peer, a.protocol, a.port, at.ports
            )
            return out and (
                not at.is_held
                or lets(specs, at.peer.pod or {}, "Ingress", by.peer, a.protocol, a.port, at.ports)
            )

        return {a for a in self._attempts if is_let(a)}

    def _tried(self) -> set[Attempt]:
        """Have all try all; give what was answered."""

        def of(name: str) -> list[Attempt]:
            own = [a for a in self._attempts if a.by == name]
            asked = [(a.protocol, self._all[a.at].addresses[a.family], a.port) for a in own]
            answered = ask(self._all[name].addresses[0], asked)
            return [a for a, is_answered in zip(own, answered, strict=True) if is_answered]

        with ThreadPoolExecutor(8) as pool:
            return {a for some in pool.map(of, (*self._pods, OUTSIDE)) for a in some}

    def _settled(self, computed: set[Attempt]) -> set[Attempt]:
        """Try until it is as computed, twice on end: rules take effect a while after policies."""
        before: set[Attempt] = set()
        now = self._tried()
        for _ in range(ROUNDS_MAX):
            if before == now == computed:
                break
            before, now = now, self._tried()
        return now

    def _held(self, name: str, text: str, wrong: list[str]) -> None:
        self._report.say(name, text, wrong)
        for line in (self._report.lines[-1], *wrong[:12]):
            self._say(line)

    def _without(self) -> None:
        everything = set(self._attempts)
        missed = everything - self._settled(everything)
        sixth = sum(a.family for a in everything)
        text = f"{len(everything)} attempts, {sixth} of them over IPv6; {len(missed)} unanswered"
        self._held("without policies", text, [said(a) for a in sorted(missed)])

    def _with(self, again: str = "") -> None:
        for policy in self._policies:
            self.api.apply(policy)
        computed = self._computed(self._policies)
        answered = self._settled(computed)
        wrong = [f"{said(a)}: answered" for a in sorted(answered - computed)]
        wrong += [f"{said(a)}: not answered" for a in sorted(computed - answered)]
        refused = len(self._attempts) - len(answered)
        text = f"{len(answered)} let through, {refused} refused; {len(wrong)} not as computed"
        self._held(f"{len(self._policies)} policies{again}", text, wrong)
        if not again:
            for by in (*self._pods, OUTSIDE):
                self._say(f"  {by}: {self._in_words(by, answered)}")

    def _with_a_slip(self) -> None:
        """The hub's policy without PostgreSQL, and with a port too many: that is seen."""
        changed = copy.deepcopy(self._policies)
        (slip,) = [m for m in changed if m["metadata"]["name"] == "hub-out"]
        for rule in slip["spec"]["egress"]:
            for port in rule["ports"]:
                port["port"] = 22 if port["port"] == 5432 else port["port"]
        self.api.apply(slip)
        before, computed = self._computed(self._policies), self._computed(changed)
        answered = self._settled(computed)
        lost, won = before - answered, answered - before
        wrong = [said(a) for a in sorted(answered ^ computed)]
        if not lost or not won:
            wrong.append("a policy with another port changed nothing")
        text = f"22 in the place of 5432: {len(lost)} no longer answered, {len(won)} answered newly"
        self._held("a slip in a policy", f"{text}; {len(wrong)} not as computed", wrong)

    def _in_words(self, by: str, answered: set[Attempt]) -> str:
        """Say whom one reaches at which ports; who is reached at the same stands together."""
        groups: dict[str, list[str]] = {}
        for at in self._all:
            found = {a[3:] for a in answered if a[:2] == (by, at)}
            tcp, udp = (
                ", ".join(str(port) for p, port in sorted(found) if p == protocol)
                for protocol in ("TCP", "UDP")
            )
            text = "; ".join(f"{n} {t}" for n, t in (("TCP", tcp), ("UDP", udp)) if t)
            if text and found == {a[3:] for a in self._attempts if a[:2] == (by, at)}:
                text = "all that was tried"
            if text:
                groups.setdefault(text, []).append(at)
        return " | ".join(f"{', '.join(to)} at {text}" for text, to in groups.items()) or "nobody"

    @contextmanager
    def _running(self) -> Iterator[None]:
        told = {"ports": PORTS, "asked_at": ASKED_AT}
        far = apart.as_command(PROGRAM, json.dumps(told | {"at": ["::"]}))
        near = apart.as_command(PROGRAM, json.dumps(told | {"at": [node.GATEWAY, apart.GATEWAY_6]}))
        with apart.outside(far), apart.beside(near):
            try:
                self._containerd.start()
                self._containerd.take(node.pause_archive(self._containerd.folder))
                self._containerd.take_hub(IMAGE)
                self._kubelet.start()
                self._start_pods()
                self._router.start()
                yield
            finally:
                self._clear()

    def _start_pods(self) -> None:
        for space, labels in SPACES.items():
            metadata = {"name": space, "labels": labels}
            self.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        for space in ("lgsp", *SPACES):
            path = f"/api/v1/namespaces/{space}/serviceaccounts"
            until(lambda path=path: self.api.items(path), f"{space} has an account")  # type: ignore[misc]
        for who in self._pods.values():
            self.api.apply(pod_of(who))
        until(self._are_ready, "pods are ready", SECONDS_MAX)
        self._say(f"{len(self._pods)} pods are ready")

    def _found(self) -> list[Manifest]:
        return [p for p in self.api.items("/api/v1/pods") if p["metadata"]["name"] in self._pods]

    def _are_ready(self) -> bool:
        pods = self._found()
        for pod in pods:
            ips = sorted((a["ip"] for a in pod["status"].get("podIPs", [])), key=lambda a: ":" in a)
            self._pods[pod["metadata"]["name"]].addresses = tuple(ips)
        return len(pods) == len(self._pods) and all(
            is_ready(p) and len(p["status"]["podIPs"]) == 2 for p in pods
        )

    def _clear(self) -> None:
        with suppress(Exception):  # what did not start need not be ended
            for who in self._pods.values():
                self.api.delete(f"/api/v1/namespaces/{who.space}/pods/{who.name}")
            until(lambda: not self._found(), "pods are gone", SECONDS_MAX)
        self._router.stop()
        self._kubelet.stop()
        self._containerd.leave()
        self._containerd.stop()
        node.unmount(self._folder)


def said(attempt: Attempt) -> str:
    """Say an attempt in words."""
    family = ("IPv4", "IPv6")[attempt.family]
    return f"{attempt.by} to {attempt.at}, {attempt.protocol} {attempt.port} over {family}"
