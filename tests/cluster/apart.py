"""A network of its own for a cluster on this machine: no way out of it, nothing left of it.

Loopback, a bridge for pods, and an address that stands for all that is outside. Rules of packets
belong to a network: none of the machine's own is touched, and all are gone with the network.
"""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.services.process import UnavailableError, run_to_end
from tests.cluster.node import BRIDGE, GATEWAY, PATH
from tests.cluster.watching import until

NEWNET = 0x40000000  # CLONE_NEWNET of sched.h
GATEWAY_6 = "fd00:244:9::1"
# Addresses of documents (RFC 5737, RFC 3849), which nobody has.
NEAR, NEAR_6 = "192.0.2.1", "2001:db8::1"
FAR, FAR_6 = "192.0.2.7", "2001:db8::7"
NEAR_END, FAR_END = "lgspout0", "lgspout1"
FORWARDING = ("ipv4/ip_forward", "ipv6/conf/all/forwarding")
BRIDGED = ("bridge/bridge-nf-call-iptables", "bridge/bridge-nf-call-ip6tables")

# Whoever is refused is told so by ICMP, of which little is sent otherwise: attempts would wait.
TOLD_AT_ONCE = {
    "ipv4/icmp_ratelimit": 0,
    "ipv6/icmp/ratelimit": 0,
    "ipv4/icmp_msgs_per_sec": 1_000_000,
    "ipv4/icmp_msgs_burst": 1_000_000,  # of IPv6 too
}


def lacks() -> str:
    """Say what is missing by which policies are enforced; nothing if all is there."""
    for program, package in (
        ("ipset", "ipset"),
        ("iptables", "iptables"),
        ("nsenter", "util-linux"),
    ):
        if shutil.which(program, path=PATH) is None:
            return f"{program} is needed: Debian's package {package}"
    return ""


def ip(*words: str, of: int | None = None) -> None:
    """Run `ip`, in the network of another process if one is named."""
    inside = ["nsenter", "--target", str(of), "--net"] if of else []
    run_to_end(["/usr/bin/env", f"PATH={PATH}", *inside, "ip", *words])


@contextmanager
def own_network() -> Iterator[None]:
    """Be in a network of its own: this thread, and whatever it starts."""
    libc = ctypes.CDLL(None, use_errno=True)

    def call(name: str, *words: int) -> None:
        if getattr(libc, name)(*words) != 0:
            raise UnavailableError(f"{name}: {os.strerror(ctypes.get_errno())}")

    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        call("unshare", NEWNET)
        _set_up()
        yield
    finally:
        call("setns", before, NEWNET)
        os.close(before)


def _set_up() -> None:
    """Make loopback and the bridge, and have the rules hold for what crosses it."""
    ip("link", "set", "lo", "up")
    ip("link", "add", BRIDGE, "type", "bridge")
    ip("addr", "add", f"{GATEWAY}/24", "dev", BRIDGE)
    ip("addr", "add", f"{GATEWAY_6}/64", "dev", BRIDGE, "nodad")
    ip("link", "set", BRIDGE, "up")
    # The API server does not start where no route leads anywhere. Nobody is at this one's end.
    ip("route", "add", "default", "dev", BRIDGE)
    for name in (*FORWARDING, *BRIDGED):
        Path("/proc/sys/net", name).write_text("1")
    for name, value in TOLD_AT_ONCE.items():
        Path("/proc/sys/net", name).write_text(str(value))


@contextmanager
def outside(command: list[str]) -> Iterator[None]:
    """Run a program at an address to which pods are routed, in a network of its own again."""
    with subprocess.Popen(
        # It waits for its addresses: a line is written when they are there.
        ["unshare", "--net", "sh", "-c", 'read line && exec "$0" "$@"', *command],
        stdin=subprocess.PIPE,
    ) as process:
        try:
            pid, own = process.pid, os.readlink("/proc/thread-self/ns/net")
            _wait_apart(pid, own)
            ip("link", "add", NEAR_END, "type", "veth", "peer", "name", FAR_END)
            ip("link", "set", FAR_END, "netns", str(pid))
            for end, four, six, of in (
                (NEAR_END, NEAR, NEAR_6, None),
                (FAR_END, FAR, FAR_6, pid),
            ):
                ip("addr", "add", f"{four}/24", "dev", end, of=of)
                ip("addr", "add", f"{six}/64", "dev", end, "nodad", of=of)
                ip("link", "set", end, "up", of=of)
            for near in (NEAR, NEAR_6):
                ip("route", "add", "default", "via", near, of=pid)
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            process.stdin.close()
            yield
        finally:
            process.kill()


@contextmanager
def beside(command: list[str]) -> Iterator[None]:
    """Run a program on this machine, in the cluster's network."""
    with subprocess.Popen(command) as process:
        try:
            yield
        finally:
            process.kill()


def _wait_apart(pid: int, own: str) -> None:
    until(lambda: os.readlink(f"/proc/{pid}/ns/net") != own, "the outside has its network")


def as_command(program: Path, told: str) -> list[str]:
    """Give what runs a program by this machine's Python."""
    return [sys.executable, str(program), told]
