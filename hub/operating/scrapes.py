"""Scrapes: where Prometheus finds each process on one machine, and its rules for a cluster.

On a machine each process has a port; in a cluster Prometheus's operator finds pods by their labels,
and takes rules as an object of its own: the same ones, which promtool tests. `hub render` writes
both, so that a new connector, or alert, is forgotten in neither.
"""

import textwrap
from collections.abc import Iterable
from zlib import crc32

MACHINE = "deploy/prometheus/prometheus.yml"
CLUSTER = "deploy/k8s/province/rules.yaml"
RULES = ("alerts.yml", "objectives.yml")  # beside MACHINE
# As which job all are scraped; rules ask by this name whether a process is there.
JOB = "lgsp"
SERVER, WORKER = 8080, 8081
CONNECTORS = range(18100, 18900)
_GROUPS = "groups:\n"


def machine(connectors: Iterable[str]) -> str:
    """Write the configuration of a Prometheus beside all processes of one machine."""
    ports = {"serve": SERVER, "work": WORKER}
    ports |= {f"connect {name}": port for name, port in ports_of(connectors).items()}
    targets = "".join(f"          - 127.0.0.1:{p} # hub {name}\n" for name, p in ports.items())
    rules = "".join(f"  - {name}\n" for name in RULES)
    return _MACHINE.format(job=JOB, rules=rules, targets=targets)


def ports_of(connectors: Iterable[str]) -> dict[str, int]:
    """Give each connector a port by its name, so that one more moves none of the others.

    Where two names have one port, which a name in some hundreds has, the later takes the next.
    """
    ports: dict[str, int] = {}
    for name in sorted(connectors):
        at = crc32(name.encode())
        while (port := CONNECTORS[at % len(CONNECTORS)]) in ports.values():
            at += 1
        ports[name] = port
    return dict(sorted(ports.items()))


def cluster(rules: Iterable[str]) -> str:
    """Write rules as Prometheus's operator takes them; `rules`: the text of each file of rules.

    Raises `ValueError` for a text that holds no groups.
    """
    groups = []
    for text in rules:
        _, found, listed = text.partition(_GROUPS)
        if not found:
            raise ValueError(f"no groups of rules in: {text[:80]}")
        groups.append(textwrap.indent(listed, "  "))
    return _CLUSTER + "".join(groups)


_MACHINE = """\
# Rendered from the connectors by `hub render`. Scrapes the processes of one machine; addresses are
# where they are told to listen (HUB_LISTEN): the server, the worker, each connector by its name.
global:
  scrape_interval: 15s
  evaluation_interval: 15s
rule_files:
{rules}\
scrape_configs:
  - job_name: {job}
    static_configs:
      - targets:
{targets}"""
_CLUSTER = """\
# Rendered from the rules of deploy/prometheus by `hub render`, for Prometheus's operator.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: hub
spec:
  groups:
"""
