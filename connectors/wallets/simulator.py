"""Calls a connector's door over HTTP as a payment gateway does: signed, again, in vain, forged.

`python -m connectors.wallets.simulator --url URL --secret-file F --seed S` calls with what a seed
gives and prints how many calls were answered by each code, beside what must come of them. What is
not confirmed is called again, as gateways do. All payments are synthetic.
"""

import argparse
import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any, Literal
from urllib.error import URLError
from urllib.parse import quote_plus, urlencode
from urllib.request import urlopen

from connectors.wallets import paygov, vnpay
from hub.clock import VIETNAM
from hub.connecting.struck import Truth, Upstream, integers

MERCHANT = "LGSPDEMO"
SECRET = b"the synthetic secret of the demo"
AMOUNTS = (8_000, 15_000, 50_000, 75_000, 150_000)
AGAIN_EVERY, FAILED_EVERY, FORGED_EVERY, WORDLESS_EVERY = 5, 7, 11, 40
TRIES_MAX = 5
Kind = Literal["paid", "again", "failed", "forged", "wordless"]
# How each is to be answered.
ANSWERS: Mapping[Kind, str] = {
    "paid": "00",
    "again": "02",
    "failed": "00",
    "forged": "97",
    "wordless": "01",
}


@dataclass(frozen=True)
class Planned:
    """A call, and of what kind it is."""

    kind: Kind
    parameters: Mapping[str, str]


def signed(parameters: Mapping[str, str], secret: bytes) -> str:
    """Write parameters as a signed query."""
    query = urlencode(parameters, quote_via=quote_plus)
    return f"{query}&{vnpay.SIGNATURE}={vnpay.signature(parameters, secret)}"


def confirmed(parameters: Mapping[str, Any], names: Sequence[str], secret: bytes) -> str:
    """Write fields as PayGov does, with the signature over those of some names."""
    texts = {n: str(v) for n, v in parameters.items()}
    said = {**parameters, paygov.SIGNATURE: paygov.signature(names, texts, secret)}
    return json.dumps(said, ensure_ascii=False)


def plan(seed: int, payments: int, last: date) -> list[Planned]:
    """Make the calls of a seed: payments of fees of the last days, some twice, failed or forged."""
    chance = random.Random(seed)
    calls: list[Planned] = []
    for number in range(1, payments + 1):
        day = last - timedelta(days=chance.randrange(1, 8))
        at = datetime(day.year, day.month, day.day, chance.randrange(24), chance.randrange(60))
        code = f"H57.{chance.choice((1, 2, 132))}-{day:%y%m%d}-{number:04}"
        parameters = {
            "vnp_Amount": str(chance.choice(AMOUNTS) * 100),
            "vnp_BankCode": chance.choice(("NCB", "VCB", "BIDV")),
            "vnp_CardType": "ATM",
            "vnp_OrderInfo": f"Nop le phi ho so {code}",
            "vnp_PayDate": f"{at:%Y%m%d%H%M%S}",
            "vnp_ResponseCode": "00",
            "vnp_TmnCode": MERCHANT,
            "vnp_TransactionNo": f"{seed}{number:06}",
            "vnp_TransactionStatus": "00",
            "vnp_TxnRef": f"{code} LP01",
        }
        if number % FAILED_EVERY == 0:
            failed = {"vnp_ResponseCode": "24", "vnp_TransactionStatus": "02"}
            calls.append(Planned("failed", parameters | failed))
        elif number % FORGED_EVERY == 0:
            calls.append(Planned("forged", parameters))
        elif number % WORDLESS_EVERY == 0:
            words = {"vnp_TxnRef": str(number), "vnp_OrderInfo": "Chuyen tien"}
            calls.append(Planned("wordless", parameters | words))
        else:
            calls.append(Planned("paid", parameters))
            if number % AGAIN_EVERY == 0:
                calls.append(Planned("again", parameters))
    return calls


def called(url: str, planned: Planned, secret: bytes) -> str:
    """Call the door once; give the code of its answer, 99 where there is none."""
    forged = b"a secret that nobody agreed on"
    query = signed(planned.parameters, forged if planned.kind == "forged" else secret)
    try:
        with urlopen(f"{url}?{query}", timeout=60) as answer:
            return str(json.loads(answer.read())["RspCode"])
    except (URLError, HTTPException, OSError, ValueError):
        return "99"


def call(url: str, planned: Planned, secret: bytes) -> str:
    """Call the door until it answers other than 99; give the code of its answer."""
    code = "99"
    for tries in range(TRIES_MAX):
        code = called(url, planned, secret)
        if code != "99":
            break
        time.sleep(0.2 * 2**tries)
    return code


def run(url: str, calls: Sequence[Planned], secret: bytes) -> Counter[str]:
    """Make all calls; count their answers as `kind code`."""
    return Counter(f"{c.kind} {call(url, c, secret)}" for c in calls)


DEMO_PAYMENTS = 60
DEMO_SECONDS = 20.0


@contextmanager
def demonstrated(folder: Path, seed: int, start: int) -> Iterator[dict[str, str]]:
    """Call the connector's door now and then, once it is open; give the settings."""
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / "secret"
    secret.write_bytes(SECRET)
    secret.chmod(0o600)
    port = _free_port()
    stopping = threading.Event()
    calls = plan(seed + 1000 * start, DEMO_PAYMENTS, datetime.now(VIETNAM).date())

    def live() -> None:
        for planned in calls:
            while not stopping.is_set():
                if call(f"http://127.0.0.1:{port}{vnpay.VNPAY.path}", planned, SECRET) != "99":
                    break
            if stopping.wait(DEMO_SECONDS / DEMO_PAYMENTS):
                return

    thread = threading.Thread(target=live, name="wallets simulator", daemon=True)
    thread.start()
    try:
        yield {
            "HUB_WALLETS_LISTEN": f"127.0.0.1:{port}",
            "HUB_WALLETS_VNPAY_SECRET_FILE": str(secret),
            "HUB_WALLETS_VNPAY_MERCHANT": MERCHANT,
        }
    finally:
        stopping.set()
        thread.join()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


STRUCK_PAYMENTS = 5_000
STRUCK_ON = date(2025, 6, 30)


class _Calling(Upstream):
    """A gateway that calls until it is answered; it takes its time to say it, and says it twice.

    It waits for no answer before it calls of the next payment.
    """

    at_once = 8

    def __init__(self, folder: Path, seed: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        secret = folder / "secret"
        secret.write_bytes(SECRET)
        secret.chmod(0o600)
        self._port = _free_port()
        self._calls = plan(seed, STRUCK_PAYMENTS, STRUCK_ON)
        super().__init__(
            {
                "HUB_WALLETS_LISTEN": f"127.0.0.1:{self._port}",
                "HUB_WALLETS_VNPAY_SECRET_FILE": str(secret),
                "HUB_WALLETS_VNPAY_MERCHANT": MERCHANT,
            }
        )

    def step(self, number: int) -> Truth:
        """Call once, or twice; raises `ConnectionError` where that is not answered."""
        planned = self._calls[number]
        if self.manner == "refuse":
            self._called(Planned("forged", planned.parameters))
        if self.manner == "hang":  # says who it is, and no more
            with socket.create_connection(("127.0.0.1", self._port), timeout=5) as line:
                line.sendall(b"GET /")
                self.closing.wait(1)
        for _ in range(2 if self.manner == "twice" else 1):
            self._called(planned)
        if planned.kind == "paid":
            amount = int(planned.parameters["vnp_Amount"]) // 100
            return Truth(1, 0, integers(paid_vnd=amount))
        return Truth(rejected=int(planned.kind == "wordless"))

    def _called(self, planned: Planned) -> None:
        code = called(f"http://127.0.0.1:{self._port}{vnpay.VNPAY.path}", planned, SECRET)
        # What was answered and not heard is answered as what is known by then.
        if code not in {ANSWERS[planned.kind], *("02",) * (planned.kind == "paid")}:
            raise ConnectionError(f"{planned.kind}: answered {code}")


def struck(folder: Path, seed: int, _: Mapping[str, str]) -> Upstream:
    """Call the connector's door at each step, where faults strike."""
    return _Calling(folder, seed)


def main() -> None:
    """Call with what a seed gives, then print as JSON how that was answered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--secret-file", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--payments", type=int, default=100)
    given = parser.parse_args()
    calls = plan(given.seed, given.payments, datetime.now(VIETNAM).date())
    answers = run(given.url, calls, given.secret_file.read_bytes().split()[0])
    wanted = Counter(f"{c.kind} {ANSWERS[c.kind]}" for c in calls)
    print(json.dumps({"answers": answers, "wanted": wanted}, sort_keys=True))


if __name__ == "__main__":
    main()
