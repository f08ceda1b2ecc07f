"""Where installed files are: schemas, dictionaries, lists, parts of the page, connectors."""

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path


def avro_folder() -> Traversable:
    """Locate the published Avro schemas."""
    return resources.files("schemas") / "avro"


def dictionaries_folder() -> Traversable:
    """Locate what the stored events of contracts are packed by."""
    return resources.files("schemas") / "dictionaries"


def reference_folder() -> Traversable:
    """Locate the lists that are true for every province."""
    return resources.files("reference")


def demo_reference_folder() -> Traversable:
    """Locate the lists of the demo's province, which is made up."""
    return resources.files("reference") / "demo"


def group_part(name: str) -> Traversable | None:
    """Locate a group's part of the page, if it has one."""
    part = resources.files("stream_jobs.groups") / f"{name}.js"
    return part if part.is_file() else None


def connectors_folder() -> Path:
    """Locate the folder of the connectors."""
    return Path(str(resources.files("connectors")))
