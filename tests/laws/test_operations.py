"""Operations: every alert is tested, has a runbook in two languages, and names declared metrics."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.operating import metrics

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "prometheus"
GROUPS: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
ALERTS = [rule for group in GROUPS for rule in group["rules"]]
SERIES = re.compile(r"\b(?:hub_\w+|up)\b")


def scraped() -> set[str]:
    """The names that a scrape of declared metrics gives, and Prometheus' own."""
    found = {"up"}
    for metric in metrics.declared():
        found |= {sample.name for family in metric.collect() for sample in family.samples}
        found |= {metric._name, f"{metric._name}_total"}
    return found


@pytest.mark.slow
def test_rules_are_tested_by_promtool() -> None:
    command = ["promtool", "test", "rules", "alerts_test.yml"]
    done = subprocess.run(
        command, cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", ALERTS, ids=lambda a: a["alert"])
def test_an_alert_is_complete(alert: dict[str, Any]) -> None:
    name, said = alert["alert"], alert["annotations"]
    assert said["summary_vi"] != said["summary_en"]
    runbook = (ROOT / said["runbook"]).read_text()
    assert runbook.startswith(f"# {name}\n")
    assert "**Nghĩa là gì.**" in runbook
    assert "**What it means.**" in runbook
    used = set(SERIES.findall(alert["expr"])) - {"on"}
    assert used
    assert used <= scraped(), used - scraped()
    tests = yaml.safe_load((FOLDER / "alerts_test.yml").read_text())["tests"]
    cases = [c for t in tests for c in t["alert_rule_test"] if c["alertname"] == name]
    assert {bool(c["exp_alerts"]) for c in cases} == {True, False}


def test_no_runbook_is_without_its_alert() -> None:
    known = {a["alert"] for a in ALERTS}
    pages = {p.stem: p.read_text("utf-8") for p in (ROOT / "docs" / "runbooks").glob("*.md")}
    assert {name for name in pages if name.startswith("Hub")} == known
    # What nobody is alerted to is told in both languages too.
    for page in (pages[name] for name in pages.keys() - known):
        assert "**Nghĩa là gì.**" in page
        assert "**What it means.**" in page


def test_the_dashboard_shows_each_metric_once() -> None:
    panels = json.loads((ROOT / "deploy" / "grafana" / "hub.json").read_text())["panels"]
    assert [p["title"] for p in panels] == [m._name for m in metrics.declared()]
    for panel in panels:
        for target in panel["targets"]:
            assert set(SERIES.findall(target["expr"])) <= scraped() | {
                f"{m._name}_bucket" for m in metrics.declared()
            }
