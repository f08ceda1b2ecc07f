"""The fault harness itself: its plan, its end, and that it leaves nothing behind."""

import os
import signal
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

from hub.log.submitting import append_columns
from hub.opening import open_hub
from hub.settings import Settings
from tests.chaos.plan import JOINS, KILLS, KINDS, LEAVES, plan
from tests.chaos.told import Told
from tests.chaos.traffic import SENDER
from tests.chaos.watch import MARK, marked
from tests.parts.small import admitted_frame
from tests.parts.waiting import until

COMMAND = [sys.executable, "-u", "-m", "tests.chaos"]
SECONDS_MAX = 1_500
# Of one minute its plan steps the gateway's clock a day ahead, which Kafka refuses, and a worker's
# half an hour back.
SEED = "188"


def test_a_plan_follows_from_seed_and_duration_and_has_every_kind() -> None:
    for minutes in (1, 2, 20):
        for seed in range(20):
            faults = plan(seed, minutes)
            assert faults == plan(seed, minutes)
            assert faults != plan(seed + 1, minutes)
            assert {f.kind for f in faults} == set(KINDS)
            assert all(a.at <= b.at for a, b in pairwise(faults))
            assert 0 <= faults[0].at <= faults[-1].at <= minutes * 60
            turns = [f.kind for f in faults if f.kind in (JOINS, LEAVES)]
            assert turns == [JOINS, LEAVES] * (len(turns) // 2)


def test_twenty_minutes_hold_a_hundred_kills() -> None:
    for seed in range(20):
        counted = Counter(f.kind for f in plan(seed, 20))
        assert sum(counted[kind] for kind in KILLS) >= 100


def test_clocks_step_both_ways_by_minutes_to_a_day() -> None:
    steps = {f.clock_step for seed in range(50) for f in plan(seed, 20) if "clock" in f.kind}
    assert {abs(s) for s in steps} == {180, 1_800, 10_800, 86_400}
    assert steps == {-s for s in steps}


def chaos(folder: Path, minutes: int, **more: Any) -> "subprocess.Popen[str]":
    """Start the harness, with its folder below this one."""
    return subprocess.Popen(
        [*COMMAND, "--seed", SEED, "--minutes", str(minutes), "--brief"],
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
        **more,
    )


def test_after_a_minute_of_faults_everything_holds(tmp_path: Path) -> None:
    """Every kind of fault strikes at least once, as of all plans; `make chaos` goes on for longer.

    What more time brings is more of the same: faults in other orders, and close to each other.
    """
    with chaos(tmp_path, 1, stderr=subprocess.PIPE) as run:
        try:
            said, errors = run.communicate(timeout=SECONDS_MAX)
        except BaseException:
            run.kill()  # its watchdog ends the rest
            raise
    what = said.partition("WRONG ")[2][:2_000]  # logs may follow, longer than what is shown
    assert run.returncode == 0, f"{what}\n…\n{said[-6_000:]}{errors[-3_000:]}"
    assert said.splitlines()[-1] == f"chaos: seed {SEED}, 1 minutes: all holds"
    assert list(tmp_path.glob("lgsp-chaos-*")) == []


def test_what_people_are_told_is_held_to_account(tmp_path: Path) -> None:
    """The check sees who is told under two ids, and who is not told."""
    told = Told(tmp_path)
    settings = Settings(data_dir=tmp_path / "hub")
    try:
        with open_hub(settings) as hub:
            told.load(hub)
            reading = hub.contracts["reading"]
            frame = admitted_frame(reading, [told.reading().event for _ in range(3)])
            append_columns(hub.log, reading, SENDER, frame, hub.clock)
            hub.runner.catch_up()
        told.be("refuse")
        told.finish(settings)
        with open_hub(settings) as hub:
            said, wrong = told.check(hub)
            assert wrong == []
            begin = "3 alerts made, 18 tellings decided; taken by loudspeaker 3, mail 3, mqtt 3, "
            assert said.startswith(begin + "sms 3, webhook 3, zns 3, of"), said
            taken = {outlet: r.receiver.taken for outlet, r in told.by.items()}
            headers, body = taken["webhook"][0]
            taken["webhook"].append(({**headers, "X-Hub-Id": "another"}, body))
            _, twice = told.check(hub)
            assert any("came under two ids" in line for line in twice)
            taken["mail"].pop()
            _, lacking = told.check(hub)
            assert any("not told" in line and "by mail" in line for line in lacking)
            taken["sms"].append({**taken["sms"][0], "text": "khác"})
            _, other = told.check(hub)
            assert any("sms: two messages under" in line for line in other)
            taken["loudspeaker"].pop()
            taken["mqtt"].pop()
            _, unread = told.check(hub)
            for outlet in ("loudspeaker", "mqtt"):
                assert any("not told" in line and f"by {outlet}" in line for line in unread)
    finally:
        told.close()


def test_what_is_ended_in_the_middle_leaves_no_process_behind(tmp_path: Path) -> None:
    """Both begin at once, and each is ended with its parts running, the first fault struck."""
    runs = {}
    for number in (signal.SIGTERM, signal.SIGKILL):
        (tmp_path / number.name).mkdir()
        runs[number] = chaos(tmp_path / number.name, 2)
    for number, run in runs.items():
        assert run.stdout is not None
        for line in run.stdout:
            if "fault 1 of" in line:
                break
        (folder,) = (tmp_path / number.name).glob("lgsp-chaos-*")
        assert len(marked(folder)) > 3, MARK
        run.send_signal(number)
        run.stdout.close()
        assert run.wait(120) != 0
        until(lambda folder=folder: not marked(folder), "nothing of it runs")  # type: ignore[misc]
