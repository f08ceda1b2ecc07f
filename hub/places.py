"""Where installed files are: published schemas, reference data, the folder of the connectors."""

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path


def avro_folder() -> Traversable:
    """Locate the published Avro schemas."""
    return resources.files("schemas") / "avro"


def reference_file(name: str) -> Traversable:
    """Locate a file of reference data."""
    return resources.files("reference") / f"{name}.csv"


def connectors_folder() -> Path:
    """Locate the folder of the connectors."""
    return Path(str(resources.files("connectors")))
