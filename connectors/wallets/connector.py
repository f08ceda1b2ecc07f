"""Callbacks of payment gateways, verified, made durable, and only then confirmed to the sender.

`HUB_WALLETS_LISTEN` (host:port) is where they come, `HUB_WALLETS_SECRET_FILE` holds the secret that
the gateway signs by (a line; a second line is the secret before it, while it changes), and
`HUB_WALLETS_MERCHANT` is the province's code at the gateway. Behind a proxy that speaks TLS.
"""

import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import field_validator
from pydantic_settings import BaseSettings

from connectors.wallets import vnpay
from connectors.wallets.door import Door
from hub.connecting.connection import judge_arrived
from hub.connecting.feeds import Connector, Context, Delivery, Record
from hub.definitions.admission import Verdict, unreadable
from hub.definitions.contract import Contract
from hub.log.submitting import accepted_at
from hub.settings import SettingsError
from hub.sheets.files import with_id
from schemas.contracts.fee import Fee

CONTRACT = Contract(Fee)
ANSWER_SECONDS = 25.0  # by then a gateway gives up waiting, and calls again
TOGETHER_MAX = 200
SECRET_BYTES_MIN = 16
TRIAL_SECRET = b"trial secret of the cases"
CONFIRMED, ALREADY, NOT_FOUND, OTHER_AMOUNT, BAD_SIGNATURE, UNKNOWN = (
    {"RspCode": "00", "Message": "Confirm Success"},
    {"RspCode": "02", "Message": "Order already confirmed"},
    {"RspCode": "01", "Message": "Order not found"},
    {"RspCode": "04", "Message": "Invalid amount"},
    {"RspCode": "97", "Message": "Invalid signature"},
    {"RspCode": "99", "Message": "Unknown error"},
)
# What a gateway is told of what is rejected, by the rule; of any other, that it is not known.
TOLD = {
    "no_reference": NOT_FOUND,
    "not_an_amount": OTHER_AMOUNT,
    "other_amount": OTHER_AMOUNT,
}
_BY_CODE = {a["RspCode"]: a for a in (CONFIRMED, ALREADY, NOT_FOUND, OTHER_AMOUNT, UNKNOWN)}


class WalletsSettings(BaseSettings):
    """Where callbacks come, what they are signed by, and as whom the province is known."""

    listen: str
    secret_file: Path
    merchant: str

    @field_validator("listen")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit():
            raise ValueError("expected host:port, such as 127.0.0.1:8090")
        return value


def read_secrets(path: Path) -> tuple[bytes, ...]:
    """Read the secrets of a file, a line each; raises `SettingsError` and never shows one."""
    try:
        lines = [line.strip() for line in path.read_bytes().splitlines()]
    except OSError as error:
        raise SettingsError(f"HUB_WALLETS_SECRET_FILE={path}: {error.strerror}") from None
    found = tuple(line for line in lines if line)
    if not found or min(map(len, found)) < SECRET_BYTES_MIN:
        raise SettingsError(
            f"HUB_WALLETS_SECRET_FILE={path}: cần khóa bí mật ít nhất {SECRET_BYTES_MIN} ký tự"
            f" | a secret of {SECRET_BYTES_MIN} characters at least is needed"
        )
    return found


@dataclass(eq=False)
class Call:
    """A signed callback of a payment that waits for its answer."""

    parameters: vnpay.Parameters
    is_answered: threading.Event = field(default_factory=threading.Event)
    told: Mapping[str, str] = field(default_factory=lambda: UNKNOWN)

    def answer(self, told: Mapping[str, str]) -> None:
        """Say what its sender is told."""
        self.told = told
        self.is_answered.set()


class Callbacks:
    """Callbacks as a feed; what was delivered and not acknowledged is delivered again."""

    def __init__(self, own: WalletsSettings, context: Context) -> None:
        self._merchant = own.merchant
        self._secrets = read_secrets(own.secret_file)
        self._context = context
        self._waiting: queue.Queue[Call] = queue.Queue(TOGETHER_MAX)
        self._taken: list[Call] = []
        self._passed_over = 0
        self._lock = threading.Lock()
        host, _, port = own.listen.rpartition(":")
        self.door = Door(host.strip("[]"), int(port), self.answer)

    def answer(self, query: str) -> Mapping[str, str]:
        """Answer a callback: at once where nobody signed it or nothing was paid, else when kept."""
        parameters = vnpay.parse(query)
        if parameters is None or not vnpay.is_signed(parameters, self._secrets):
            return self._passed(BAD_SIGNATURE)
        if parameters.get("vnp_TmnCode") != self._merchant or not vnpay.number_of(parameters):
            return self._passed(UNKNOWN)
        if not vnpay.is_paid(parameters):
            return self._passed(CONFIRMED)  # that it failed was heard
        call = Call(parameters)
        try:
            self._waiting.put_nowait(call)
        except queue.Full:
            return UNKNOWN
        call.is_answered.wait(ANSWER_SECONDS)
        return call.told

    def _passed(self, told: Mapping[str, str]) -> Mapping[str, str]:
        with self._lock:
            self._passed_over += 1
        return told

    def fetch(self, seconds: float) -> Delivery | None:
        """Give the callbacks that came, waiting at most so long; raises `UpstreamError`."""
        if not self._taken:
            try:
                self._taken = [self._waiting.get(timeout=seconds)]
            except queue.Empty:
                return self._nothing_but()
        while len(self._taken) < TOGETHER_MAX:
            try:
                self._taken.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return self._delivery()

    def close(self) -> None:
        """Stop listening; who still waits is told to call again."""
        for call in self._taken:
            call.answer(UNKNOWN)
        self.door.close()

    def _nothing_but(self) -> Delivery | None:
        """Count what was passed over, where nothing else came."""
        passed_over = self._counted()
        return Delivery([], passed_over=passed_over) if passed_over else None

    def _counted(self) -> int:
        with self._lock:
            count, self._passed_over = self._passed_over, 0
        return count

    def _delivery(self) -> Delivery:
        """Deliver what is new of the calls taken; each is answered when that is durable."""
        calls = {_name(c): c for c in reversed(self._taken)}
        names = list(calls)[::-1]
        known = self._context.log.checkpoints(names)
        new = [name for name in names if name not in known]
        records = [vnpay.record_of(calls[name].parameters, place) for place, name in enumerate(new)]
        records = self._judged(self._held_against_fees(records))
        codes = {r.place: _told(r.verdict)["RspCode"] for r in records}
        points = {name: codes[place] for place, name in enumerate(new)}

        def acknowledge(verdicts: list[Verdict]) -> None:
            rejected = {v.index: _told(v) for v in verdicts}
            first = {name: rejected.get(n, CONFIRMED) for n, name in enumerate(new)}
            for call in self._taken:
                name = _name(call)
                told = first.get(name) if calls[name] is call else None
                call.answer(told or _again(first.get(name) or _BY_CODE[known.get(name, "00")]))
            self._taken = []

        def refuse(_: list[Verdict]) -> None:
            for call in self._taken:
                call.answer(UNKNOWN)
            self._taken = []

        return Delivery(records, points, acknowledge, refuse, self._counted())

    def _held_against_fees(self, records: list[Record]) -> list[Record]:
        """Hold payments against what is to be paid, and name the unit that collects it."""
        entities = sorted({CONTRACT.entity_of(dict(e)) for r in records for e in r.events})
        columns = ["unit", "assessed_vnd", "outstanding_vnd"]
        known = self._context.known(entities, columns) if entities else {}
        return [
            _held(r, known.get(CONTRACT.entity_of(dict(r.events[0])))) if r.events else r
            for r in records
        ]

    def _judged(self, records: list[Record]) -> list[Record]:
        """Judge records as they will be when they are carried: what is told is what is kept."""
        at, ranges = accepted_at(self._context.clock), self._context.ranges
        judged = zip(records, judge_arrived(CONTRACT, records, at, ranges), strict=True)
        return [
            replace(r, events=(), verdict=j) if isinstance(j, Verdict) else r for r, j in judged
        ]


def _held(record: Record, fee: tuple[Any, ...] | None) -> Record:
    if fee is None:
        return record
    event, (unit, assessed, outstanding) = record.events[0], fee
    amount = event["amount_vnd"]
    if assessed is not None and amount not in (assessed, outstanding):
        shown = f"{amount:,}".replace(",", ".")
        vi = f"nộp {shown} đồng, khoản thu phải nộp {assessed:,} đồng, còn {outstanding:,} đồng"
        en = f"{amount:,} đồng were paid, {assessed:,} are assessed, {outstanding:,} outstanding"
        verdict = unreadable("other_amount", "vnp_Amount", str(amount * 100), vi, en)
        return replace(record, events=(), verdict=replace(verdict, index=record.place))
    said = {k: v for k, v in event.items() if k != "event_id"}
    return replace(record, events=(with_id({**said, "unit": unit or said["unit"]}),))


def _name(call: Call) -> str:
    """Name the checkpoint by which a callback is known again."""
    return f"wallets:vnpay:{vnpay.number_of(call.parameters)}"


def _told(verdict: Verdict | None) -> Mapping[str, str]:
    return CONFIRMED if verdict is None else TOLD.get(verdict.rule, UNKNOWN)


def _again(told: Mapping[str, str]) -> Mapping[str, str]:
    """Give what is told of a callback that comes again: what is confirmed is so already."""
    return ALREADY if told is CONFIRMED else told


def read(name: str, content: bytes) -> list[Record]:
    """Read a callback's query as cases have it, signed by the secret of trials."""
    parameters = vnpay.parse(content.decode("utf-8", "replace").strip())
    if parameters is None or not vnpay.is_signed(parameters, (TRIAL_SECRET,)):
        return [vnpay.unsigned()]
    return [vnpay.record_of(parameters)] if vnpay.is_paid(parameters) else []


def open_door(settings: WalletsSettings, context: Context) -> Callbacks:
    """Begin to listen."""
    return Callbacks(settings, context)


CONNECTOR = Connector(WalletsSettings, read, open_door)
