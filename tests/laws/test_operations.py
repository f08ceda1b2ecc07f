"""Operations: every alert is tested, has a runbook in two languages, and names declared metrics."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub import registry
from hub.operating import metrics, scrapes
from hub.operating.dashboard import BOARDS, Board

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "prometheus"
GROUPS: list[dict[str, Any]] = [
    group
    for name in scrapes.RULES
    for group in yaml.safe_load((FOLDER / name).read_text("utf-8"))["groups"]
]
RULES = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
SERIES = re.compile(r"\b(?:hub_\w+|hub:\w+:\w+|up)\b")


def test_prometheus_of_a_machine_has_each_process_at_a_port_of_its_own() -> None:
    text = (FOLDER / "prometheus.yml").read_text("utf-8")
    (job,) = yaml.safe_load(text)["scrape_configs"]
    (said,) = job["static_configs"]
    listed = dict(re.findall(r"- (\S+) # hub (.+)", text))
    assert list(listed) == said["targets"]
    folders = {p.parent.name for p in (ROOT / "connectors").glob("*/__init__.py")}
    assert sorted(listed.values()) == sorted(["serve", "work", *(f"connect {f}" for f in folders)])
    assert len(folders) == len(registry.connectors())


def test_a_connector_that_is_added_moves_no_port_of_another() -> None:
    names = [f"system_{n}" for n in range(12)]
    before = scrapes.ports_of(names)
    assert len(set(before.values())) == len(names)
    assert scrapes.ports_of([*names, "a_new_one", "z"]).items() > before.items()


def test_rules_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="no groups of rules"):
        scrapes.cluster(["rules: []\n"])


def scraped() -> set[str]:
    """The names that a scrape of declared metrics gives, and Prometheus' own."""
    found = {"up"}
    for metric in metrics.declared():
        found |= {sample.name for family in metric.collect() for sample in family.samples}
        found |= {metric._name, f"{metric._name}_total"}
    return found


TESTS = ("alerts_test.yml", "objectives_test.yml")


@pytest.mark.slow
@pytest.mark.parametrize("name", TESTS)
def test_rules_are_tested_by_promtool(name: str) -> None:
    command = ["promtool", "test", "rules", name]
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
    assert used <= scraped() | RECORDED, used - scraped()
    tests = [t for f in TESTS for t in yaml.safe_load((FOLDER / f).read_text("utf-8"))["tests"]]
    cases = [c for t in tests for c in t["alert_rule_test"] if c["alertname"] == name]
    assert {bool(c["exp_alerts"]) for c in cases} == {True, False}


def test_what_is_recorded_is_of_declared_metrics() -> None:
    ends = ("", "_bucket", "_count")
    series = {f"{m._name}{end}" for m in metrics.declared() for end in ends} | scraped() | RECORDED
    for rule in RULES:
        if "record" in rule:
            assert set(SERIES.findall(rule["expr"])) <= series


def test_no_runbook_is_without_its_alert() -> None:
    known = {a["alert"] for a in ALERTS}
    pages = {p.stem: p.read_text("utf-8") for p in (ROOT / "docs" / "runbooks").glob("*.md")}
    assert {name for name in pages if name.startswith("Hub")} == known
    # What nobody is alerted to is told in both languages too.
    for page in (pages[name] for name in pages.keys() - known):
        assert "**Nghĩa là gì.**" in page
        assert "**What it means.**" in page


def test_each_metric_is_on_one_dashboard_under_a_title_in_two_languages() -> None:
    drawn = [panel.metric for board in BOARDS for panel in board.panels]
    assert sorted(m._name for m in drawn) == sorted(m._name for m in metrics.declared())
    titles = [text for board in BOARDS for p in board.panels for text in (p.vi, p.en)]
    assert len(set(titles)) == len(titles)
    assert not [title for title in titles if "hub_" in title]


@pytest.mark.parametrize("board", BOARDS, ids=lambda b: b.name)
def test_what_a_dashboard_asks_is_scraped(board: Board) -> None:
    path = ROOT / "deploy" / "grafana" / f"{board.name}.json"
    panels = json.loads(path.read_text("utf-8"))["panels"]
    assert len(panels) == len(board.panels) + board.has_objectives
    known = scraped() | RECORDED | {f"{m._name}_bucket" for m in metrics.declared()}
    for panel in panels:
        for target in panel["targets"]:
            asked = set(SERIES.findall(target["expr"]))
            assert asked
            assert asked <= known
