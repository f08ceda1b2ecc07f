"""The parts of a control plane, each a server on loopback with certificates and tokens of its own.

etcd takes whoever shows a certificate of the authority; the API server knows people and
controllers by tokens, decides by RBAC, and holds namespaces to the Pod Security that they name.
"""

import http.client
import os
import secrets
import shutil
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from deploy.local.services.part import Part
from deploy.local.services.ports import HOST, free_port
from deploy.local.services.process import UnavailableError, write_whole
from tests.parts.authority import Authority

SERVICES, PODS = "10.96.0.0/16", "10.244.0.0/16"
# Who the parts are to the API server; RBAC's own roles know them by these names.
USERS = {
    "operator": ("operator", "system:masters"),
    "controllers": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "kwok": ("kwok", "system:masters"),
}


@dataclass
class Papers:
    """Certificates, keys and tokens of one run, in its folder."""

    folder: Path
    tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.authority = Authority(self.folder, "authority")
        self.certificate, self.key = self.authority.issue("loopback")
        self.tokens = {name: secrets.token_urlsafe(24) for name in USERS}
        lines = [
            f'{self.tokens[name]},{user},{user},"{group}"' for name, (user, group) in USERS.items()
        ]
        self.token_file = self._private("tokens.csv", "\n".join(lines) + "\n")
        accounts = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.accounts_key = self._private(
            "accounts.key",
            accounts.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ).decode(),
        )

    def kubeconfig(self, name: str, server: str) -> Path:
        """Write by what one of the users reaches the API server."""
        said = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "loopback",
            "clusters": [
                {
                    "name": "loopback",
                    "cluster": {
                        "server": server,
                        "certificate-authority": str(self.authority.file),
                    },
                }
            ],
            "users": [{"name": name, "user": {"token": self.tokens[name]}}],
            "contexts": [{"name": "loopback", "context": {"cluster": "loopback", "user": name}}],
        }
        return self._private(f"{name}.kubeconfig", yaml.safe_dump(said))

    def _private(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.touch(mode=0o600)
        write_whole(path, text)
        path.chmod(0o600)
        return path


def answers(port: int, path: str, papers: Papers, token: str = "") -> bool:
    """Whether a server of the plane says that it is well."""
    context = ssl.create_default_context(cafile=str(papers.authority.file))
    context.load_cert_chain(papers.certificate, papers.key)
    connection = http.client.HTTPSConnection(HOST, port, timeout=5, context=context)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def answers_in_clear(port: int, path: str) -> bool:
    """Whether a server without TLS says that it is well."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


class PlanePart(Part):
    """A part of the plane: a program of `programs`, well when a path of its own says so."""

    program: ClassVar[str]
    path: ClassVar[str] = "/healthz"
    setting: ClassVar[str] = ""

    def __init__(self, folder: Path, papers: Papers, programs: Path, server: str = "") -> None:
        super().__init__(folder, {f"CLUSTER_{self.name.upper()}_PORT": free_port()})
        self.papers = papers
        self.programs = programs
        self.server = server

    @property
    def address(self) -> str:
        """Where it is."""
        return f"https://{HOST}:{self.port}"

    def fetch(self) -> None:
        """Check that the program was built."""
        if not (self.programs / self.program).exists():
            raise UnavailableError(f"{self.programs / self.program} is not there: `make cluster`")

    def _prepare(self) -> None:
        self.data.mkdir(exist_ok=True)

    def _command(self) -> list[str]:
        return [str(self.programs / self.program), *self._flags()]

    def _flags(self) -> list[str]:
        raise NotImplementedError

    def _answers(self) -> bool:
        return answers(self.port, self.path, self.papers)

    @property
    def memory_mib(self) -> int:
        """What it holds in memory now, MiB; 0 if it does not run."""
        process = self.process
        if process is None:
            return 0
        pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") >> 20


class Etcd(PlanePart):
    """What the API server keeps; from Debian's package."""

    name = "etcd"
    program = "etcd"
    path = "/health"

    def __init__(self, folder: Path, papers: Papers) -> None:
        program = shutil.which("etcd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            raise UnavailableError("etcd is needed: Debian's package etcd-server")
        super().__init__(folder, papers, Path(program).parent)
        self._peers = free_port()

    def _flags(self) -> list[str]:
        papers, peers = self.papers, f"https://{HOST}:{self._peers}"
        return [
            "--name=loopback",
            f"--data-dir={self.data}",
            f"--listen-client-urls={self.address}",
            f"--advertise-client-urls={self.address}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=loopback={peers}",
            *(
                f"--{peer}{flag}={path}"
                for peer in ("", "peer-")
                for flag, path in (
                    ("cert-file", papers.certificate),
                    ("key-file", papers.key),
                    ("trusted-ca-file", papers.authority.file),
                )
            ),
            "--client-cert-auth",
            "--peer-client-cert-auth",
        ]


class ApiServer(PlanePart):
    """The API server; `server` is where etcd is."""

    name = "apiserver"
    program = "kube-apiserver"
    path = "/readyz"

    def _flags(self) -> list[str]:
        papers = self.papers
        return [
            f"--bind-address={HOST}",
            f"--secure-port={self.port}",
            # No pod reaches it: its address need not stand in the service `kubernetes`.
            "--endpoint-reconciler-type=none",
            f"--etcd-servers={self.server}",
            f"--etcd-cafile={papers.authority.file}",
            f"--etcd-certfile={papers.certificate}",
            f"--etcd-keyfile={papers.key}",
            f"--tls-cert-file={papers.certificate}",
            f"--tls-private-key-file={papers.key}",
            f"--client-ca-file={papers.authority.file}",
            f"--token-auth-file={papers.token_file}",
            "--anonymous-auth=false",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction,PodSecurity",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={papers.accounts_key}",
            f"--service-account-signing-key-file={papers.accounts_key}",
            f"--service-cluster-ip-range={SERVICES}",
        ]

    def _answers(self) -> bool:
        return answers(self.port, self.path, self.papers, self.papers.tokens["operator"])


class Controllers(PlanePart):
    """The controllers, as many as there are; `server` is the API server."""

    name = "controllers"
    program = "kube-controller-manager"

    def _flags(self) -> list[str]:
        papers = self.papers
        return [
            f"--kubeconfig={papers.kubeconfig(self.name, self.server)}",
            f"--bind-address={HOST}",
            f"--secure-port={self.port}",
            f"--tls-cert-file={papers.certificate}",
            f"--tls-private-key-file={papers.key}",
            "--leader-elect=false",
            f"--service-account-private-key-file={papers.accounts_key}",
            f"--root-ca-file={papers.authority.file}",
            "--use-service-account-credentials",
            # A node that says nothing for a while is on a busy machine, not away.
            "--node-monitor-grace-period=60m",
            "--allocate-node-cidrs",
            f"--cluster-cidr={PODS}",
            f"--service-cluster-ip-range={SERVICES}",
        ]


class Scheduler(PlanePart):
    """The scheduler; `server` is the API server."""

    name = "scheduler"
    program = "kube-scheduler"

    def _flags(self) -> list[str]:
        papers = self.papers
        return [
            f"--kubeconfig={papers.kubeconfig(self.name, self.server)}",
            f"--bind-address={HOST}",
            f"--secure-port={self.port}",
            f"--tls-cert-file={papers.certificate}",
            f"--tls-private-key-file={papers.key}",
            "--leader-elect=false",
        ]


class Kwok(PlanePart):
    """Nodes that say what nodes say and run nothing; `server` is the API server."""

    name = "kwok"
    program = "kwok"

    def __init__(
        self, folder: Path, papers: Papers, programs: Path, server: str, stages: Path
    ) -> None:
        super().__init__(folder, papers, programs, server)
        self._stages = stages

    def _flags(self) -> list[str]:
        return [
            f"--kubeconfig={self.papers.kubeconfig(self.name, self.server)}",
            f"--config={self._stages}",
            "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
            "--node-lease-duration-seconds=40",
            f"--server-address={HOST}:{self.port}",
            f"--tls-cert-file={self.papers.certificate}",
            f"--tls-private-key-file={self.papers.key}",
        ]
