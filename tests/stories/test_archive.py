"""Archive and rebuild on a hub that is served all the time, from another process."""

import json
import sqlite3
import threading
from pathlib import Path

from hub import registry
from stream_jobs.worked import dossier, received
from tests.parts import loopback
from tests.stories.conftest import Served

PAUSE_SECONDS = 0.1  # leaves the machine to the others
TOPIC = registry.contracts()["dossier"].topic


class Traffic:
    """Sends events and asks for a figure, again and again, until told to stop."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._stopping = threading.Event()
        self.sent = 0
        self.answers: list[int] = []
        self.failures: list[str] = []
        self._threads = [threading.Thread(target=w) for w in (self._send, self._ask)]

    def _send(self) -> None:
        while not self._stopping.wait(PAUSE_SECONDS):
            events = [received(f"L{self.sent + i}", "2026-01-05") for i in range(20)]
            taken = self._served.post("dossier", events)
            if taken.status_code != 202:
                self.failures.append(f"POST {taken.status_code} {taken.text}")
                return
            self.sent += len(events)

    def _ask(self) -> None:
        url = f"{self._served.url}/v1/kpis/dossier_received_new"
        while not self._stopping.wait(PAUSE_SECONDS):
            told = loopback.get(url, params={"period": "2026"}, timeout=30)
            if told.status_code != 200:
                self.failures.append(f"GET {told.status_code} {told.text}")
                return
            self.answers += [f["numerator"] for f in told.json()["figures"]]

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()


def tamper(served: Served, statement: str) -> None:
    store = sqlite3.connect(served.folder / "store.sqlite3", timeout=60)
    with store:
        store.execute(statement)
    store.close()


def test_a_rebuild_goes_on_beside_a_hub_that_serves_and_applies(served: Served) -> None:
    first = [received(f"A{i}", "2026-01-04") for i in range(500)]
    assert served.post("dossier", first).status_code == 202
    served.settle()
    with Traffic(served) as traffic:
        answered = len(traffic.answers)
        done = served.run("rebuild")
        assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stdout
        assert len(traffic.answers) > answered
        assert "0 differences" in done.stdout

        # What somebody changed by hand is named, and nothing is mended before it is approved.
        tamper(
            served,
            "UPDATE cell SET count = count + 1000000 WHERE cell_set ="
            " 'dossier.received/received_by' AND period = '2026-01-04'",
        )
        named = served.run("rebuild")
        assert named.returncode == 1
        assert "cell dossier.received/received_by/2026-01-04/received_by=H57.1" in named.stdout
        assert "hub rebuild --approve" in named.stdout
        answered = len(traffic.answers)
        approved = served.run("rebuild", "--approve")
        assert len(traffic.answers) > answered
        assert approved.returncode == 0, approved.stdout + approved.stderr
        again = served.run("rebuild", "--approve")
        assert (again.returncode, "nothing was built" in again.stderr) == (2, True)
    assert traffic.failures == []
    assert traffic.sent > 0
    # Apart from what somebody changed by hand, the figure only grew.
    honest = [n for n in traffic.answers if n < 1_000_000]
    assert honest == sorted(honest)
    figure = served.figure("dossier_received_new", period="2026")
    assert figure["numerator"] == len(first) + traffic.sent
    served.stop()
    done = served.run("verify")
    assert (done.returncode, "0 differences" in done.stdout) == (0, True), done.stdout
    assert not list(served.folder.glob("store.sqlite3-rebuild*"))


def test_rebuild_says_what_it_did_not_do(served: Served) -> None:
    assert served.run("rebuild", "--discard").stdout == "nothing was built\n"
    both = served.run("rebuild", "--approve", "--discard")
    assert both.returncode == 2
    assert "exclude each other" in both.stderr
    # Who serves is applying: the old way of rebuilding needs it to stop first.
    refused = served.run("rebuild", "--replace")
    assert (refused.returncode, "is held by another process" in refused.stderr) == (2, True)


def test_what_was_archived_may_be_gone_from_the_log(served: Served, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    assert served.post("dossier", [received(f"A{i}", "2026-01-04") for i in range(90)]).is_success
    served.post("dossier", [{"event_id": "bad"}])
    served.settle()
    unset = served.run("archive")
    assert (unset.returncode, "HUB_ARCHIVE_DIR is not set" in unset.stderr) == (2, True)
    served.env["HUB_ARCHIVE_DIR"] = str(folder)
    done = served.run("archive")
    assert done.returncode == 0, done.stderr
    assert f"{TOPIC}  90 records archived" in done.stdout
    assert "lgsp.quarantine.v1  1 records archived" in done.stdout
    assert served.run("archive", "--check").stdout == f"{folder}: 0 differences\n"
    later = [dossier(f"A{i}", "resolved", "2026-01-09") for i in range(10)]
    assert served.post("dossier", later).is_success
    served.settle()
    served.stop()
    log = sqlite3.connect(served.folder / "log.sqlite3")
    with log:
        log.execute("DELETE FROM batch WHERE topic = ? AND base_offset < 90", (TOPIC,))
    counting = "SELECT COALESCE(SUM(count), 0) FROM batch WHERE topic = 'lgsp.alert.v1'"
    ((alerts,),) = log.execute(counting)  # that were told meanwhile
    log.close()

    for command in (["verify"], ["rebuild"], ["rebuild", "--replace"], ["verify"]):
        done = served.run(*command)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert f"{107 + alerts} events" in served.run("verify").stdout
    served.start()
    scraped = loopback.get(f"{served.url}/metrics").text
    assert f'hub_archive_following{{topic="{TOPIC}"}} 90.0' in scraped
    assert served.figure("dossier_received_new", period="2026")["numerator"] == 90

    del served.env["HUB_ARCHIVE_DIR"]
    lost = served.run("verify")
    assert lost.returncode == 2
    assert f"{TOPIC}/0 cannot be read from offset 0: the log holds 90 to 100" in lost.stderr
    assert "HUB_ARCHIVE_DIR" in lost.stderr
    assert "Traceback" not in lost.stderr
    served.env["HUB_ARCHIVE_DIR"] = str(folder)
    line = json.loads((folder / "manifest.jsonl").read_text().splitlines()[0])
    (folder / line["file"]).unlink()
    checked = served.run("archive", "--check")
    assert checked.returncode == 1
    assert f"{folder / line['file']} is missing" in checked.stdout
