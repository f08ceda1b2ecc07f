"""The manifests render, are valid for Kubernetes, and give no pod more rights than it needs."""

import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import typer
import yaml
from typer.core import TyperGroup

from hub import registry
from hub.cli import app
from hub.settings import Settings

FOLDER = Path(__file__).parents[2] / "deploy" / "k8s"
KUBERNETES = "1.29"
Manifest = dict[str, Any]


def rendered(name: str) -> list[Manifest]:
    command = ["kubectl", "kustomize", str(FOLDER / name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return list(yaml.safe_load_all(done.stdout))


BASE, NODE = rendered("base"), rendered("one-node")
ALL = [pytest.param(m, id=f"{m['kind']}-{m['metadata']['name']}") for m in NODE]


def template(manifest: Manifest) -> Manifest | None:
    spec = manifest.get("spec", {})
    if manifest["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    found: Manifest | None = spec.get("template")
    return found


PODS = [pytest.param(t, id=m["metadata"]["name"]) for m in NODE if (t := template(m)) is not None]
RUNNING = ("Deployment", "StatefulSet")
SERVED = [m for m in NODE if m["kind"] in RUNNING]


@pytest.mark.parametrize("manifest", ALL)
def test_a_manifest_is_valid(manifest: Manifest) -> None:
    kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def test_the_overlay_has_everything_of_the_base() -> None:
    def names(manifests: list[Manifest]) -> set[tuple[str, str]]:
        return {(m["kind"], m["metadata"]["name"]) for m in manifests}

    assert names(BASE) == names(NODE)
    assert {m["metadata"].get("namespace") for m in NODE} == {"lgsp"}


@pytest.mark.parametrize("pod", PODS)
def test_a_pod_has_the_least_rights(pod: Manifest) -> None:
    spec = pod["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] >= 10_000
    assert spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    assert not spec.get("hostNetwork")
    for container in [*spec["containers"], *spec.get("initContainers", [])]:
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"] is True
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"]["drop"] == ["ALL"]
        assert not rights.get("privileged")
        for kind in ("requests", "limits"):
            assert set(container["resources"][kind]) == {"cpu", "memory"}
        _, tag = container["image"].rsplit(":", 1)
        assert tag != "latest"
        assert {m["mountPath"] for m in container["volumeMounts"]} >= {"/tmp"}
    for volume in spec["volumes"]:
        assert "hostPath" not in volume
        assert "sizeLimit" in volume.get("emptyDir", {"sizeLimit": ""})


@pytest.mark.parametrize("pod", PODS)
def test_a_pod_runs_a_command_that_exists(pod: Manifest) -> None:
    hub = typer.main.get_command(app)
    assert isinstance(hub, TyperGroup)
    for container in [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]:
        command, *rest = container["args"]
        assert command in hub.commands
        if command == "connect":
            assert rest[0] in registry.connectors()


@pytest.mark.parametrize("deployment", SERVED, ids=lambda m: m["metadata"]["name"])
def test_liveness_does_not_hang_on_kafka(deployment: Manifest) -> None:
    """What is alive while Kafka and PostgreSQL are away is not started again for nothing."""
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["startupProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] in ("/healthz", "/readyz")
    (port,) = container["ports"]
    listens = {e["name"]: e["value"] for e in container["env"]}["HUB_LISTEN"]
    assert listens == f"0.0.0.0:{port['containerPort']}"


@pytest.mark.parametrize("pod", PODS)
def test_every_pod_is_behind_the_network_policy(pod: Manifest) -> None:
    policies = [m for m in NODE if m["kind"] == "NetworkPolicy"]
    ours = [p for p in policies if set(p["spec"]["policyTypes"]) == {"Ingress", "Egress"}]
    assert any(
        p["spec"]["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        for p in ours
    )


def test_what_runs_more_than_once_has_a_disruption_budget() -> None:
    several = {
        m["metadata"]["name"] for m in BASE if m["kind"] in RUNNING and m["spec"]["replicas"] > 1
    }
    budgets = [m for m in BASE if m["kind"] == "PodDisruptionBudget"]
    selectors = [m["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"] for m in budgets]
    assert set(selectors) == several == {"gateway", "worker"}


def test_who_reads_the_log_from_its_start_has_the_archive_and_one_job_writes_it() -> None:
    claims = [m for m in BASE if m["kind"] == "PersistentVolumeClaim"]
    assert "ReadWriteMany" in next(
        m["spec"]["accessModes"] for m in claims if m["metadata"]["name"] == "archive"
    )
    writing = set()
    for manifest in NODE:
        pod = template(manifest)
        for container in pod["spec"]["containers"] if pod else []:
            name = manifest["metadata"]["name"]
            if manifest["kind"] != "CronJob" and name != "gateway":
                continue
            env = {e["name"]: e["value"] for e in container["env"]}
            (mount,) = [m for m in container["volumeMounts"] if m["name"] == "archive"]
            assert env["HUB_ARCHIVE_DIR"] == mount["mountPath"], name
            if not mount.get("readOnly"):
                writing.add(name)
    assert writing == {"archive"}


def test_a_gateway_keeps_what_it_acknowledged_on_a_disk_of_its_own() -> None:
    (gateway,) = [m for m in BASE if m["kind"] == "StatefulSet"]
    (container,) = gateway["spec"]["template"]["spec"]["containers"]
    env = {e["name"]: e["value"] for e in container["env"]}
    mounts = {m["mountPath"]: m["name"] for m in container["volumeMounts"]}
    (claim,) = gateway["spec"]["volumeClaimTemplates"]
    assert mounts[env["HUB_SPOOL_DIR"]] == claim["metadata"]["name"]
    volumes = {v["name"]: v for v in gateway["spec"]["template"]["spec"]["volumes"]}
    assert volumes[mounts[env["HUB_SIGNING_DIR"]]]["secret"]["secretName"] == "hub-signing"


def test_settings_are_known_and_hold_no_secret() -> None:
    (settings,) = [m["data"] for m in NODE if m["kind"] == "ConfigMap"]
    known = {f"HUB_{name.upper()}" for name in Settings.model_fields}
    for name, connector in registry.connectors().items():
        known |= {f"HUB_{name}_{field}".upper() for field in connector.settings.model_fields}
    assert set(settings) <= known | {"TOPIC_REPLICATION"}
    assert not any("PASSWORD" in n or "DATABASE" in n for n in settings)
    assert not any(m["kind"] == "Secret" for m in NODE)
