"""The one-node overlay for real: pods that run the hub's image, on a kubelet of this machine.

Kafka and PostgreSQL are this machine's own; pods reach them at the bridge that they are on. All is
in a network of its own, where kube-proxy makes Services: whoever sends goes to the gateways' one.
A release that changes a definition is built, refused, approved and rolled. In the end what was
acknowledged is counted, once each, by that definition.
"""

import copy
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deploy.local.services.kafka import Kafka
from deploy.local.services.ports import HOST, free_port
from deploy.local.services.postgres import Postgres
from tests.chaos.checks import Report
from tests.cluster import apart, node
from tests.cluster.api import Manifest, conditions, is_ready
from tests.cluster.changed import changed_image
from tests.cluster.manifests import ONE_NODE, named, rendered
from tests.cluster.plant import Plant
from tests.cluster.relay import Relay
from tests.cluster.rolling import APPS, GATEWAY, JOBS, WORKER, containers, template
from tests.cluster.traffic import Traffic
from tests.cluster.watching import SPACE, image_of, name_of, until
from tests.parts.same import Say

USER = 10001
GATEWAYS = 2
# Against a hang alone.
SECONDS_MAX = 600.0
CLEAR_SECONDS_MAX = 90.0
GAP_SECONDS_MAX = 30.0
# The second is the first under another tag; in the third a definition is another one.
IMAGE, NEXT_IMAGE, CHANGED_IMAGE = "lgsp-hub:0.1.0", "lgsp-hub:0.2.0", "lgsp-hub:0.3.0"


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


class Real:
    """One hub in pods."""

    def __init__(self, plant: Plant, report: Report, say: Say) -> None:
        self.plant, self.api, self.report, self._say = plant, plant.api, report, say
        folder = plant.folder
        self._containerd = node.Containerd(folder)
        of_plane = (folder, plant.papers, plant.programs, plant.address)
        addresses = (node.GATEWAY, apart.GATEWAY_6)
        self._kubelet = node.Kubelet(*of_plane, self._containerd, addresses=addresses)
        self._proxy = node.Proxy(*of_plane)
        self._kafka = PodsKafka(folder, free_port(), free_port())
        self._postgres = Postgres(folder, free_port())
        self._relay = Relay(node.GATEWAY, self._postgres.port)
        self._key = ""

    def all(self) -> None:
        """Do all of it; pods, node and servers are gone afterwards."""
        with self._running():
            self._install()
            address = self.api.get(f"{SPACE}/services/{GATEWAY}")["spec"]["clusterIP"]
            traffic = Traffic(address, self._key)
            traffic.start()
            try:
                until(lambda: traffic.figures, "a figure is read", SECONDS_MAX)
                for act in (
                    *(self._upgrade, self._scale, self._fail, self._rebuild),
                    *(self._refuse, self._approve),
                ):
                    traffic.begin_anew()
                    act(traffic)
                self._say(f"Service {address}: {self._shared(address)}")
            finally:
                traffic.end()
            self._count(traffic)

    @contextmanager
    def _running(self) -> Iterator[None]:
        try:
            self._kafka.start()
            self._postgres.start()
            self._relay.start()
            self._containerd.start()
            self._take_images()
            self._kubelet.start()
            self._proxy.start()
            yield
        finally:
            self._clear()

    def _take_images(self) -> None:
        self._containerd.take(node.pause_archive(self._containerd.folder))
        self._containerd.take_hub(IMAGE)
        self._containerd.ctr(
            "images", "tag", f"{node.LIBRARY}{IMAGE}", f"{node.LIBRARY}{NEXT_IMAGE}"
        )
        with changed_image(IMAGE, CHANGED_IMAGE):
            self._containerd.take_hub(CHANGED_IMAGE)

    def _clear(self) -> None:
        with suppress(Exception):
            for kind in ("deployments", "statefulsets", "cronjobs", "jobs"):
                group = "batch" if kind in ("cronjobs", "jobs") else "apps"
                self.api.ask("DELETE", f"/apis/{group}/v1/namespaces/lgsp/{kind}")
            until(lambda: not self._pods(), "pods are gone", CLEAR_SECONDS_MAX)
        self._proxy.stop()
        self._kubelet.stop()
        self._containerd.leave()
        self._containerd.stop()
        node.unmount(self.plant.folder)
        self._relay.stop()
        self._kafka.stop()
        self._postgres.stop()

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
        self.api.apply(self._job("migrate", IMAGE))
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
        self._held("real rolling upgrade", traffic.said(), traffic.longest < GAP_SECONDS_MAX)

    def _scale(self, traffic: Traffic) -> None:
        for count in (1, 3, 1, 2):
            path = f"{APPS}/deployments/{WORKER}/scale"
            self.api.merge(path, {"spec": {"replicas": count}})
            until(
                lambda count=count: self._ready_of(WORKER) == count == self._count_of(WORKER),  # type: ignore[misc]
                f"{count} workers",
                SECONDS_MAX,
            )
        self._held("real workers 2, 1, 3, 1, 2", traffic.said(), traffic.longest < GAP_SECONDS_MAX)

    def _fail(self, traffic: Traffic) -> None:
        """A migration that cannot reach the store: the Job fails, and nothing else changes."""
        before = self._identities()
        job = self._once("migrate", NEXT_IMAGE)
        for container in containers(job):
            container["env"] = [
                {
                    "name": "HUB_DATABASE_URL",
                    "value": f"postgresql+psycopg://lgsp@{node.GATEWAY}:9/x",
                }
            ]
        outcome, same = self._done(job), self._identities() == before
        held = outcome.startswith("Failed") and same
        text = f"Job: {outcome}; pods that serve are the same: {same}; {traffic.said()}"
        self._held("real failed migration", text, held)

    def _rebuild(self, traffic: Traffic) -> None:
        """All figures anew beside those in force, while they are read."""
        outcome = self._done(self._once("rebuild", NEXT_IMAGE))
        held = outcome.startswith("Complete") and traffic.figures == sorted(traffic.figures)
        text = f"Job: {outcome}; figures never fell: {traffic.figures == sorted(traffic.figures)}"
        self._held("real rebuild Job", f"{text}; {traffic.said()}", held)

    def _refuse(self, traffic: Traffic) -> None:
        """A release that changes a definition: it neither migrates nor takes over by itself."""
        before = self._identities()
        migrating = self._done(self._once("migrate", CHANGED_IMAGE))
        told = self._log_of("migrate")
        held = migrating.startswith("Failed") and "definitions changed" in told
        self._held("real migration by other definitions", f"{migrating}: {told[-160:]}", held)
        outcome = self._done(self._once("rebuild", CHANGED_IMAGE))
        lines = self._log_of("rebuild").splitlines()
        differing = [line for line in lines if line.startswith("cell dossier.received/")]
        same, rose = self._identities() == before, traffic.figures == sorted(traffic.figures)
        held = outcome.startswith("Failed") and bool(differing) and same and rose
        held &= traffic.longest < GAP_SECONDS_MAX
        text = f"Job: {outcome}; its log: {'; '.join([*differing[:1], *lines[-2:]])}"
        text += f"; pods that serve are the same: {same}; figures never fell: {rose}"
        self._held("real rebuild Job that differs", f"{text}; {traffic.said()}", held)

    def _approve(self, traffic: Traffic) -> None:
        """Approve what was built, and roll at once: figures are those of the new definition."""
        before, online = traffic.figures[-1], traffic.online
        outcome = self._done(self._once("rebuild-approve", CHANGED_IMAGE))
        told = self._log_of("rebuild-approve").strip().splitlines()[-1:]
        for manifest in self.release(CHANGED_IMAGE):
            self.api.apply(manifest)
        until(lambda: self._are_ready(CHANGED_IMAGE), "the release is everywhere", SECONDS_MAX)
        with suppress(AssertionError):
            until(lambda: online <= traffic.figures[-1] <= traffic.online + 1, "", SECONDS_MAX)
        after, most = traffic.figures[-1], traffic.online + 1  # one may be on its way
        held = outcome.startswith("Complete") and online <= after <= most < traffic.acknowledged
        held &= max(traffic.longest, traffic.unread) < GAP_SECONDS_MAX
        text = f"Job: {outcome}: {' '.join(told)}; the figure was {before} and is {after}"
        self._held("real rebuild-approve Job, and the release", f"{text}; {traffic.said()}", held)

    def _count(self, traffic: Traffic) -> None:
        with suppress(AssertionError):
            until(lambda: traffic.figure() == traffic.online, "all is counted", SECONDS_MAX)
        figure = traffic.figure()
        text = f"{traffic.acknowledged} acknowledged, {traffic.online} of them online;"
        self._held("real figures", f"{text} {figure} counted", figure == traffic.online)
        self._say(self._memory())

    # What is asked over and over.

    def _held(self, name: str, text: str, holds: bool) -> None:
        self.report.say(name, text, [] if holds else [text])
        self._say(self.report.lines[-1])

    def _job(self, name: str, image: str) -> Manifest:
        (job,) = [m for m in rendered(name) if m["kind"] == "Job"]
        return self._here(copy.deepcopy(job), image)

    def _once(self, name: str, image: str) -> Manifest:
        """Give a Job that is tried once: trying again takes ten minutes."""
        job = self._job(name, image)
        job["spec"]["backoffLimit"] = 0
        template(job)["spec"]["restartPolicy"] = "Never"
        return job

    def _done(self, job: Manifest) -> str:
        """Have a Job done, in the place of one that was; say how it ended."""
        name = job["metadata"]["name"]
        if self._jobs_of(name):
            self.api.delete(f"{JOBS}/{name}")
            until(lambda: not self._jobs_of(name), "the last Job is gone", SECONDS_MAX)
        self.api.apply(job)
        until(lambda: self._ended(name), f"{name} has ended", SECONDS_MAX)
        return self._ended(name)

    def _log_of(self, job: str) -> str:
        """Read what the last container of a Job's pod said, as the kubelet keeps it."""
        uid = self.api.get(f"{JOBS}/{job}")["metadata"]["uid"]
        # A pod of the Job that was before may not be gone yet.
        (pod,) = self.api.items(f"{SPACE}/pods", f"batch.kubernetes.io/controller-uid={uid}")
        metadata, container = pod["metadata"], pod["spec"]["containers"][0]["name"]
        folder = self._kubelet.logs / f"lgsp_{metadata['name']}_{metadata['uid']}" / container
        lines = (folder / "0.log").read_text("utf-8").splitlines()
        return "\n".join(line.split(" ", 3)[-1] for line in lines)

    def _shared(self, address: str) -> str:
        """Say how many connections to a Service each gateway was given since rules last changed."""
        pods = [p for p in self._serving() if name_of(p) == GATEWAY and is_ready(p)]
        taken = {p["metadata"]["name"]: node.connections(p["status"]["podIP"]) for p in pods}
        wrong = [f"{name} was given none by {address}" for name, n in taken.items() if not n]
        text = ", ".join(f"{n} connections to {name}" for name, n in sorted(taken.items()))
        self.report.say("real Service", text, wrong)
        return text

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
        parts = (self._kubelet, self._containerd, self._proxy)
        held = {p.name: _mib(p.process.pid) for p in parts if p.process is not None}
        return "memory of the node, MiB: " + ", ".join(f"{n} {m}" for n, m in held.items())


def _mib(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20
