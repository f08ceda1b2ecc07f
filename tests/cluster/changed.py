"""A release that changes a definition: the image of `make image`, with one line of it another."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.services.process import UnavailableError
from tests.cluster.node import BUILDAH

RECIPE = Path(__file__).with_name("changed.Dockerfile")


@contextmanager
def changed_image(base: str, image: str) -> Iterator[None]:
    """Build `image` on `base` and remove it again; raises `UnavailableError`."""
    with tempfile.TemporaryDirectory() as nothing:
        _buildah(
            *("bud", "--quiet", "--pull-never", "--network", "host"),
            *("--build-arg", f"BASE=localhost/{base}"),
            *("--file", str(RECIPE), "--tag", f"localhost/{image}", nothing),
        )
    try:
        yield
    finally:
        _buildah("rmi", f"localhost/{image}")


def _buildah(*words: str) -> None:
    done = subprocess.run(
        ["buildah", *words],
        env=BUILDAH,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode != 0:
        raise UnavailableError(f"failed: buildah {' '.join(words)}: {done.stderr[-500:]}")
