"""Workloads: what runs each connector in Kubernetes, written from the class of its settings.

A folder to watch is a claim, a file with a secret comes from the secret `connect-NAME-files`, and
what must be set besides is in the ConfigMap `connect-NAME` with the field's first example, which a
province replaces. Where an example leads to says what the connector may reach over the network.
`hub render` writes them, so that a new connector has its own without a line by hand.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

FOLDER = "deploy/k8s/connectors"
DROP, SECRETS = "/drop", "/secrets"
# Ports by what the example's address begins with: with TLS and without, as upstreams change.
PORTS: Mapping[str, tuple[int, ...]] = {
    "http": (80, 443),
    "https": (80, 443),
    "mqtt": (1883, 8883, 8884),
    "mqtts": (1883, 8883, 8884),
    "postgresql+psycopg": (5432,),
    "": (9092, 9093, 9094),  # host:port of brokers
}


def files(connectors: Mapping[str, type[BaseSettings]]) -> dict[str, str]:
    """Give each file's text by its path: connectors by name, with their settings.

    Raises `TypeError` for a setting that must be set and has no example.
    """
    texts = {}
    for name, settings in connectors.items():
        folder = f"{FOLDER}/{name}"
        texts[f"{folder}/connect.yaml"] = "---\n".join(_documents(name, settings))
        texts[f"{folder}/kustomization.yaml"] = _kustomization(["connect.yaml"])
    texts[f"{FOLDER}/kustomization.yaml"] = _kustomization(sorted(connectors))
    return texts


def example_of(settings: type[BaseSettings]) -> dict[str, str]:
    """Give the settings that a connector begins with in a cluster, by field."""
    values = {}
    for name, field in settings.model_fields.items():
        if name == "folder":
            values[name] = DROP
        elif _is_path(field) and (field.is_required() or field.examples):
            values[name] = f"{SECRETS}/{name}"
        elif field.examples:
            values[name] = str(field.examples[0])
        elif field.is_required():
            raise TypeError(f"{settings.__name__}.{name} must be set: give it Field(examples=[…])")
    return values


def _is_path(field: FieldInfo) -> bool:
    return Path in (field.annotation, *getattr(field.annotation, "__args__", ()))


def _kustomization(resources: list[str]) -> str:
    head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n"
    return head + "".join(f"  - {name}\n" for name in resources)


def _documents(name: str, settings: type[BaseSettings]) -> Iterator[str]:
    values = example_of(settings)
    pod = f"connect-{name.replace('_', '-')}"
    drops = f"{name.replace('_', '-')}-drop" if "folder" in values else ""
    has_files = any(_is_path(f) for k, f in settings.model_fields.items() if k != "folder")
    must_have = any(v.startswith(SECRETS) for v in values.values())
    listens = values.get("listen", "").rpartition(":")[2]
    yield _SETTINGS.format(pod=pod, data=_data(name, values))
    yield _DEPLOYMENT.format(
        pod=pod,
        name=name,
        cpu='"1"' if drops else "500m",
        memory="1536Mi" if drops else "512Mi",
        port=_PORT.format(port=listens) if listens else "",
        mounts=(_DROP_MOUNT if drops else "") + (_SECRET_MOUNT if has_files else ""),
        volumes=(_DROP_VOLUME.format(claim=drops) if drops else "")
        + (
            _SECRET_VOLUME.format(pod=pod, may_lack=str(not must_have).lower()) if has_files else ""
        ),
    )
    ports = sorted({port for value in values.values() for port in _reached(value)})
    if ports or listens:
        yield _policy(pod, ports, listens)
    if listens:
        yield _SERVICE.format(pod=pod)
    if drops:
        yield _CLAIM.format(claim=drops)


def _data(name: str, values: Mapping[str, str]) -> str:
    return "".join(f'  {f"HUB_{name}_{k}".upper()}: "{v}"\n' for k, v in values.items())


def _reached(value: str) -> tuple[int, ...]:
    """Say at which ports an address is reached; none where the value is no address."""
    if "://" in value:
        return PORTS[urlsplit(value).scheme]
    is_brokers = re.fullmatch(r"[\w.\-]+:\d+(,[\w.\-]+:\d+)*", value)
    return PORTS[""] if is_brokers and not value.startswith("0.0.0.0:") else ()


def _policy(pod: str, ports: list[int], listens: str) -> str:
    kinds = ["Ingress"] * bool(listens) + ["Egress"] * bool(ports)
    text = _POLICY.format(pod=pod, kinds=", ".join(kinds))
    if listens:
        text += "  ingress:\n    - ports:\n        - port: calls\n"
    if ports:
        text += "  egress:\n    - ports:\n" + "".join(f"        - port: {p}\n" for p in ports)
    return text


_SETTINGS = """\
# Rendered from the class of this connector's settings by `hub render`; a province's own values are
# laid over these by its overlay.
apiVersion: v1
kind: ConfigMap
metadata:
  name: {pod}
data:
{data}"""
_DEPLOYMENT = """\
# One at a time: two would only send repeats.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {pod}
spec:
  replicas: 1
  strategy:
    type: Recreate
  selector:
    matchLabels:
      app.kubernetes.io/name: {pod}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {pod}
        app.kubernetes.io/part-of: lgsp-hub
    spec:
      terminationGracePeriodSeconds: 60
      serviceAccountName: hub
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
        fsGroup: 10001
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: {pod}
          image: lgsp-hub
          args: [connect, {name}]
          envFrom:
            - configMapRef:
                name: hub-settings
            - configMapRef:
                name: {pod}
            - secretRef:
                name: hub-secrets
          env:
            - name: HUB_LISTEN
              value: 0.0.0.0:8080
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
          resources:
            requests:
              cpu: 50m
              memory: 192Mi
            # Measured: 145 MB at rest or loading two months; a file of 200,000 rows 905 MB, 35 s.
            limits:
              cpu: {cpu}
              memory: {memory}
          ports:
            - name: http
              containerPort: 8080
{port}\
          startupProbe:
            httpGet:
              path: /healthz
              port: http
            periodSeconds: 2
            failureThreshold: 60
          livenessProbe:
            httpGet:
              path: /healthz
              port: http
            periodSeconds: 20
            timeoutSeconds: 15
            failureThreshold: 3
          readinessProbe:
            httpGet:
              path: /healthz
              port: http
            periodSeconds: 5
            timeoutSeconds: 5
          volumeMounts:
            - name: tmp
              mountPath: /tmp
            - name: kafka
              mountPath: /kafka
              readOnly: true
{mounts}\
      volumes:
        - name: tmp
          emptyDir:
            sizeLimit: 1Gi
        # By what it shows itself to Kafka, where hub-settings says so: its user's certificate.
        - name: kafka
          projected:
            defaultMode: 0440
            sources:
              - secret:
                  name: kafka-cluster-ca-cert
                  optional: true
                  items:
                    - key: ca.crt
                      path: ca.crt
              - secret:
                  name: {pod}
                  optional: true
                  items:
                    - key: user.crt
                      path: user.crt
                    - key: user.key
                      path: user.key
{volumes}"""
_PORT = """\
            - name: calls
              containerPort: {port}
"""
_DROP_MOUNT = """\
            - name: drop
              mountPath: /drop
"""
_SECRET_MOUNT = """\
            - name: secrets
              mountPath: /secrets
              readOnly: true
"""
_DROP_VOLUME = """\
        - name: drop
          persistentVolumeClaim:
            claimName: {claim}
"""
_SECRET_VOLUME = """\
        # A key a setting that names a file, such as `password_file`.
        - name: secrets
          secret:
            secretName: {pod}-files
            defaultMode: 0440
            optional: {may_lack}
"""
_POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {pod}
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: {pod}
  policyTypes: [{kinds}]
"""
_SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: {pod}
spec:
  selector:
    app.kubernetes.io/name: {pod}
  ports:
    - name: calls
      port: 80
      targetPort: calls
"""
_CLAIM = """\
# Where files arrive, by whatever the province shares folders with.
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {claim}
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 10Gi
"""
