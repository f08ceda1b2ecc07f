"""Callbacks of payment gateways, verified, made durable, and only then confirmed to the sender.

`HUB_WALLETS_LISTEN` (host:port) is where they come. `HUB_WALLETS_VNPAY_MERCHANT` and
`HUB_WALLETS_PAYGOV_PARTNER` are the province's codes at VNPAY and at PayGov, `…_SECRET_FILE` holds
the secret by which each signs (a line; a second line is the secret before it, while it changes).
Behind a proxy that speaks TLS.
"""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings

from connectors.wallets import paygov, vnpay
from connectors.wallets.dialect import TOLD, Dialect, Outcome, Parameters
from connectors.wallets.door import Door
from connectors.wallets.paying import unsigned
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


class WalletsSettings(BaseSettings):
    """Where callbacks come, and of each gateway as whom the province is known and its secret."""

    listen: str = Field(examples=["0.0.0.0:8090"])
    vnpay_merchant: str = Field("", examples=["LGSP0001"])
    vnpay_secret_file: Path | None = Field(None, examples=[Path("vnpay_secret")])
    paygov_partner: str = ""
    paygov_secret_file: Path | None = None
    paygov_signed: str = paygov.SIGNED

    @field_validator("listen")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit():
            raise ValueError("expected host:port, such as 127.0.0.1:8090")
        return value

    @field_validator("paygov_signed")
    @classmethod
    def _are_fields(cls, value: str) -> str:
        paygov.paygov(value)
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> "WalletsSettings":
        pairs = (
            ("VNPAY_MERCHANT", self.vnpay_merchant, self.vnpay_secret_file),
            ("PAYGOV_PARTNER", self.paygov_partner, self.paygov_secret_file),
        )
        for name, partner, secret_file in pairs:
            if bool(partner) != (secret_file is not None):
                gateway = name.partition("_")[0]
                raise ValueError(f"{name} and {gateway}_SECRET_FILE are set together")
        if not any(partner for _, partner, _ in pairs):
            raise ValueError("expected VNPAY_MERCHANT or PAYGOV_PARTNER")
        return self

    def gateways(self) -> list["Gateway"]:
        """Give the gateways that may call; raises `SettingsError` for a secret that is none."""
        named = (
            (vnpay.VNPAY, self.vnpay_merchant, self.vnpay_secret_file),
            (paygov.paygov(self.paygov_signed), self.paygov_partner, self.paygov_secret_file),
        )
        return [
            Gateway(dialect, partner, read_secrets(dialect.name, secret_file))
            for dialect, partner, secret_file in named
            if secret_file is not None
        ]


@dataclass(frozen=True)
class Gateway:
    """A gateway that may call: its dialect, as whom it knows the province, by what it signs."""

    dialect: Dialect
    partner: str
    secrets: tuple[bytes, ...]


def read_secrets(gateway: str, path: Path) -> tuple[bytes, ...]:
    """Read the secrets of a file, a line each; raises `SettingsError` and never shows one."""
    name = f"HUB_WALLETS_{gateway.upper()}_SECRET_FILE"
    try:
        lines = [line.strip() for line in path.read_bytes().splitlines()]
    except OSError as error:
        raise SettingsError(f"{name}={path}: {error.strerror}") from None
    found = tuple(line for line in lines if line)
    if not found or min(map(len, found)) < SECRET_BYTES_MIN:
        raise SettingsError(
            f"{name}={path}: cần khóa bí mật ít nhất {SECRET_BYTES_MIN} ký tự"
            f" | a secret of {SECRET_BYTES_MIN} characters at least is needed"
        )
    return found


@dataclass(eq=False)
class Call:
    """A signed callback of a payment that waits for its answer."""

    dialect: Dialect
    parameters: Parameters
    is_answered: threading.Event = field(default_factory=threading.Event)
    outcome: Outcome = "unknown"

    @property
    def checkpoint(self) -> str:
        """Name the checkpoint by which it is known again."""
        return self.dialect.checkpoint(self.parameters)

    def answer(self, outcome: Outcome) -> None:
        """Say what its sender is told."""
        self.outcome = outcome
        self.is_answered.set()


class Callbacks:
    """Callbacks as a feed; what was delivered and not acknowledged is delivered again."""

    def __init__(self, own: WalletsSettings, context: Context) -> None:
        self._context = context
        self._waiting: queue.Queue[Call] = queue.Queue(TOGETHER_MAX)
        self._taken: list[Call] = []
        self._passed_over = 0
        self._lock = threading.Lock()
        answers = {
            (g.dialect.method, g.dialect.path): partial(self._answer, g) for g in own.gateways()
        }
        host, _, port = own.listen.rpartition(":")
        self.door = Door(host.strip("[]"), int(port), answers)

    def _answer(self, gateway: Gateway, text: str, has_place: bool) -> Mapping[str, Any]:
        """Answer a callback: at once where nobody signed it or nothing was paid, else when kept."""
        dialect = gateway.dialect
        parameters = dialect.parse(text)
        if parameters is None or not dialect.is_signed(parameters, gateway.secrets):
            return dialect.answer({}, self._passed("bad_signature"))
        is_ours = parameters.get(dialect.partner) == gateway.partner
        if not is_ours or not parameters.get(dialect.number):
            return dialect.answer(parameters, self._passed("unknown"))
        if not dialect.is_paid(parameters):
            return dialect.answer(parameters, self._passed("confirmed"))  # that it failed was heard
        if not has_place:
            return dialect.answer(parameters, "busy")
        call = Call(dialect, parameters)
        try:
            self._waiting.put_nowait(call)
        except queue.Full:
            return dialect.answer(parameters, "busy")
        call.is_answered.wait(ANSWER_SECONDS)
        return dialect.answer(parameters, call.outcome)

    def _passed(self, outcome: Outcome) -> Outcome:
        with self._lock:
            self._passed_over += 1
        return outcome

    def fetch(self, seconds: float) -> Delivery | None:
        """Give the callbacks that came, waiting at most so long; raises `UpstreamError`."""
        if not self._taken:
            try:
                self._taken = [self._waiting.get(timeout=seconds)]
            except queue.Empty:
                passed_over = self._counted()
                return Delivery([], passed_over=passed_over) if passed_over else None
        while len(self._taken) < TOGETHER_MAX:
            try:
                self._taken.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return self._delivery()

    def close(self) -> None:
        """Stop listening; who still waits is told to call again."""
        for call in self._taken:
            call.answer("unknown")
        self.door.close()

    def _counted(self) -> int:
        with self._lock:
            count, self._passed_over = self._passed_over, 0
        return count

    def _delivery(self) -> Delivery:
        """Deliver what is new of the calls taken; each is answered when that is durable."""
        first = {call.checkpoint: call for call in reversed(self._taken)}
        names = list(first)[::-1]
        known = self._context.log.checkpoints(names)
        new = [name for name in names if name not in known]
        read = [first[n].dialect.record(first[n].parameters, p) for p, n in enumerate(new)]
        amounts = [first[n].dialect.amount for n in new]
        records = self._judged(self._held_against_fees(read, amounts))
        outcomes = {name: _outcome(r.verdict) for name, r in zip(new, records, strict=True)}

        def acknowledge(_: Sequence[Verdict]) -> None:
            for call in self._taken:
                name = call.checkpoint
                if name in outcomes and first[name] is call:
                    call.answer(outcomes[name])
                else:
                    call.answer(_again(outcomes.get(name) or known[name]))
            self._taken = []

        def refuse(_: Sequence[Verdict]) -> None:
            for call in self._taken:
                call.answer("unknown")
            self._taken = []

        return Delivery(records, dict(outcomes), acknowledge, refuse, self._counted())

    def _held_against_fees(self, records: list[Record], amounts: list[str]) -> list[Record]:
        """Hold payments against what is to be paid, and name the unit that collects it.

        `amounts` names of each record the field in which its sender says what was paid.
        """
        entities = sorted({CONTRACT.entity_of(dict(e)) for r in records for e in r.events})
        columns = ["unit", "assessed_vnd", "outstanding_vnd"]
        known = self._context.known(entities, columns) if entities else {}
        return [
            _held(r, known.get(CONTRACT.entity_of(dict(r.events[0]))), name) if r.events else r
            for r, name in zip(records, amounts, strict=True)
        ]

    def _judged(self, records: list[Record]) -> list[Record]:
        """Judge records as they will be when they are carried: what is told is what is kept."""
        at, ranges = accepted_at(self._context.clock), self._context.ranges
        judged = zip(records, judge_arrived(CONTRACT, records, at, ranges), strict=True)
        return [
            replace(r, events=(), verdict=j) if isinstance(j, Verdict) else r for r, j in judged
        ]


def _held(record: Record, fee: tuple[Any, ...] | None, name: str) -> Record:
    if fee is None:
        return record
    event, (unit, assessed, outstanding) = record.events[0], fee
    amount = event["amount_vnd"]
    if assessed is not None and amount not in (assessed, outstanding):
        paid, due, left = (f"{n:,}".replace(",", ".") for n in (amount, assessed, outstanding))
        vi = f"nộp {paid} đồng, khoản thu phải nộp {due} đồng, còn {left} đồng"
        en = f"{paid} đồng were paid, {due} are assessed, {left} outstanding"
        verdict = unreadable("other_amount", name, str(amount), vi, en)
        return replace(record, events=(), verdict=replace(verdict, index=record.place))
    said = {k: v for k, v in event.items() if k != "event_id"}
    return replace(record, events=(with_id({**said, "unit": unit or said["unit"]}),))


def _outcome(verdict: Verdict | None) -> Outcome:
    return "confirmed" if verdict is None else TOLD.get(verdict.rule, "unknown")


def _again(outcome: str) -> Outcome:
    """Give what is told of a callback that comes again: what is confirmed is so already."""
    outcomes: dict[str, Outcome] = {"not_found": "not_found", "other_amount": "other_amount"}
    return "already" if outcome == "confirmed" else outcomes.get(outcome, "unknown")


def read(name: str, content: bytes) -> list[Record]:
    """Read a callback as cases have it, signed by the secret of trials: a query, or a JSON body."""
    dialect = paygov.paygov() if name.endswith(".json") else vnpay.VNPAY
    signature = paygov.SIGNATURE if name.endswith(".json") else vnpay.SIGNATURE
    parameters = dialect.parse(content.decode("utf-8", "replace").strip())
    if parameters is None or not dialect.is_signed(parameters, (TRIAL_SECRET,)):
        return [unsigned(signature)]
    return [dialect.record(parameters, 0)] if dialect.is_paid(parameters) else []


Open = Callable[[WalletsSettings, Context], Callbacks]
open_door: Open = Callbacks
CONNECTOR = Connector(WalletsSettings, read, open_door)
