"""The manifests render, are valid for Kubernetes, and give no pod more rights than it needs."""

import copy
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from pydantic_settings import BaseSettings
from typer.core import TyperGroup

from hub import registry
from hub.cli import app
from hub.kafka import resources, rights
from hub.kafka.topics import wanted
from hub.operating import scrapes, workloads
from hub.settings import Settings, read_own
from tests.laws.test_operations import GROUPS

FOLDER = Path(__file__).parents[2] / "deploy" / "k8s"
KUBERNETES = "1.29"
Manifest = dict[str, Any]


@cache
def rendered(name: str) -> list[Manifest]:
    """Render a folder of manifests once a process; not as modules are read, which each one does."""
    command = ["kubectl", "kustomize", str(FOLDER / name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return list(yaml.load_all(done.stdout, Loader=yaml.CSafeLoader))


def base() -> list[Manifest]:
    return rendered("base")


def node() -> list[Manifest]:
    return rendered("one-node")


def province() -> list[Manifest]:
    return rendered("province")


def jobs() -> list[Manifest]:
    names = ("migrate", "rebuild", "rebuild-approve", "rebuild-discard")
    return [m for n in names for m in rendered(n)]


def ours() -> list[Manifest]:
    """The province's overlay has all that a node's has, and what operators take and define."""
    known = ("v1", "apps/v1", "batch/v1", "policy/v1", "networking.k8s.io/v1")
    return [m for m in province() if m["apiVersion"] in known]


def template(manifest: Manifest) -> Manifest | None:
    spec = manifest.get("spec", {})
    if manifest["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    found: Manifest | None = spec.get("template")
    return found


def pods() -> dict[str, Manifest]:
    """Give the template of each pod that a manifest starts, by the manifest's name."""
    found = [(m["metadata"]["name"], template(m)) for m in (*ours(), *jobs())]
    named = {name: pod for name, pod in found if pod is not None}
    assert len(named) == sum(pod is not None for _, pod in found)  # none is passed over
    return named


def served() -> dict[str, Manifest]:
    return {m["metadata"]["name"]: m for m in ours() if m["kind"] in RUNNING}


RUNNING = ("Deployment", "StatefulSet")
CONNECTED = registry.connectors()


def dashed(name: str) -> str:
    return name.replace("_", "-")


def named(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    (found,) = [m for m in manifests if (m["kind"], m["metadata"]["name"]) == (kind, name)]
    return found


def test_each_manifest_is_valid(subtests: pytest.Subtests) -> None:
    # It takes seconds, and each process reads this module.
    import kubernetes_validate  # type: ignore[import-untyped]  # noqa: PLC0415

    for place, manifests in (("node", node()), ("province", ours()), ("job", jobs())):
        for manifest in manifests:
            name = f"{place}-{manifest['kind']}-{manifest['metadata']['name']}"
            with subtests.test(name):
                kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def test_an_overlay_has_everything_of_the_base() -> None:
    def names(manifests: list[Manifest]) -> set[tuple[str, str]]:
        return {(m["kind"], m["metadata"]["name"]) for m in manifests}

    assert names(base()) < names(node()) < names(province())
    everything = [*node(), *province(), *jobs()]
    assert {m["metadata"].get("namespace") for m in everything} == {"lgsp"}


def test_one_release_has_one_image_wherever_it_is_named() -> None:
    """Else a migration, or a rebuild, would be of another release than what is rolled."""
    pods = [t for m in (*node(), *ours(), *jobs()) if (t := template(m)) is not None]
    images = {
        c["image"]
        for p in pods
        for c in (*p["spec"]["containers"], *p["spec"].get("initContainers", []))
    }
    assert len(images) == 1
    tags = {
        line.strip()
        for path in FOLDER.rglob("kustomization.yaml")
        for line in path.read_text("utf-8").splitlines()
        if "newTag" in line
    }
    assert len(tags) == 1


@pytest.mark.parametrize("name", CONNECTED)
def test_a_connector_has_a_workload_whose_settings_it_takes(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What must be set is set to what its class accepts; files lie where they are mounted."""
    settings = named(province(), "ConfigMap", f"connect-{dashed(name)}")["data"]
    deployment = named(province(), "Deployment", f"connect-{dashed(name)}")
    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"]["type"] == "Recreate"
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["args"] == ["connect", name]
    from_maps = [e["configMapRef"]["name"] for e in container["envFrom"] if "configMapRef" in e]
    assert from_maps == ["hub-settings", f"connect-{dashed(name)}"]
    for variable, value in settings.items():
        monkeypatch.setenv(variable, value)
    own = read_own(name, CONNECTED[name].settings)
    mounted = {m["mountPath"] for m in container["volumeMounts"]}
    for field in type(own).model_fields:
        value = getattr(own, field)
        if isinstance(value, Path):
            assert mounted & {str(value), str(value.parent)}, field
    if "folder" in type(own).model_fields:
        claims = [
            v["persistentVolumeClaim"]["claimName"]
            for v in pod["volumes"]
            if "persistentVolumeClaim" in v
        ]
        assert claims == [f"{dashed(name)}-drop"]
        assert named(province(), "PersistentVolumeClaim", claims[0])


def test_a_setting_without_an_example_is_named() -> None:
    class Lacking(BaseSettings):
        account: str

    with pytest.raises(TypeError, match=r"Lacking\.account must be set"):
        workloads.files({"lacking": Lacking})


def test_kafka_users_are_the_processes_and_have_the_rights_that_they_need() -> None:
    """Of each pod the certificate is that of the user of its process, whose rights are rendered."""
    sources = {name: source.contract for name, source in registry.sources().items()}
    users = {m["metadata"]["name"]: m["spec"] for m in province() if m["kind"] == "KafkaUser"}
    needed = {
        resources.user_of(p): rights.rights(p, registry.contracts().values(), sources)
        for p in rights.processes({name: sources[name] for name in CONNECTED})
    }
    said = {
        user: {
            (acl["resource"]["type"], acl["resource"]["name"], operation)
            for acl in spec["authorization"]["acls"]
            for operation in acl["operations"]
        }
        for user, spec in users.items()
    }
    kinds = {"topic": "topic", "group": "group", "transactional_id": "transactionalId"}
    assert said == {
        user: {(kinds[r.kind], r.name, r.operation.title().replace("_", "")) for r in given}
        for user, given in needed.items()
    }
    shown = set()
    for manifest in (*ours(), *jobs()):
        pod = template(manifest)
        for volume in pod["spec"]["volumes"] if pod else []:
            if volume["name"] == "kafka":
                shown |= {s["secret"]["name"] for s in volume["projected"]["sources"]}
    assert shown == {*users, "kafka-cluster-ca-cert"}


def test_topics_of_the_operator_are_those_that_the_hub_makes() -> None:
    kafka = [m["spec"] for m in province() if m["kind"] == "KafkaTopic"]
    said = {t["topicName"]: (t["partitions"], t["config"]) for t in kafka}
    for topic in wanted(registry.contracts().values()):
        partitions, config = said.pop(topic.name)
        assert partitions == topic.partitions
        assert {**topic.config, "min.insync.replicas": "2"} == config
    assert said == {}
    assert {t["replicas"] for t in kafka} == {3}


def test_a_job_is_applied_by_itself() -> None:
    """What a Job is cannot be changed: in an overlay, the second release could not be applied."""
    assert [m["metadata"]["name"] for m in (*node(), *province()) if m["kind"] == "Job"] == []
    kept = {m["metadata"]["name"]: m for m in jobs()}
    assert set(kept) == {"migrate", "rebuild", "rebuild-approve", "rebuild-discard"}
    commands = [c["args"] for m in jobs() for c in m["spec"]["template"]["spec"]["containers"]]
    assert ["rebuild", "--approve"] in commands
    assert ["rebuild", "--discard"] in commands


def test_a_pod_has_the_least_rights(subtests: pytest.Subtests) -> None:
    for name, pod in pods().items():
        with subtests.test(name):
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


def test_a_pod_runs_a_command_that_exists(subtests: pytest.Subtests) -> None:
    for name, pod in pods().items():
        with subtests.test(name):
            hub = typer.main.get_command(app)
            assert isinstance(hub, TyperGroup)
            for container in [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]:
                command, *rest = container["args"]
                assert command in hub.commands
                if command == "connect":
                    assert rest[0] in registry.connectors()


def test_liveness_does_not_hang_on_kafka(subtests: pytest.Subtests) -> None:
    """What is alive while Kafka and PostgreSQL are away is not started again for nothing."""
    for name, deployment in served().items():
        with subtests.test(name):
            (container,) = deployment["spec"]["template"]["spec"]["containers"]
            assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
            assert container["startupProbe"]["httpGet"]["path"] == "/healthz"
            assert container["readinessProbe"]["httpGet"]["path"] in ("/healthz", "/readyz")
            port = next(p for p in container["ports"] if p["name"] == "http")
            listens = {e["name"]: e["value"] for e in container["env"]}["HUB_LISTEN"]
            assert listens == f"0.0.0.0:{port['containerPort']}"


def test_every_pod_is_behind_the_network_policy(subtests: pytest.Subtests) -> None:
    for name, pod in pods().items():
        with subtests.test(name):
            policies = [m for m in ours() if m["kind"] == "NetworkPolicy"]
            held = [
                p["spec"]["policyTypes"]
                for p in policies
                if p["spec"]["podSelector"]["matchLabels"].items()
                <= pod["metadata"]["labels"].items()
            ]
            # Of one direction each: where one is of both, kube-router lets in what it lets out.
            assert all(len(directions) == 1 for directions in held)
            assert {d for directions in held for d in directions} == {"Ingress", "Egress"}


def test_what_runs_more_than_once_has_a_disruption_budget() -> None:
    several = {
        m["metadata"]["name"] for m in base() if m["kind"] in RUNNING and m["spec"]["replicas"] > 1
    }
    budgets = [m for m in base() if m["kind"] == "PodDisruptionBudget"]
    selectors = [m["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"] for m in budgets]
    assert set(selectors) == several == {"gateway", "worker"}


def test_who_reads_the_log_from_its_start_has_the_archive_and_one_job_writes_it() -> None:
    claims = [m for m in base() if m["kind"] == "PersistentVolumeClaim"]
    assert "ReadWriteMany" in next(
        m["spec"]["accessModes"] for m in claims if m["metadata"]["name"] == "archive"
    )
    writing = set()
    for manifest in node():
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
    (gateway,) = [m for m in base() if m["kind"] == "StatefulSet"]
    (container,) = gateway["spec"]["template"]["spec"]["containers"]
    env = {e["name"]: e["value"] for e in container["env"]}
    mounts = {m["mountPath"]: m["name"] for m in container["volumeMounts"]}
    (claim,) = gateway["spec"]["volumeClaimTemplates"]
    assert mounts[env["HUB_SPOOL_DIR"]] == claim["metadata"]["name"]
    volumes = {v["name"]: v for v in gateway["spec"]["template"]["spec"]["volumes"]}
    assert volumes[mounts[env["HUB_SIGNING_DIR"]]]["secret"]["secretName"] == "hub-signing"


def test_settings_are_known_and_hold_no_secret() -> None:
    known = {f"HUB_{name.upper()}" for name in Settings.model_fields}
    for name, connector in CONNECTED.items():
        known |= {f"HUB_{name}_{field}".upper() for field in connector.settings.model_fields}
    for name, outlet in registry.outlets().items():
        known |= {f"HUB_OUTLET_{name}_{field}".upper() for field in outlet.settings.model_fields}
    for settings in (m["data"] for m in (*node(), *province()) if m["kind"] == "ConfigMap"):
        assert set(settings) <= known | {"TOPIC_REPLICATION"}
        secret = [n for n in settings if re.search("PASSWORD|SECRET|TOKEN|DATABASE", n)]
        assert [n for n in secret if not n.endswith("_FILE")] == []
    assert not any(m["kind"] == "Secret" for m in (*node(), *province()))


def test_files_that_settings_name_are_mounted_in_the_gateway() -> None:
    """People's numbers and tokens of outlets; what the hub writes anew lies on a volume."""
    settings = named(province(), "ConfigMap", "hub-settings")["data"]
    pod = named(province(), "StatefulSet", "gateway")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    mounts = {m["mountPath"]: m for m in container["volumeMounts"]}
    files = {n: Path(v) for n, v in settings.items() if n.endswith("_FILE")}
    assert {"HUB_SUBSCRIBERS_FILE", "HUB_OUTLET_ZNS_TOKEN_FILE"} <= files.keys()
    for name, path in files.items():
        is_written = name == "HUB_OUTLET_ZNS_TOKEN_FILE"
        assert bool(mounts[str(path.parent)].get("readOnly")) != is_written, name


def test_a_cluster_scrapes_every_process_as_the_job_that_rules_ask_for() -> None:
    monitor = named(province(), "PodMonitor", "hub")["spec"]
    (endpoint,) = monitor["podMetricsEndpoints"]
    for name in served():
        pod = pods()[name]
        labels = monitor["selector"]["matchLabels"].items()
        assert labels <= pod["metadata"]["labels"].items(), name
        ports = [p["name"] for c in pod["spec"]["containers"] for p in c["ports"]]
        assert endpoint["port"] in ports
    told = {r["targetLabel"]: r.get("replacement") for r in endpoint["relabelings"]}
    assert told["job"] == scrapes.JOB
    rules = named(province(), "PrometheusRule", "hub")["spec"]["groups"]
    asked = {j for g in rules for r in g["rules"] for j in re.findall(r'job="(\w+)"', r["expr"])}
    assert asked == {scrapes.JOB}


def test_a_cluster_has_the_rules_that_are_tested() -> None:
    """Where lines break is kubectl's own affair."""

    def told(groups: list[Manifest]) -> list[Manifest]:
        found = copy.deepcopy(groups)
        for rule in (r for g in found for r in g["rules"]):
            rule["expr"] = " ".join(rule["expr"].split())
        return found

    assert told(named(province(), "PrometheusRule", "hub")["spec"]["groups"]) == told(GROUPS)


def test_the_compose_file_runs_the_same_image_with_settings_that_are_known() -> None:
    """Its syntax is Compose's own: `podman-compose --dry-run` reads it."""
    compose = yaml.safe_load((FOLDER.parent / "compose.yaml").read_text("utf-8"))
    ours = {n: s for n, s in compose["services"].items() if "lgsp-hub" in s["image"]}
    assert set(ours) == {"topics", "folders", "gateway", "worker"}
    gateway = named(node(), "StatefulSet", "gateway")["spec"]["template"]["spec"]["containers"][0]
    known = {f"HUB_{name.upper()}" for name in Settings.model_fields}
    for name, service in ours.items():
        assert service["image"] == f"localhost/{gateway['image']}"
        assert set(service["environment"]) <= known
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        if name != "folders":  # which makes new volumes theirs
            assert service["user"] == "10001:10001"
    published = [p for s in compose["services"].values() for p in s.get("ports", [])]
    assert published == ["127.0.0.1:8080:8080"]
    # Passwords are variables that must be set: none stands in the file.
    database = compose["services"]["database"]["environment"]["POSTGRES_PASSWORD"]
    address = ours["gateway"]["environment"]["HUB_DATABASE_URL"]
    assert database == "${HUB_DATABASE_PASSWORD:?it is needed}"
    assert database in address
