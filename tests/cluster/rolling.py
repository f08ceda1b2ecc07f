"""Roll-outs on nodes that run nothing: what real controllers do with the project's manifests."""

import copy
import time
from typing import Any

from tests.chaos.checks import Report
from tests.cluster.api import Manifest, RefusedError, conditions, is_ready
from tests.cluster.giving import refusal
from tests.cluster.manifests import PROVINCE, named, rendered
from tests.cluster.plant import Plant
from tests.cluster.watching import SPACE, Seen, image_of, name_of, until, watched

NODES = ("one", "two", "three")
APPS = "/apis/apps/v1/namespaces/lgsp"
JOBS = "/apis/batch/v1/namespaces/lgsp/jobs"
GATEWAY, WORKER = "gateway", "worker"
REPLICAS = 3
FAILS, NEVER_READY = "lgsp.vn/fails", "lgsp.vn/never-ready"
OURS = ("v1", "apps/v1", "batch/v1", "policy/v1", "networking.k8s.io/v1")


def release(tag: str) -> list[Manifest]:
    """Render the province's overlay with another tag of the image; the hub's own kinds alone."""
    manifests = [m for m in rendered(PROVINCE) if m["apiVersion"] in OURS]
    for manifest in manifests:
        for container in containers(manifest):
            container["image"] = f"lgsp-hub:{tag}"
    return manifests


def template(manifest: Manifest) -> Manifest:
    """Give the pod's template of a workload, or an empty one."""
    spec: Manifest = manifest.get("spec", {})
    if manifest["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    found: Manifest = spec.get("template", {})
    return found


def containers(manifest: Manifest) -> list[Manifest]:
    """Give all containers of a workload."""
    pod = template(manifest).get("spec", {})
    return [*pod.get("containers", []), *pod.get("initContainers", [])]


class Rolling:
    """One province on one plant."""

    def __init__(self, plant: Plant, report: Report) -> None:
        self.plant, self.api, self.report = plant, plant.api, report

    def install(self) -> None:
        """Apply the province for good, and wait until all of it is ready."""
        self.plant.add_nodes(*NODES)
        began = time.monotonic()
        self._apply(release("0.1.0"))
        secrets = ("hub-secrets", "hub-signing", "connect-feedback-files", "connect-national-files")
        for name in (*secrets, "connect-wallets-files"):
            metadata = {"name": name, "namespace": "lgsp"}
            self.api.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
        until(self._is_provided, "each claim has a volume")
        until(lambda: self._are_ready("0.1.0"), "all are ready")
        pods = self.api.items(f"{SPACE}/pods")
        at = {p["spec"]["nodeName"] for p in pods if name_of(p) == GATEWAY}
        wrong = [] if len(at) == REPLICAS else [f"gateways stand on {sorted(at)}"]
        took = time.monotonic() - began
        text = f"{len(pods)} pods ready after {took:.0f} s, gateways on {len(at)} nodes"
        self.report.say("installed", text, wrong)

    def upgrade(self) -> None:
        """Roll to another image: at most one gateway and no worker may be away meanwhile."""
        with self._watched() as seen:
            self._apply(release("0.2.0"))
            until(lambda: self._are_ready("0.2.0"), "the new image is everywhere")
        self._judge("rolling upgrade", seen, REPLICAS - 1, REPLICAS)

    def scale(self) -> None:
        """Have one worker, three, one, and three again."""
        wrong: list[str] = []
        took = []
        path = f"{APPS}/deployments/{WORKER}"
        with self._watched() as seen:
            for count in (1, 3, 1, 3):
                begun = time.monotonic()
                self.api.merge(f"{path}/scale", {"spec": {"replicas": count}})
                until(lambda count=count: self._count(WORKER) == count, f"{count} workers")  # type: ignore[misc]
                took.append(f"{count}: {time.monotonic() - begun:.1f} s")
        if seen.least[GATEWAY] < REPLICAS:
            wrong.append(f"only {seen.least[GATEWAY]} gateways were ready")
        self.report.say("workers 3, 1, 3, 1, 3", f"{', '.join(took)}; {seen.said()}", wrong)

    def drain(self) -> None:
        """Take a node out by evictions: the budgets let one go at a time, and all come up again."""
        refused = self._both_at_once()
        with self._watched() as seen:
            self.api.merge("/api/v1/nodes/one", {"spec": {"unschedulable": True}})
            waited = 0
            until(lambda: self._pods_at("one"), "pods stand on the node")
            while pods := self._pods_at("one"):
                for pod in pods:
                    waited += not self._evicted(pod)
                time.sleep(0.3)
            until(lambda: self._are_ready("0.2.0"), "all are ready without the node")
        self.api.merge("/api/v1/nodes/one", {"spec": {"unschedulable": False}})
        self._judge("a node's drain", seen, REPLICAS - 1, REPLICAS - 1, f"; {waited} told to wait")
        wrong = [] if refused else ["two gateways were evicted at once"]
        self.report.say("budget", f"a second gateway's eviction: {refused[:140]}", wrong)

    def _both_at_once(self) -> str:
        """Evict two gateways at a time; say how the second was refused."""
        first, second, *_ = [p for p in self._pods() if name_of(p) == GATEWAY]
        assert self._evicted(first), "the budget lets no gateway go"
        try:
            self._evict(second)
        except RefusedError as error:
            until(lambda: self._are_ready("0.2.0"), "the gateway is back")
            return str(error)
        return ""

    def failed_migration(self) -> None:
        """Let the migration fail: nothing rolls. Roll all the same: one gateway is held up."""
        revision = self._revision()
        job = self._job("migrate", fails=True)
        self.api.apply(job)
        until(lambda: self._ended("migrate"), "the migration has ended")
        condition = self._ended("migrate")
        wrong = [] if condition.startswith("Failed") else [condition]
        if self._revision() != revision or self._count(GATEWAY) < REPLICAS:
            wrong.append("a gateway rolled")
        self.report.say("a failed migration", f"Job: {condition}; no gateway rolled", wrong)
        for container in containers(job):
            container["image"] = "lgsp-hub:0.9.0"
        said = refusal(self.api, job)
        wrong = [] if "immutable" in said else [said or "it was taken"]
        self.report.say("a Job again, of another image", said[-60:], wrong)
        self.api.delete(f"{JOBS}/migrate")

    def way_back(self) -> None:
        """Roll a release whose pods are never ready, then the one before."""
        bad = release("0.3.0")
        for kind, name in (("StatefulSet", GATEWAY), ("Deployment", WORKER)):
            metadata = template(named(bad, kind, name))["metadata"]
            metadata.setdefault("annotations", {})[NEVER_READY] = "1"
        with self._watched() as seen:
            self._apply(bad)
            until(lambda: self._tried("0.3.0") >= {GATEWAY, WORKER}, "the bad release is tried")
            time.sleep(5)  # for longer than a good one takes
            held = sum(image_of(p).endswith("0.3.0") for p in self._pods() if name_of(p) == GATEWAY)
            self._apply(release("0.2.0"))
            stuck = self._put_right()
        wrong = [] if held == 1 else [f"{held} gateways had the bad release"]
        self._judge(
            "a release that never is ready, and back",
            seen,
            REPLICAS - 1,
            REPLICAS,
            f"; {held} gateway held up; {stuck}",
            wrong,
        )

    def _put_right(self) -> str:
        """Wait for the release before; where a pod must be deleted by hand, do and say so."""
        until(lambda: not self._has_bad(WORKER), "workers are back")
        begun = time.monotonic()
        while self._has_bad(GATEWAY) and time.monotonic() - begun < 15:
            time.sleep(0.2)
        said = "it came back by itself"
        if self._has_bad(GATEWAY):
            said = "the gateway that was held up had to be deleted by hand"
            for pod in self._pods():
                if name_of(pod) == GATEWAY and image_of(pod).endswith("0.3.0"):
                    self.api.delete(f"{SPACE}/pods/{pod['metadata']['name']}")
        until(lambda: self._are_ready("0.2.0"), "the release before is everywhere")
        return said

    def rebuild(self) -> None:
        """Do the Jobs of a release that changes definitions; the first finds differences."""
        outcomes = {}
        with self._watched() as seen:
            for name, fails in (("rebuild", True), ("rebuild-approve", False)):
                self.api.apply(self._job(name, fails=fails))
                until(lambda name=name: self._ended(name), f"{name} has ended")  # type: ignore[misc]
                outcomes[name] = self._ended(name)
                self.api.delete(f"{JOBS}/{name}")
        text = "; ".join(f"{n}: {o}" for n, o in outcomes.items())
        held = outcomes["rebuild"].startswith("Failed")
        held &= outcomes["rebuild-approve"].startswith("Complete")
        self._judge("rebuild Jobs", seen, REPLICAS, REPLICAS, f"; {text}", [] if held else [text])

    def nightly(self) -> None:
        """Start each CronJob's Job once, as its schedule would."""
        wrong, names = [], []
        for cron in self.api.items("/apis/batch/v1/namespaces/lgsp/cronjobs"):
            name = cron["metadata"]["name"]
            spec = cron["spec"]["jobTemplate"]["spec"]
            metadata = {"name": f"{name}-now", "namespace": "lgsp"}
            self.api.apply(
                {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}
            )
            until(lambda name=name: self._ended(f"{name}-now"), f"{name} has ended")  # type: ignore[misc]
            outcome = self._ended(f"{name}-now")
            names.append(name)
            wrong += [] if outcome.startswith("Complete") else [f"{name}: {outcome}"]
        self.report.say("nightly Jobs", ", ".join(names), wrong)

    # What is asked over and over.

    def _apply(self, manifests: list[Manifest]) -> None:
        for manifest in manifests:
            self.api.apply(manifest)

    def _watched(self) -> Any:
        return watched(self.api, gateway=REPLICAS, worker=REPLICAS)

    def _judge(
        self,
        name: str,
        seen: Seen,
        gateways: int,
        workers: int,
        more: str = "",
        wrong: list[str] | None = None,
    ) -> None:
        found = list(wrong or [])
        for app, least in ((GATEWAY, gateways), (WORKER, workers)):
            if seen.least[app] < least:
                found.append(f"{seen.least[app]} of {app} were ready; {least} must be")
        self.report.say(name, seen.said() + more, found)

    def _pods(self) -> list[Manifest]:
        return self.api.items(f"{SPACE}/pods", "app.kubernetes.io/part-of=lgsp-hub")

    def _pods_at(self, node: str) -> list[Manifest]:
        return [
            p
            for p in self._pods()
            if p["spec"].get("nodeName") == node
            and p["status"].get("phase") not in ("Succeeded", "Failed")
        ]

    def _count(self, app: str) -> int:
        return sum(name_of(p) == app for p in self._pods())

    def _tried(self, tag: str) -> set[str]:
        return {name_of(p) for p in self._pods() if image_of(p).endswith(tag)}

    def _has_bad(self, app: str) -> bool:
        return app in self._tried("0.3.0")

    def _are_ready(self, tag: str) -> bool:
        """Whether all that stays is ready with an image, and no pod of another is left."""
        pods = [p for p in self._pods() if "job-name" not in p["metadata"]["labels"]]
        wanted = {
            m["metadata"]["name"]: m["spec"]["replicas"]
            for m in release(tag)
            if "replicas" in m.get("spec", {})
        }
        if len(pods) != sum(wanted.values()):
            return False
        return all(is_ready(p) and image_of(p).endswith(tag) for p in pods)

    def _is_provided(self) -> bool:
        self.plant.provide("lgsp")
        claims = self.api.items(f"{SPACE}/persistentvolumeclaims")
        return (
            all(c["status"].get("phase") == "Bound" for c in claims)
            and sum(c["metadata"]["name"].startswith("spool-") for c in claims) == REPLICAS
        )

    def _revision(self) -> str:
        return str(self.api.get(f"{APPS}/statefulsets/{GATEWAY}")["status"]["updateRevision"])

    def _evict(self, pod: Manifest) -> None:
        name = pod["metadata"]["name"]
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": "lgsp"},
        }
        self.api.ask("POST", f"{SPACE}/pods/{name}/eviction", json=eviction)

    def _evicted(self, pod: Manifest) -> bool:
        try:
            self._evict(pod)
        except RefusedError as error:
            if error.status == 429:  # not now: the budget
                return False
            if error.status != 404:  # it has gone meanwhile
                raise
        return True

    def _job(self, name: str, *, fails: bool) -> Manifest:
        """Give a Job as laid out; of one that is to fail, fewer tries, as each waits longer."""
        (found,) = [m for m in rendered(name) if m["kind"] == "Job"]
        job = copy.deepcopy(found)
        if fails:
            job["spec"]["backoffLimit"] = 0
            job["spec"]["template"]["metadata"]["annotations"] = {FAILS: "1"}
        return job

    def _ended(self, name: str) -> str:
        for kind, status, reason in conditions(self.api.get(f"{JOBS}/{name}")):
            if status == "True" and kind in ("Complete", "Failed"):
                return f"{kind} ({reason})"
        return ""
