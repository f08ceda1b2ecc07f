"""A hub on a machine that reaches nobody: no network but loopback, no name is resolved.

`python -m tests.parts.alone FOLDER` goes into a network of its own, which has a loopback alone,
and there starts `hub serve`, sends, reads, kills it with -9, starts it again, verifies; it prints
what it saw as one line of JSON.
"""

import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

from stream_jobs.worked import received
from tests.parts import starting
from tests.stories.conftest import Served

SIOCSIFFLAGS, UP, RUNNING = 0x8914, 0x1, 0x40
INSIDE = "LGSP_ALONE"
OUTSIDE = ("198.51.100.1", 443)  # of RFC 5737: nobody's


def command(folder: Path) -> list[str]:
    """Give what runs this module in a network of its own, where whoever it is may be root."""
    unshare = shutil.which("unshare")
    assert unshare is not None, "unshare (Debian's util-linux) is needed"
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    # Whatever it started ends with it, also where it is ended from outside.
    own = [*user, "--net", "--pid", "--fork", "--kill-child"]
    return [unshare, *own, sys.executable, "-m", "tests.parts.alone", str(folder)]


def run(folder: Path, seconds_max: float) -> dict[str, Any]:
    """Run it; give what it saw."""
    done = subprocess.run(
        command(folder),
        env={**os.environ, INSIDE: "1"},
        capture_output=True,
        text=True,
        timeout=seconds_max,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seen


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14s", b"lo", UP | RUNNING, b""))


def _reaches(address: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(address, timeout=2):
            return True
    except OSError:
        return False


def main() -> None:
    """See what a hub does alone."""
    assert os.environ.get(INSIDE), "it is started by `run`, in a network of its own"
    _raise_loopback()
    starting.is_forking = True
    hub = Served(Path(sys.argv[1]))
    hub.create_key()
    hub.start()
    sent = [received(code, "2023-05-17") for code in "AB"]
    statuses = [hub.post("dossier", [event]).status_code for event in sent]
    hub.kill()
    hub.start()
    page = hub.get("/")
    assets = [name for name in ("/page/elements/page-links.js",) if hub.get(name).is_success]
    figure = hub.figure("dossier_received_new", period="2023")["numerator"]
    hub.stop()
    proof = hub.run("verify")
    seen = {
        "reaches": _reaches(OUTSIDE),
        "statuses": statuses,
        "page": [page.status_code, "http://" in page.text.replace("http://www.w3.org", "")],
        "assets": len(assets),
        "figure": figure,
        "verify": proof.returncode,
        "doctor": hub.run("doctor").returncode,
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
