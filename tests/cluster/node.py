"""A real node on this machine: containerd, runc and a kubelet, whose pods run the hub's image.

It needs root. Pods are on a bridge from which nothing leaves. Images cannot be
fetched: the hub's is made by `make image`, and the one that holds a pod together is compiled from
the kubelet's own sources.
"""

import hashlib
import io
import json
import os
import re
import shutil
import socket
import subprocess
import tarfile
from contextlib import suppress
from pathlib import Path

import yaml

from deploy.local.services.part import Part
from deploy.local.services.ports import HOST, free_port
from deploy.local.services.process import UnavailableError, run_to_end, write_whole
from tests.cluster.built import source_of, version_of
from tests.cluster.plane import PODS, Papers, PlanePart, answers, answers_in_clear
from tests.cluster.watching import until

BRIDGE, GATEWAY, SUBNET = "lgsp0", "10.244.9.1", "10.244.9.0/24"
SUBNET_6 = "fd00:244:9::/64"
PAUSE = "localhost/pause:1"
PLUGINS = "/usr/lib/cni"
NAME = "real"
SPACE = "k8s.io"
LIBRARY = "docker.io/library/"  # what a name without a host means
# All pods together have one group's share of the processors, as each server beside them has: on a
# machine with forty processes waiting they do not start in time. This is about one share for each.
SHARES = {"cpu.shares": "8192", "cpu.weight": "313"}  # of cgroup v1, of v2
# As `make image` builds.
BUILDAH = os.environ | {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def lacks() -> str:
    """Say why no real node can be had here; nothing where it can."""
    if os.geteuid() != 0:
        return "a kubelet needs root"
    for program, package in (
        ("containerd", "containerd"),
        ("ctr", "containerd"),
        ("runc", "runc"),
        ("buildah", "buildah"),
        ("gcc", "gcc"),
        ("ip", "iproute2"),
    ):
        if shutil.which(program, path=PATH) is None:
            return f"{program} is needed: Debian's package {package}"
    if not Path(PLUGINS, "bridge").exists():
        return "bridges for pods are needed: Debian's package containernetworking-plugins"
    return ""


class Containerd(Part):
    """What runs containers, with folders and socket of its own."""

    name = "containerd"
    setting = ""

    def __init__(self, folder: Path, *, is_routed: bool = False) -> None:
        """Pods reach each other and the bridge; `is_routed`: what else the machine reaches too."""
        super().__init__(folder, {"CLUSTER_CONTAINERD_PORT": free_port()})
        self.socket = self.folder / "containerd.sock"
        self._routes = [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}] if is_routed else []

    @property
    def address(self) -> str:
        """Where it is asked."""
        return f"unix://{self.socket}"

    def fetch(self) -> None:
        """Check that all is there."""
        if lacks():
            raise UnavailableError(lacks())

    def _prepare(self) -> None:
        lines = [
            "version = 2",
            f'root = "{self.data}"',
            f'state = "{self.folder / "state"}"',
            "[grpc]",
            f'  address = "{self.socket}"',
            '[plugins."io.containerd.grpc.v1.cri"]',
            f'  sandbox_image = "{PAUSE}"',
            # Who may not spare a process from the killer of memory (CAP_SYS_RESOURCE) starts no
            # pod without this: runc ends with "can't get final child's PID from pipe: EOF".
            "  restrict_oom_score_adj = true",
            '  [plugins."io.containerd.grpc.v1.cri".cni]',
            f'    bin_dir = "{PLUGINS}"',
            f'    conf_dir = "{self.folder / "cni"}"',
        ]
        write_whole(self.folder / "containerd.toml", "\n".join(lines) + "\n")
        (self.folder / "cni").mkdir(exist_ok=True)
        ranges = [[{"subnet": SUBNET}], [{"subnet": SUBNET_6}]]
        plugin = {
            "type": "bridge",
            "bridge": BRIDGE,
            "isGateway": True,
            "ipam": {
                "type": "host-local",
                "dataDir": str(self.folder / "leases"),
                "ranges": ranges,
                "routes": self._routes,
            },
        }
        network = {"cniVersion": "1.0.0", "name": "pods", "plugins": [plugin]}
        write_whole(self.folder / "cni" / "10-pods.conflist", json.dumps(network))

    def _command(self) -> list[str]:
        # It looks for runc in its path, which /usr/sbin is not in for every user.
        program = shutil.which("containerd", path=PATH) or "containerd"
        configuration = str(self.folder / "containerd.toml")
        return ["/usr/bin/env", f"PATH={PATH}", program, "--config", configuration]

    def _answers(self) -> bool:
        return self.socket.exists() and self.ctr("version", check=False) == 0

    def ctr(self, *words: str, check: bool = True) -> int:
        """Run its client; raises `UnavailableError` where that must not fail."""
        command = ["ctr", "--address", str(self.socket), "--namespace", SPACE, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if check and done.returncode != 0:
            raise UnavailableError(f"failed: {' '.join(command)}: {done.stderr[-500:]}")
        return done.returncode

    def take(self, archive: Path) -> None:
        """Take an image from an archive."""
        self.ctr("images", "import", str(archive))

    def take_hub(self, image: str) -> None:
        """Take the hub's image from where `make image` leaves it."""
        archive = self.folder / "hub.tar"
        command = ["buildah", "push", "--quiet", "--disable-compression"]
        done = subprocess.run(
            [*command, f"localhost/{image}", f"oci-archive:{archive}:{image}"],
            env=BUILDAH,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if done.returncode != 0:
            raise UnavailableError(f"no image {image}; `make image` makes it: {done.stderr[-300:]}")
        self.ctr("images", "import", "--index-name", f"{LIBRARY}{image}", str(archive))
        archive.unlink()

    def leave(self) -> None:
        """End all containers that are left, before it ends itself: they would outlive it."""
        command = ["ctr", "--address", str(self.socket), "--namespace", SPACE, "tasks", "ls", "-q"]
        if not self.is_running:
            return
        listed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        for task in listed.stdout.split():
            self.ctr("tasks", "kill", "--signal", "SIGKILL", task, check=False)
            self.ctr("tasks", "delete", "--force", task, check=False)


class Kubelet(PlanePart):
    """The kubelet of this machine; `server` is the API server."""

    name = "kubelet"
    program = "kubelet"

    def __init__(
        self,
        folder: Path,
        papers: Papers,
        programs: Path,
        server: str,
        containerd: Containerd,
        *,
        addresses: tuple[str, ...] = (),
    ) -> None:
        """`addresses`: the node's, where it has no route by which the kubelet finds them."""
        super().__init__(folder, papers, programs, server)
        self._containerd, self._addresses = containerd, addresses
        self._health = free_port()
        self.logs = self.folder / "logs"  # of pods

    def start(self) -> None:
        """Start it, and give what it runs a fair share of the processors."""
        super().start()
        until(_shares, "pods have a share of the processors")
        for file in _shares():
            file.write_text(SHARES[file.name])

    def _flags(self) -> list[str]:
        papers, configuration = self.papers, self.folder / "kubelet.yaml"
        said = {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": HOST,
            "port": self.port,
            "healthzBindAddress": HOST,
            "healthzPort": self._health,
            "cgroupDriver": "cgroupfs",
            "failSwapOn": False,
            "enforceNodeAllocatable": [],
            "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True}},
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": str(papers.certificate),
            "tlsPrivateKeyFile": str(papers.key),
            "containerRuntimeEndpoint": self._containerd.address,
            "podLogsDir": str(self.logs),
            "volumePluginDir": str(self.folder / "plugins"),
            # Its chains would stay in the machine's tables.
            "makeIPTablesUtilChains": False,
            "evictionHard": {"memory.available": "200Mi", "nodefs.available": "1%"},
        }
        write_whole(configuration, yaml.safe_dump(said))
        return [
            f"--config={configuration}",
            f"--kubeconfig={papers.kubeconfig('operator', self.server)}",
            f"--hostname-override={NAME}",
            f"--root-dir={self.data}",
            f"--cert-dir={self.folder / 'certificates'}",
            *([f"--node-ip={','.join(self._addresses)}"] if self._addresses else []),
        ]

    def _answers(self) -> bool:
        try:
            with socket.create_connection((HOST, self._health), timeout=2):
                pass
        except OSError:
            return False
        return answers(self.port, "/healthz", self.papers, self.papers.tokens["operator"])


class Proxy(PlanePart):
    """What leads connections to a Service to its pods: kube-proxy, by rules of this network."""

    name = "proxy"
    program = "kube-proxy"

    def _command(self) -> list[str]:
        return ["/usr/bin/env", f"PATH={PATH}", *super()._command()]

    def _flags(self) -> list[str]:
        return [
            f"--kubeconfig={self.papers.kubeconfig('operator', self.server)}",
            f"--hostname-override={NAME}",
            "--proxy-mode=iptables",
            "--iptables-localhost-nodeports=false",
            f"--cluster-cidr={PODS}",
            # How many connections are tracked is the machine's affair.
            "--conntrack-max-per-core=0",
            f"--healthz-bind-address={HOST}:{self.port}",
            f"--metrics-bind-address={HOST}:{free_port()}",
        ]

    def _answers(self) -> bool:
        return answers_in_clear(self.port, "/healthz")


def connections(address: str) -> int:
    """Count the connections that kube-proxy's rules have led to a pod."""
    command = ["/usr/bin/env", f"PATH={PATH}", "iptables-save", "--counters", "--table", "nat"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    led = rf"^\[(\d+):\d+\] .*--to-destination {re.escape(address)}:"
    return sum(int(n) for n in re.findall(led, done.stdout, re.MULTILINE))


def unmount(folder: Path) -> None:
    """Let go of what a kubelet and containers leave: mounts below a folder, groups of processes."""
    for place in _mounts():
        if Path(place).is_relative_to(folder):
            run_to_end(["/usr/bin/env", f"PATH={PATH}", "umount", "--lazy", place])
    for group in _groups():
        for place, _, _ in os.walk(group, topdown=False):  # of which nothing is a member any more
            os.rmdir(place)


def left_behind(folder: Path) -> list[str]:
    """Name what a cluster in a folder may have left on this machine."""
    found = [f"a mount: {m}" for m in _mounts() if Path(m).is_relative_to(folder)]
    found += [f"a group of processes: {group}" for group in _groups() if group.exists()]
    found += [f"a bridge: {BRIDGE}"] if Path("/sys/class/net", BRIDGE).exists() else []
    for program in ("iptables-save", "ip6tables-save"):
        command = ["/usr/bin/env", f"PATH={PATH}", program]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        chains = re.findall(r"^:(KUBE-\S+|CNI-\S+)", done.stdout, re.MULTILINE)
        found += [f"a chain of {program}: {chain}" for chain in chains]
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            words = place.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(folder) in words and place.parent.name != str(os.getpid()):
                found.append(f"a process: {words[:120]}")
    return found


def _mounts() -> list[str]:
    lines = Path("/proc/self/mounts").read_text("utf-8").splitlines()
    return sorted((line.split()[1] for line in lines), key=len, reverse=True)


def _shares() -> list[Path]:
    return [file for group in _groups() for name in SHARES if (file := group / name).exists()]


def _groups() -> list[Path]:
    return [*Path("/sys/fs/cgroup").glob("*/kubepods"), Path("/sys/fs/cgroup/kubepods")]


def sources() -> Path:
    """Give the folder of the kubelet's sources."""
    return source_of("k8s.io/kubernetes", version_of("k8s.io/kubernetes", "kubernetes"))


def pause_archive(folder: Path) -> Path:
    """Make the image that holds a pod together, of the kubelet's own version's sources."""
    program, path = folder / "pause", sources() / "build" / "pause" / "linux" / "pause.c"
    run_to_end(["gcc", "-Os", "-static", "-DVERSION=1", "-o", str(program), str(path)])
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.add(program, "pause")
    blobs: dict[str, bytes] = {}

    def keep(content: bytes, kind: str) -> dict[str, object]:
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        media = f"application/vnd.oci.image.{kind}"
        return {"mediaType": media, "digest": f"sha256:{digest}", "size": len(content)}

    kept = keep(layer.getvalue(), "layer.v1.tar")
    settings = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
        "rootfs": {"type": "layers", "diff_ids": [kept["digest"]]},
    }
    manifest = {
        "schemaVersion": 2,
        "config": keep(json.dumps(settings).encode(), "config.v1+json"),
        "layers": [kept],
    }
    named = keep(json.dumps(manifest).encode(), "manifest.v1+json")
    named["annotations"] = {"io.containerd.image.name": PAUSE}
    index = {"schemaVersion": 2, "manifests": [named]}
    blobs["index.json"] = json.dumps(index).encode()
    blobs["oci-layout"] = b'{"imageLayoutVersion": "1.0.0"}'
    archive = folder / "pause.tar"
    with tarfile.open(archive, "w") as tar:
        for name, content in blobs.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return archive
