"""A thousand single events a second while gateway and broker are killed: none is lost, none twice.

The rate is what the sender tries to keep; what it was is printed. On a machine that does other
things too it may be less, and nothing else changes.
"""

import json
import threading
import time

import uvloop

from deploy.local.services.kafka import Kafka
from hub.opening import open_hub
from hub.proof.verify import verify
from stream_jobs.worked import received
from tests.parts import lists
from tests.parts.province import Province
from tests.parts.pushing import Pusher, Told, quantile
from tests.parts.small import in_this_process
from tests.parts.waiting import until

RATE = 1_000
REQUESTS = 5_000
CONNECTIONS = 192


def body(number: int) -> bytes:
    return json.dumps(received(f"H57.1-{number}", "2023-05-17")).encode()


def test_nothing_acknowledged_is_lost(province: Province, kafka: Kafka) -> None:
    served = province.served
    served.create_key()
    served.start()
    province.workers.start()
    pusher = Pusher(
        "127.0.0.1", served.port, "/v1/events/dossier", served.key, CONNECTIONS, again=(503,)
    )
    told: list[Told] = []
    failed: list[BaseException] = []

    def push() -> None:
        try:
            uvloop.run(pusher.push(body, requests=REQUESTS, rate=RATE, told=told))
        except BaseException as error:
            failed.append(error)

    def reach(answers: int) -> None:
        until(lambda: len(told) >= answers or failed, f"{answers} are answered")

    begun = time.monotonic()
    sending = threading.Thread(target=push)
    sending.start()
    reach(500)
    warm = time.monotonic()
    reach(1_500)
    print(
        f"{1_000 / (time.monotonic() - warm):,.0f} requests/s of {RATE:,} while nothing is killed"
    )
    served.kill()
    served.start()
    reach(2_500)
    kafka.kill()
    kafka.start()
    reach(3_500)
    served.kill()
    served.start()
    sending.join()
    assert not failed, failed
    took = time.monotonic() - begun
    print(f"{REQUESTS / took:,.0f} requests/s over both kills, p50 {quantile(told, 0.5):.3f} s")
    assert {t.status for t in told} == {202}
    assert any(t.tries > 1 for t in told), "nothing was sent again: nobody was killed in time"
    figure = served.figure("dossier_received_new", period="2023")
    assert figure["numerator"] == REQUESTS
    with open_hub(province.settings) as hub, in_this_process():
        assert verify(hub.log, hub.store, lists.installed()).differences == []
