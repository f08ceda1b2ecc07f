"""A control plane with nodes that run nothing, started and stopped as one."""

import os
from pathlib import Path
from types import TracebackType

from tests.cluster.api import Api, Manifest
from tests.cluster.built import build, kubernetes
from tests.cluster.plane import (
    ApiServer,
    Controllers,
    Etcd,
    Kwok,
    Papers,
    PlanePart,
    Scheduler,
)
from tests.cluster.watching import until
from tests.parts.same import Say

STAGES = Path(__file__).with_name("stages.yaml")
FAKE = "kwok.x-k8s.io/node"


class Plant:
    """etcd, API server, controllers, scheduler and kwok, in a folder."""

    def __init__(self, folder: Path, say: Say) -> None:
        programs, fake = kubernetes(say), build("kwok", say)
        papers = Papers(folder / "papers")
        self.papers, self.programs, self.folder = papers, programs, folder
        self._etcd = Etcd(folder, papers)
        self._server = ApiServer(folder, papers, programs, self._etcd.address)
        self.address = self._server.address
        self.parts: list[PlanePart] = [
            self._etcd,
            self._server,
            Controllers(folder, papers, programs, self.address),
            Scheduler(folder, papers, programs, self.address),
            Kwok(folder, papers, fake, self.address, STAGES),
        ]
        self.api = Api(self.address, papers)

    def __enter__(self) -> "Plant":
        try:
            for part in self.parts:
                part.start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        self.api.close()
        for part in reversed(self.parts):
            part.stop()

    def add_nodes(self, *names: str) -> None:
        """Add nodes, and wait until they say that they are ready."""
        for name in names:
            self.api.apply(
                {
                    "apiVersion": "v1",
                    "kind": "Node",
                    "metadata": {
                        "name": name,
                        "annotations": {FAKE: "fake"},
                        "labels": {"kubernetes.io/hostname": name},
                    },
                }
            )
        until(lambda: all(_is_ready(n) for n in self.api.items("/api/v1/nodes")), "nodes are ready")

    def provide(self, space: str, at: Path = Path("/nowhere"), user: int | None = None) -> None:
        """Give each claim of a namespace a volume, as whoever provides storage does.

        With a `user`, folders are made of which it is the owner.
        """
        for claim in self.api.items(f"/api/v1/namespaces/{space}/persistentvolumeclaims"):
            if claim.get("status", {}).get("phase") == "Bound" or "volumeName" in claim["spec"]:
                continue
            name, spec = claim["metadata"]["name"], claim["spec"]
            folder = at / space / name
            volume: Manifest = {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": f"{space}-{name}"},
                "spec": {
                    "capacity": {"storage": spec["resources"]["requests"]["storage"]},
                    "accessModes": spec["accessModes"],
                    "hostPath": {"path": str(folder)},
                    "claimRef": {"namespace": space, "name": name},
                },
            }
            if user is not None:
                folder.mkdir(parents=True, exist_ok=True)
                os.chown(folder, user, user)
            self.api.apply(volume)


def _is_ready(node: Manifest) -> bool:
    return any(
        c["type"] == "Ready" and c["status"] == "True"
        for c in node.get("status", {}).get("conditions", [])
    )
