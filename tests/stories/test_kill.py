"""kill -9 of `hub serve`, also inside a request: every acknowledged event counts once."""

import random
import sqlite3
import threading

import httpx

from stream_jobs.worked import received
from tests.stories.conftest import Served

ROUNDS = 12


def test_every_acknowledged_event_counts_once(served: Served) -> None:
    chance = random.Random(20231231)
    acknowledged: set[str] = set()
    sent = 0
    for round_number in range(ROUNDS):
        wanted = len(acknowledged) + chance.randrange(1, 60)
        batch = chance.choice([1, 1, 5, 40])
        reached = threading.Event()
        gone = threading.Event()

        def send(
            first: int,
            batch: int = batch,
            wanted: int = wanted,
            reached: threading.Event = reached,
            gone: threading.Event = gone,
        ) -> None:
            nonlocal sent
            while not gone.is_set():
                codes = [f"H57.1-{first}-{sent + i}" for i in range(batch)]
                sent += batch
                try:
                    answer = served.post("dossier", [received(c, "2023-05-05") for c in codes])
                except httpx.TransportError:
                    return
                assert answer.status_code == 202
                acknowledged.update(codes)
                if len(acknowledged) >= wanted:
                    reached.set()

        thread = threading.Thread(target=send, args=(round_number,))
        thread.start()
        assert reached.wait(60)
        served.kill()  # a request is on its way at this moment
        gone.set()
        thread.join()
        served.start()
    # What was on its way when the process died may be there or not, but never twice.
    total = served.figure("dossier_received_new", period="2023")["numerator"]
    assert len(acknowledged) <= total <= sent
    served.stop()
    proof = served.run("verify")
    assert proof.returncode == 0, proof.stdout
    with sqlite3.connect(served.folder / "store.sqlite3") as store:
        events = dict(store.execute("SELECT entity, events FROM fact_dossier").fetchall())
    store.close()
    assert acknowledged <= events.keys()
    assert set(events.values()) == {1}
