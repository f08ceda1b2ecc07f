"""Where installed files are: schemas, reference data, parts of the page, the connectors' folder."""

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path


def avro_folder() -> Traversable:
    """Locate the published Avro schemas."""
    return resources.files("schemas") / "avro"


def reference_file(name: str) -> Traversable:
    """Locate a file of reference data."""
    return resources.files("reference") / f"{name}.csv"


def group_part(name: str) -> Traversable | None:
    """Locate a group's part of the page, if it has one."""
    part = resources.files("stream_jobs.groups") / f"{name}.js"
    return part if part.is_file() else None


def connectors_folder() -> Path:
    """Locate the folder of the connectors."""
    return Path(str(resources.files("connectors")))
