"""What the API server says of the manifests: kinds, fields, Pod Security, rights."""

import copy

import yaml

from tests.chaos.checks import Report
from tests.cluster.api import Api, Manifest, RefusedError, conditions
from tests.cluster.manifests import FOLDER, JOBS, ONE_NODE, PROVINCE, definitions, named, rendered
from tests.cluster.watching import SPACE, until
from tests.parts.same import Say

ACCOUNT = "system:serviceaccount:lgsp:hub"
BARE: Manifest = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "bare", "namespace": "lgsp"},
    "spec": {"containers": [{"name": "bare", "image": "lgsp-hub:0.1.0"}]},
}


def refusal(api: Api, manifest: Manifest) -> str:
    """Try to apply, dry; say why it was refused, or nothing."""
    try:
        api.apply(manifest, is_dry=True)
    except RefusedError as error:
        return str(error)
    return ""


def _held(report: Report, name: str, text: str, holds: bool) -> None:
    report.say(name, text, [] if holds else [text or "it was taken"])


def take_space(api: Api, report: Report) -> None:
    """Make the namespace, and see that it refuses a pod with more rights than `restricted`."""
    api.apply(yaml.safe_load((FOLDER / "namespace.yaml").read_text("utf-8")))
    until(lambda: api.items(f"{SPACE}/serviceaccounts"), "the namespace has an account")
    said = refusal(api, BARE)
    _held(report, "Pod Security", f"a bare pod: {said[:160]}", "violates PodSecurity" in said)


def take_definitions(api: Api, report: Report, say: Say) -> None:
    """Install the definitions of others' kinds."""
    found = definitions(say)
    for definition in found:
        api.apply(definition)
    for definition in found:
        path = api.path_of(definition)
        until(lambda path=path: _is_established(api.get(path)), path)  # type: ignore[misc]
    api.forget_resources()
    named_by = [d["metadata"]["name"] for d in found]
    report.say("definitions", f"{len(named_by)} kinds of Strimzi, CloudNativePG, Prometheus", [])


def _is_established(definition: Manifest) -> bool:
    return ("Established", "True") in [c[:2] for c in conditions(definition)]


def dry_run(api: Api, report: Report) -> None:
    """Apply every manifest dry on the server; it must take each, and warn of none."""
    for name in (ONE_NODE, PROVINCE, *JOBS):
        manifests, wrong = rendered(name), []
        before = len(api.warnings)
        for manifest in manifests:
            said = refusal(api, manifest)
            if said:
                wrong.append(f"{manifest['kind']} {manifest['metadata']['name']}: {said}")
        wrong += api.warnings[before:]
        text = f"{len(manifests)} objects, {len(api.warnings) - before} warnings"
        report.say(f"dry run of {name}", text, wrong)


def slips(api: Api, report: Report) -> None:
    """See that the server's dry run finds slips: a field nobody knows, a right too many."""
    province = rendered(PROVINCE)
    worker = copy.deepcopy(named(province, "Deployment", "worker"))
    worker["spec"]["template"]["spec"]["hostNetwork"] = True
    before = len(api.warnings)
    api.apply(worker, is_dry=True)
    warned = api.warnings[before:]
    del api.warnings[before:]
    _held(report, "a slip: hostNetwork", "; ".join(warned)[:160], bool(warned))
    for kind, name, place, slip, expected in (
        ("KafkaUser", "worker", "authorization", {"type": "simple", "acls": [{}]}, "Required"),
        ("Cluster", "database", "instances", "three", "instances"),
        ("Kafka", "kafka", "kafkas", {}, "not declared"),
        ("PodMonitor", "hub", "podMetricsEndpoints", [{"interval": "often"}], "interval"),
        ("PrometheusRule", "hub", "groups", [{"name": "n", "rules": [{"alert": "A"}]}], "expr"),
    ):
        wrong = copy.deepcopy(named(province, kind, name))
        wrong["spec"][place] = slip
        said = refusal(api, wrong)
        _held(report, f"a slip: {kind}.{place}", said[:160], expected in said)


def rights(api: Api, report: Report) -> None:
    """Ask what the pods' account may do in the cluster: nothing."""
    wrong, asked = [], 0
    for verb, resource in (
        ("get", "secrets"),
        ("list", "pods"),
        ("create", "pods"),
        ("delete", "persistentvolumeclaims"),
        ("patch", "statefulsets"),
    ):
        question = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": ACCOUNT,
                "groups": ["system:serviceaccounts", "system:serviceaccounts:lgsp"],
                "resourceAttributes": {"namespace": "lgsp", "verb": verb, "resource": resource},
            },
        }
        path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        asked += 1
        if api.ask("POST", path, json=question)["status"]["allowed"]:
            wrong.append(f"{ACCOUNT} may {verb} {resource}")
    report.say("RBAC", f"{asked} rights asked for {ACCOUNT}, none given", wrong)
