"""A runner at rest: what nobody appended to is not read, and what is appended is applied."""

from collections import Counter
from functools import partial
from typing import Any

import pytest

from stream_jobs.worked import received
from tests.conftest import Hub
from tests.parts.waiting import until


def test_a_log_that_nobody_appended_to_is_not_read(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.send("dossier", received("A", "2023-05-02"))
    calls: Counter[str] = Counter()

    def counted(name: str) -> None:
        plain = getattr(hub.log, name)

        def call(*given: Any, **named: Any) -> Any:
            calls[name] += 1
            return plain(*given, **named)

        monkeypatch.setattr(hub.log, name, call)

    def is_past(commits: int) -> bool:
        return hub.runner.commits > commits

    for name in ("seen", "read"):
        counted(name)
    hub.runner.start()
    try:
        until(lambda: calls["seen"] >= 3, "it has looked at all once")
        read = calls["read"]
        until(lambda: calls["seen"] >= 9, "it looked again and again")
        assert calls["read"] == read > 0
        for number in range(3):
            commits = hub.runner.commits
            hub.post("dossier", received(f"B{number}", "2023-05-02"))
            until(partial(is_past, commits), "what came is applied")
        assert hub.kpi("dossier_received_new", period="2023")[0]["value"] == "4"
    finally:
        hub.runner.stop()
