"""Who follows figures is woken by a commit, and by nothing else."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from hub import registry
from hub.access.keys import Sender
from hub.http import boards
from hub.http.boards import Asked, Boards
from hub.http.waking import Waking
from hub.opening import open_hub, running
from hub.reference.periods import parse_period
from hub.settings import Settings
from stream_jobs.worked import received

FAR_SECONDS = 3_600


def test_all_who_wait_are_woken_by_one_commit_and_nobody_looks_where_nobody_waits() -> None:
    commits = [1]
    waking = Waking(lambda: commits[0])

    async def run() -> None:
        waiting = [asyncio.create_task(waking.wait(1, FAR_SECONDS)) for _ in range(3)]
        await asyncio.sleep(0)
        commits[0] = 2
        await asyncio.wait_for(asyncio.gather(*waiting), 30)
        # Who saw another number already does not wait; who waits for nothing new gives up.
        await waking.wait(1, FAR_SECONDS)
        await waking.wait(2, 0.01)
        looking = waking._looking
        assert looking is not None
        await asyncio.wait_for(looking, 30)

    asyncio.run(run())


def test_figures_are_told_when_they_are_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody looks by himself: what comes was told.
    monkeypatch.setattr(boards, "LOOK_SECONDS", FAR_SECONDS)
    monkeypatch.setattr(boards, "IDLE_SECONDS", FAR_SECONDS)
    with open_hub(Settings(data_dir=tmp_path)) as hub:
        made, gateway = Boards(hub), hub.gateway()
        period, dossiers = parse_period("2023"), registry.contracts()["dossier"]

        async def run() -> dict[str, Any]:
            following = made.follow(Asked(period, 2, FAR_SECONDS), None, lambda: None)
            await anext(following)
            second = asyncio.ensure_future(anext(following))
            while not made._waking._waiting:
                await asyncio.sleep(0.01)
            body = json.dumps([received("A", "2023-05-05")]).encode()
            gateway.accept(dossiers, Sender("one_stop"), body)
            return await asyncio.wait_for(second, 30)

        with running(hub):
            event = asyncio.run(run())
        gateway.close()
    assert '"dossier_received"' in event["data"]


@pytest.mark.parametrize("is_loading", [False, True], ids=["idle", "loading"])
def test_a_page_is_looked_after_while_something_is_loaded_and_left_alone_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_loading: bool
) -> None:
    """An open page costs nothing where nothing comes; how far a load is, it is told often."""
    monkeypatch.setattr(boards, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(boards, "IDLE_SECONDS", FAR_SECONDS)
    looks: list[int] = []

    def progress() -> dict[str, Any] | None:
        looks.append(1)
        return {"loaded": 0, "total": 9} if is_loading else None

    with open_hub(Settings(data_dir=tmp_path)) as hub:
        made = Boards(hub)

        async def run() -> None:
            asked = Asked(parse_period("2023"), 9, FAR_SECONDS)
            following = made.follow(asked, None, progress)
            for _ in range(1 + is_loading):
                await anext(following)
            waiting = asyncio.ensure_future(anext(following))
            while len(looks) < 9 if is_loading else not made._waking._waiting:
                await asyncio.sleep(0.01)
            begun = len(looks)
            await asyncio.sleep(0.3)
            assert (len(looks) > begun) == is_loading
            waiting.cancel()

        with running(hub):
            asyncio.run(run())
