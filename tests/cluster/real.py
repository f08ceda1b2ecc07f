"""The one-node overlay for real: pods that run the hub's image, on a kubelet of this machine.

Kafka and PostgreSQL are this machine's own; pods reach them at the bridge that they are on. Whoever
sends goes to a gateway that is ready, as through a Service. In the end what was acknowledged is
counted, once each.
"""

import copy
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from deploy.local.services.kafka import Kafka
from deploy.local.services.ports import HOST, free_port
from deploy.local.services.postgres import Postgres
from stream_jobs.worked import received
from tests.chaos.checks import Report
from tests.cluster import node
from tests.cluster.api import Api, Manifest, conditions, is_ready
from tests.cluster.manifests import ONE_NODE, named, rendered
from tests.cluster.plant import Plant
from tests.cluster.relay import Relay
from tests.cluster.rolling import APPS, GATEWAY, JOBS, WORKER, containers, template
from tests.cluster.watching import SPACE, image_of, name_of, until
from tests.parts.same import Say

USER = 10001
GATEWAYS = 2
SECONDS_MAX = 240.0
CLEAR_SECONDS_MAX = 90.0
PAUSE_SECONDS = 0.1
SENT_BY, YEAR = "2026-01-04", "2026"
IMAGE, NEXT_IMAGE = "lgsp-hub:0.1.0", "lgsp-hub:0.2.0"


class PodsKafka(Kafka):
    """Kafka that pods reach too, at the bridge."""

    pods_port = 0

    def _lines(self) -> dict[str, object]:
        lines = super()._lines()
        self.pods_port = self.pods_port or free_port()
        at = f"PODS://{node.GATEWAY}:{self.pods_port}"
        for key, more in (
            ("listeners", at),
            ("advertised.listeners", at),
            ("listener.security.protocol.map", "PODS:PLAINTEXT"),
        ):
            lines[key] = f"{lines[key]},{more}"
        return lines


class Traffic(threading.Thread):
    """Sends an event and asks for the figure, ten times a second, and counts what went wrong."""

    def __init__(self, api: Api, key: str) -> None:
        super().__init__(daemon=True)
        self._api, self._key = api, key
        self._ending = threading.Event()
        self.acknowledged = 0
        self.figures: list[int] = []
        self.unanswered = 0  # tries that another one stood in for
        self.longest = 0.0  # seconds without an acknowledgement
        self.unread = 0.0  # seconds without a figure
        self._addresses: list[str] = []

    def run(self) -> None:
        """Go on until ended."""
        last = read = time.monotonic()
        body = [received("R0", SENT_BY)]
        while not self._ending.wait(PAUSE_SECONDS):
            if self._at_one("POST", "/v1/events/dossier", body) is not None:
                self.acknowledged += 1
                body = [received(f"R{self.acknowledged}", SENT_BY)]
                self.longest = max(self.longest, time.monotonic() - last)
                last = time.monotonic()
            figure = self._at_one("GET", f"/v1/kpis/dossier_received_new?period={YEAR}")
            if figure is not None:
                self.figures += [f["numerator"] for f in figure["figures"]]
                self.unread = max(self.unread, time.monotonic() - read)
                read = time.monotonic()

    def end(self) -> None:
        """Stop sending."""
        self._ending.set()
        self.join()

    def begin_anew(self) -> None:
        """Forget the longest gaps so far."""
        self.longest = self.unread = 0.0
        self.unanswered = 0

    def said(self) -> str:
        """Say the gaps."""
        return (
            f"{self.acknowledged} acknowledged so far; longest without one {self.longest:.1f} s,"
            f" without a figure {self.unread:.1f} s; {self.unanswered} tries failed over"
        )

    def _at_one(self, method: str, path: str, body: object = None) -> Manifest | None:
        """Ask the gateways that are ready one after another; None where none answers."""
        for address in self._ready():
            with suppress(httpx.HTTPError):
                answer = httpx.request(
                    method,
                    f"http://{address}:8080{path}",
                    json=body,
                    headers={"Authorization": f"Bearer {self._key}"},
                    timeout=10,
                )
                if answer.is_success:
                    said: Manifest = answer.json()
                    return said
            self.unanswered += 1
        return None

    def _ready(self) -> list[str]:
        pods = self._api.items(f"{SPACE}/pods", f"app.kubernetes.io/name={GATEWAY}")
        return [p["status"]["podIP"] for p in pods if is_ready(p)]


class Real:
    """One hub in pods."""

    def __init__(self, plant: Plant, report: Report, say: Say) -> None:
        self.plant, self.api, self.report, self._say = plant, plant.api, report, say
        folder = plant.folder
        self._containerd = node.Containerd(folder)
        self._kubelet = node.Kubelet(
            folder, plant.papers, plant.programs, plant.address, self._containerd
        )
        self._kafka = PodsKafka(folder, free_port(), free_port())
        self._postgres = Postgres(folder, free_port())
        self._relay = Relay(node.GATEWAY, self._postgres.port)
        self._key = ""

    def all(self) -> None:
        """Do all of it; pods, node and servers are gone afterwards."""
        with self._running():
            self._install()
            traffic = Traffic(self.api, self._key)
            traffic.start()
            try:
                until(lambda: traffic.figures, "a figure is read", SECONDS_MAX)
                for act in (self._upgrade, self._scale, self._fail, self._rebuild):
                    traffic.begin_anew()
                    act(traffic)
            finally:
                traffic.end()
            self._count(traffic)

    @contextmanager
    def _running(self) -> Iterator[None]:
        node.make_bridge()
        try:
            self._kafka.start()
            self._postgres.start()
            self._relay.start()
            self._containerd.start()
            self._take_images()
            self._kubelet.start()
            yield
        finally:
            self._clear()

    def _take_images(self) -> None:
        self._containerd.take(node.pause_archive(self._containerd.folder))
        self._containerd.take_hub(IMAGE)
        self._containerd.ctr(
            "images", "tag", f"{node.LIBRARY}{IMAGE}", f"{node.LIBRARY}{NEXT_IMAGE}"
        )

    def _clear(self) -> None:
        with suppress(Exception):
            for kind in ("deployments", "statefulsets", "cronjobs", "jobs"):
                group = "batch" if kind in ("cronjobs", "jobs") else "apps"
                self.api.ask("DELETE", f"/apis/{group}/v1/namespaces/lgsp/{kind}")
            until(lambda: not self._pods(), "pods are gone", CLEAR_SECONDS_MAX)
        self._kubelet.stop()
        self._containerd.leave()
        self._containerd.stop()
        node.unmount(self.plant.folder)
        self._relay.stop()
        self._kafka.stop()
        self._postgres.stop()
        node.take_bridge()

    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "HUB_DATABASE_URL": self._postgres.address,
            "HUB_KAFKA_BOOTSTRAP": self._kafka.address,
            "HUB_SIGNING_DIR": str(self.plant.folder / "signing"),
        }

    def _hub(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "hub.cli", *words],
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        )
        return done.stdout

    def release(self, image: str) -> list[Manifest]:
        """Render the one-node overlay without connectors, two gateways, its Kafka named."""
        manifests = [m for m in rendered(ONE_NODE) if "connect-" not in m["metadata"]["name"]]
        manifests = [m for m in manifests if not m["metadata"]["name"].endswith("-drop")]
        named(manifests, "StatefulSet", GATEWAY)["spec"]["replicas"] = GATEWAYS
        settings = named(manifests, "ConfigMap", "hub-settings")["data"]
        settings["HUB_KAFKA_BOOTSTRAP"] = f"{node.GATEWAY}:{self._kafka.pods_port}"
        return [self._here(m, image) for m in manifests]

    def _here(self, manifest: Manifest, image: str) -> Manifest:
        """Fit a workload to this machine: two cores, which others use too; images that are here."""
        for container in containers(manifest):
            container["image"] = image
            container["imagePullPolicy"] = "Never"
            container["resources"]["requests"]["cpu"] = "10m"
        return manifest

    def _install(self) -> None:
        begun = time.monotonic()
        url = self._postgres.address.replace(
            f"{HOST}:{self._postgres.port}", f"{node.GATEWAY}:{self._relay.port}"
        )
        self._secret("hub-secrets", {"HUB_DATABASE_URL": url})
        for manifest in self.release(IMAGE):
            self.api.apply(manifest)
        self.api.apply(self._job("migrate"))
        self._volumes()
        until(lambda: self._ended("migrate"), "the migration has ended", SECONDS_MAX)
        outcome = self._ended("migrate")
        self._hub("receipts", "rotate")
        self._key = self._hub("keys", "create", "province", "--all").splitlines()[-1]
        files = {
            p.name: p.read_text("utf-8") for p in sorted((self.plant.folder / "signing").iterdir())
        }
        self._secret("hub-signing", files)
        until(lambda: self._are_ready(IMAGE), "gateways and workers are ready", SECONDS_MAX)
        took = time.monotonic() - begun
        text = f"migrate: {outcome}; gateways and workers ready after {took:.0f} s"
        addresses = [
            ", ".join(a["ip"] for a in p["status"]["podIPs"])
            for p in self._pods()
            if name_of(p) == GATEWAY
        ]
        text += f"; gateways at {'; '.join(addresses)}"
        self._held("real pods", text, outcome.startswith("Complete"))

    def _upgrade(self, traffic: Traffic) -> None:
        for manifest in self.release(NEXT_IMAGE):
            self.api.apply(manifest)
        until(lambda: self._are_ready(NEXT_IMAGE), "the new image is everywhere", SECONDS_MAX)
        self._held("real rolling upgrade", traffic.said(), traffic.longest < 30)

    def _scale(self, traffic: Traffic) -> None:
        for count in (1, 3, 1, 2):
            path = f"{APPS}/deployments/{WORKER}/scale"
            self.api.merge(path, {"spec": {"replicas": count}})
            until(
                lambda count=count: self._ready_of(WORKER) == count == self._count_of(WORKER),  # type: ignore[misc]
                f"{count} workers",
                SECONDS_MAX,
            )
        self._held("real workers 2, 1, 3, 1, 2", traffic.said(), traffic.longest < 30)

    def _fail(self, traffic: Traffic) -> None:
        """A migration that cannot reach the store: the Job fails, and nothing else changes."""
        self.api.delete(f"{JOBS}/migrate")
        until(lambda: not self._jobs_of("migrate"), "the last Job is gone", SECONDS_MAX)
        before = self._identities()
        job = self._job("migrate")
        job["spec"]["backoffLimit"] = 0
        pod = template(job)["spec"]
        pod["restartPolicy"] = "Never"
        for container in containers(job):
            container["env"] = [
                {
                    "name": "HUB_DATABASE_URL",
                    "value": f"postgresql+psycopg://lgsp@{node.GATEWAY}:9/x",
                }
            ]
        self.api.apply(job)
        until(lambda: self._ended("migrate"), "the migration has ended", SECONDS_MAX)
        outcome, same = self._ended("migrate"), self._identities() == before
        held = outcome.startswith("Failed") and same
        text = f"Job: {outcome}; pods that serve are the same: {same}; {traffic.said()}"
        self._held("real failed migration", text, held)

    def _rebuild(self, traffic: Traffic) -> None:
        """All figures anew beside those in force, while they are read."""
        self.api.apply(self._job("rebuild"))
        until(lambda: self._ended("rebuild"), "the rebuild has ended", SECONDS_MAX)
        outcome = self._ended("rebuild")
        held = outcome.startswith("Complete") and traffic.figures == sorted(traffic.figures)
        text = f"Job: {outcome}; figures never fell: {traffic.figures == sorted(traffic.figures)}"
        self._held("real rebuild Job", f"{text}; {traffic.said()}", held)

    def _count(self, traffic: Traffic) -> None:
        address = traffic._ready()[0]
        path = f"http://{address}:8080/v1/kpis/dossier_received_new?period={YEAR}"

        def figure() -> int:
            answer = httpx.get(path, headers={"Authorization": f"Bearer {self._key}"}, timeout=30)
            return int(answer.json()["figures"][0]["numerator"])

        with suppress(AssertionError):
            until(lambda: figure() == traffic.acknowledged, "all is counted", 60)
        text = f"{traffic.acknowledged} acknowledged, {figure()} counted"
        self._held("real figures", text, figure() == traffic.acknowledged)
        self._say(self._memory())

    # What is asked over and over.

    def _held(self, name: str, text: str, holds: bool) -> None:
        self.report.say(name, text, [] if holds else [text])
        self._say(self.report.lines[-1])

    def _job(self, name: str) -> Manifest:
        (job,) = [m for m in rendered(name) if m["kind"] == "Job"]
        return self._here(copy.deepcopy(job), NEXT_IMAGE)

    def _secret(self, name: str, texts: dict[str, str]) -> None:
        metadata = {"name": name, "namespace": "lgsp"}
        kind: Manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
        self.api.apply(kind | {"stringData": texts})

    def _volumes(self) -> None:
        """Give claims folders of this machine, which the hub's user may write."""

        def are_bound() -> bool:
            self.plant.provide("lgsp", self.plant.folder / "volumes", USER)
            claims = self.api.items(f"{SPACE}/persistentvolumeclaims")
            spools = sum(c["metadata"]["name"].startswith("spool-") for c in claims)
            return spools == GATEWAYS and all(c["status"].get("phase") == "Bound" for c in claims)

        until(are_bound, "claims have volumes", SECONDS_MAX)

    def _pods(self) -> list[Manifest]:
        return self.api.items(f"{SPACE}/pods", "app.kubernetes.io/part-of=lgsp-hub")

    def _serving(self) -> list[Manifest]:
        return [p for p in self._pods() if name_of(p) in (GATEWAY, WORKER)]

    def _identities(self) -> set[str]:
        return {p["metadata"]["uid"] for p in self._serving()}

    def _jobs_of(self, name: str) -> list[Manifest]:
        return [j for j in self.api.items(JOBS) if j["metadata"]["name"] == name]

    def _ready_of(self, app: str) -> int:
        return sum(name_of(p) == app and is_ready(p) for p in self._pods())

    def _count_of(self, app: str) -> int:
        return sum(name_of(p) == app for p in self._pods())

    def _are_ready(self, image: str) -> bool:
        pods = self._serving()
        wanted = GATEWAYS + 2
        return len(pods) == wanted and all(is_ready(p) and image_of(p) == image for p in pods)

    def _ended(self, name: str) -> str:
        for kind, status, reason in conditions(self.api.get(f"{JOBS}/{name}")):
            if status == "True" and kind in ("Complete", "Failed"):
                return f"{kind} ({reason})"
        return ""

    def _memory(self) -> str:
        parts = (self._kubelet, self._containerd)
        held = {p.name: _mib(p.process.pid) for p in parts if p.process is not None}
        return "memory of the node, MiB: " + ", ".join(f"{n} {m}" for n, m in held.items())


def _mib(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20
