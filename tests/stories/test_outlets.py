"""People are told of alerts by real receivers that are away, refuse and hang; through kill -9."""

import hashlib
import hmac
import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.clock import VIETNAM, system_clock
from stream_jobs.worked import salinity
from tests.parts import lists
from tests.parts.receivers import HttpReceiver
from tests.parts.waiting import until
from tests.stories.conftest import Served

SECRET = "bí mật của người nhận"
HEAD = (
    "name,role,unit,level_from,from_hour,until_hour,otherwise,outlet,address,escalate_minutes,"
    "escalate_to,valid_from,valid_to,source\n"
)


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    opened = HttpReceiver()
    yield opened
    opened.close()


def minutes_ago(minutes: int) -> str:
    at = system_clock().astimezone(VIETNAM) - timedelta(minutes=minutes)
    return at.strftime("%Y-%m-%dT%H:%M")


def deliveries(served: Served, state: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = served.get("/v1/deliveries").json()["deliveries"]
    return [d for d in found if state in ("", d["state"])]


@pytest.fixture
def centre(tmp_path: Path, receiver: HttpReceiver) -> Iterator[Served]:
    """A hub that tells a duty officer by webhook of what is critical."""
    folder = tmp_path / "lists"
    shutil.copytree(lists.FOLDER, folder)
    row = f"Trực ban,duty,,critical,,,,webhook,{receiver.url},,,2020-01-01,,\n"
    (folder / "recipients.csv").write_text(HEAD + row, "utf-8")
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n", "utf-8")
    hub = Served(tmp_path / "hub")
    hub.env["HUB_REFERENCE_DIR"] = str(folder)
    hub.env["HUB_OUTLET_WEBHOOK_SECRET_FILE"] = str(secret)
    hub.start()
    hub.create_key()
    yield hub
    if hub.process is not None and hub.process.poll() is None:
        hub.kill()


def test_nobody_is_missed_and_nobody_told_under_two_ids_through_kill_9(
    centre: Served, receiver: HttpReceiver
) -> None:
    receiver.stop()
    # Old readings are a replay: of those nobody is told.
    old = [salinity("ST02", "2023-03-01T06:00", 6), salinity("ST02", "2023-03-01T07:00", 0.5)]
    assert centre.post("reading", old).status_code == 202
    assert centre.post("reading", [salinity("ST01", minutes_ago(5), 6.1)]).status_code == 202

    # Away: it is decided, and waits. Killed between decision and sending, it is there again.
    until(lambda: [d for d in deliveries(centre) if d["tries"]], "it was tried in vain")
    (waiting,) = deliveries(centre, "waiting")
    assert (waiting["recipient"], waiting["outlet"]) == ("Trực ban", "webhook")
    assert "ConnectError" in waiting["last_error"]
    centre.kill()
    assert receiver.seen == []

    # Refuses, then hangs, and the hub is killed while it does: the same id comes again.
    receiver.manner = "refuse"
    receiver.start()
    centre.start()
    until(lambda: len(receiver.seen) >= 1, "it was refused")
    until(lambda: "503" in (deliveries(centre, "waiting") or [{}])[0]["last_error"], "that is kept")
    receiver.manner = "hang"
    refused = len(receiver.seen)
    until(lambda: len(receiver.seen) > refused, "it hangs")
    centre.kill()
    receiver.manner = "take"
    centre.start()
    until(lambda: deliveries(centre, "sent"), "it was taken")
    assert {headers["X-Hub-Id"] for headers, _ in receiver.seen} == {waiting["id"]}
    ((headers, body),) = receiver.taken
    signed = f"{waiting['id']}.".encode() + body
    mac = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={mac}"
    said = json.loads(body)
    assert said["title"] == "[nghiêm trọng] CẢNH BÁO: ST01"
    assert "6,1 g/L" in said["text"]
    assert said["link"].startswith(centre.url)
    (event,) = said["events"]
    assert (event["kind"], event["value"], event["threshold"]) == ("raised", "6.1", "4")

    # Nothing waits, and nothing is told once more after another kill.
    centre.kill()
    centre.start()
    assert deliveries(centre, "waiting") == []
    assert len(receiver.taken) == 1
    assert SECRET not in json.dumps(deliveries(centre), ensure_ascii=False)
