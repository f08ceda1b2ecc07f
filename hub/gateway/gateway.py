"""The gateway: admits a body, makes it durable with its receipt, and only then answers.

Requests that come together can be carried on together: in columns, with one look at what is known
and one transaction, so that one flush to disk serves all.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from hub.access.keys import Sender
from hub.access.scope import Scope
from hub.clock import Clock, iso
from hub.definitions import avro, revisions
from hub.definitions.admission import Admitted, Verdict, admit, columns_of, split
from hub.definitions.contract import Contract
from hub.definitions.originals import Seal
from hub.definitions.rivals import find_rivals, verdict_on_rivals
from hub.gateway import boundary
from hub.gateway.signing import Sign, Signer
from hub.gateway.unlisted import offer_near
from hub.log.log import Batch, Log, LogUnavailableError, Submission
from hub.log.spool import Spool
from hub.log.submitting import accepted_at, impossible, new_receipt, rejections
from hub.operating import tracing
from hub.store.names import Names
from hub.store.reading import Row
from hub.store.states import contents
from hub.store.store import Store
from hub.store.troubles import StoreUnavailableError

Judge = Callable[[Contract, bytes], Admitted]
RECENT_MAX = 100_000


@dataclass(frozen=True)
class Answer:
    """What the sender is told, and with which HTTP status; `is_replay` where it was told before.

    `text` is the body as JSON: written once, for the answer and for the receipt that is kept.
    """

    status: int
    body: dict[str, Any]
    text: str
    is_replay: bool = False


@dataclass
class Offer:
    """A request on its way: what was sent, and what it became: an answer, or an error.

    `typed` is what was typed in the place of some cells of the body, where it is a file; `trace`
    names the span of its request, where that is recorded.
    """

    contract: Contract
    sender: Sender
    body: bytes
    idempotency_key: str | None
    admitted: Admitted
    typed: bytes = b""
    trace: str = ""
    sent: set[Row] = field(default_factory=set)
    conflicts: list[Verdict] = field(default_factory=list)
    submission: Submission | None = None
    answer: Answer | None = None
    error: Exception | None = None

    def reject(self, verdicts: list[Verdict]) -> None:
        """Reject some of the admitted items after all, and keep their bytes."""
        if verdicts:
            self.admitted.reject(verdicts)
            items = self.admitted.items or dict(enumerate(split(self.body)))
            self.admitted.originals |= {v.index: items[v.index] for v in verdicts}

    @property
    def digest(self) -> str:
        """What tells its body from another one's."""
        return body_digest(self.contract.name, self.body + self.typed)

    @property
    def named(self) -> Callable[[Verdict], str] | None:
        """What names its rejected items; None where their receipt does."""
        if self.idempotency_key is None:
            return None
        name = request_name(self.sender.name, self.idempotency_key, self.digest)
        return lambda verdict: f"{name}:{verdict.index}"

    def outcome(self) -> Answer:
        """Give the answer; raise what kept it from being given."""
        if self.error is not None:
            raise self.error
        assert self.answer is not None, "it was not committed"
        return self.answer


def body_digest(contract: str, body: bytes) -> str:
    """Write what tells a body that is sent under a contract from another one."""
    return f"{contract}:{hashlib.blake2b(body, digest_size=16).hexdigest()}"


def request_name(sender: str, idempotency_key: str, digest: str) -> str:
    """Name a request by what its sender sends again.

    A gateway may end after rejected items are in the log and before their receipt is kept. What the
    next gateway makes of the same request are the same items, and repeats: their names say so.
    """
    sent = json.dumps([sender, idempotency_key, digest])
    return hashlib.blake2b(sent.encode(), digest_size=16).hexdigest()


class Gateway:
    """Takes events in, from HTTP and from sources in the same process. Safe to use from threads."""

    def __init__(
        self,
        log: Log,
        store: Store,
        clock: Clock,
        signer: Signer,
        seal: Seal,
        spool: Spool | None = None,
    ) -> None:
        self.spool = spool
        self._seal = seal
        self._log = log if spool is None else spool
        self._signer = signer
        self._store = store
        self.clock = clock
        self.names = Names(store, clock)
        self._recent: dict[str, set[Row]] = {}
        self._recent_ids: dict[str, set[Row]] = {}
        self._recent_lock = threading.Lock()

    def accept(
        self,
        contract: Contract,
        sender: Sender,
        body: bytes,
        idempotency_key: str | None = None,
        judge: Judge = admit,
    ) -> Answer:
        """Take one request's body; answer when it is durable.

        `judge` makes items of it. Raises `BodyError`, `LogUnavailableError` or
        `IdempotencyConflictError`.
        """
        offer = Offer(contract, sender, body, idempotency_key, judge(contract, body))
        self.prepare([offer])
        self.commit([offer])
        return offer.outcome()

    def prepare(self, offers: Sequence[Offer]) -> None:
        """Make submissions of offers; one of which none can be made keeps the error."""
        by_contract: dict[str, list[Offer]] = {}
        for offer in offers:
            by_contract.setdefault(offer.contract.name, []).append(offer)
        for those in by_contract.values():
            self._prepare_safely(those)

    def outside(
        self, contract: Contract, scopes: Sequence[Scope], admitted: Admitted
    ) -> list[Verdict]:
        """Find items that cannot be, or are outside of each of these scopes of one sender."""
        return outside(self._store, contract, scopes, admitted, accepted_at(self.clock))

    def close(self) -> None:
        """Stop; what is spooled waits for the next gateway."""
        if self.spool is not None:
            self.spool.close()

    def _prepare_safely(self, offers: list[Offer]) -> None:
        try:
            self._prepare(offers)
        except Exception as error:
            if len(offers) == 1 or isinstance(error, StoreUnavailableError):
                for offer in offers:
                    offer.submission, offer.error = None, error
            else:  # one may be to blame, and does not keep the others from it
                for offer in offers:
                    self._prepare_safely([offer])

    def _prepare(self, offers: list[Offer]) -> None:
        """Make submissions of offers of one contract."""
        contract = offers[0].contract
        for offer in offers:
            offer.admitted.mark(boundary.stamp(contract, offer.sender.scope))
        at = accepted_at(self.clock)
        frame = self._possible(contract, offers, at)
        revision = revisions.latest(contract.name)
        payload, ends = avro.encode_columns(revision.plain, frame)
        rows = list(frame.iter_rows())
        bounds = [0, *accumulate(len(o.admitted.kept) for o in offers)]
        spans = list(zip(offers, pairwise(bounds), strict=True))
        for offer, (start, stop) in spans:
            offer.sent = {(offer.sender.name, *row) for row in rows[start:stop]}
        known = self._known(contract, frame)
        identity = identity_of(contract)
        ids = {identity(row) for row in known}
        sign = self._signer.signing()
        for offer, (start, stop) in spans:
            name = offer.sender.name
            mine = [(name, *row) for row in rows[start:stop]]
            with self._recent_lock:
                known |= offer.sent & self._recent.get(contract.name, set())
                ids |= {identity(r) for r in mine} & self._recent_ids.get(contract.name, set())
            offer.conflicts = _conflicts(offer.admitted.indexes, mine, identity, known, ids)
            repeats = (stop - start) - len(offer.sent) + len(known & offer.sent)
            known |= offer.sent  # to those that come after it
            receipt = new_receipt(at)
            tracing.follow(receipt, offer.trace)
            batches = []
            if start < stop:
                first, last = int(ends[start - 1]) if start else 0, int(ends[stop - 1])
                own = (payload[first:last], ends[start:stop] - first)
                topic, schema_id = contract.topic, revision.schema_id
                batches.append(Batch(topic, name, at, schema_id, receipt, *own))
            kept = (receipt, at, self._seal, offer.named)
            batches += rejections(contract, name, offer.admitted, *kept)
            _answer(offer, (receipt, repeats, at), batches, sign)

    def _possible(self, contract: Contract, offers: list[Offer], at: int) -> pl.DataFrame:
        """Reject what is outside of its sender's scope, and what cannot be, each item once.

        Gives the events that are left of all offers, in columns.
        """
        frame = columns_of(contract, [o.admitted for o in offers])
        part = np.repeat(np.arange(len(offers)), [len(o.admitted.indexes) for o in offers])
        places = [i for o in offers for i in o.admitted.indexes]
        wrong = _wrong(self._store, contract, frame, at, part, places)
        start, is_whole = 0, True
        for offer in offers:
            indexes = offer.admitted.indexes
            verdicts = {
                indexes[i]: replace(v, index=indexes[i])
                for row, v in wrong.items()
                if 0 <= (i := row - start) < len(indexes)
            }
            start += len(indexes)
            for v in boundary.outside(contract, offer.sender.scope, offer.admitted):
                verdicts[v.index] = v.joined(verdicts.get(v.index))
            offer.reject(list(verdicts.values()))
            if offer.admitted.rejected:
                offer_near(contract, offer.admitted, self.names.of)
            is_whole &= not verdicts
        return frame if is_whole else columns_of(contract, [o.admitted for o in offers])

    def commit(self, offers: Sequence[Offer]) -> None:
        """Make what is prepared durable, in order; each offer then has its outcome."""
        ready = [(o, o.submission) for o in offers if o.submission is not None]
        if not ready:
            return
        begun = tracing.now()
        try:
            self._log.append([s for _, s in ready])
        except Exception as error:
            # Whatever it was: nothing of the group is durable, and each sender is told so.
            for offer, _ in ready:
                offer.error = LogUnavailableError(str(error))
            return
        for offer, submission in ready:
            if submission.error is not None:
                offer.error = submission.error
            elif submission.repeats is not None:
                status, said = json.loads(submission.repeats)
                text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
                offer.answer = Answer(status, said, text, is_replay=True)
            else:
                self._remember(offer)
                tracing.note("log append", offer.trace, begun, {"hub.receipt": submission.receipt})

    def _known(self, contract: Contract, frame: pl.DataFrame) -> set[Row]:
        """Give what the store holds of the things that these events are about, content and all.

        The same id with another content is no repeat: it is taken, and shown as a conflict.
        """
        if frame.is_empty():
            return set()
        entities = frame.select(contract.entity.alias("entity"))["entity"].unique().to_list()
        try:
            with self._store.reading() as reading:
                states = reading.states(self._store.facts[contract.name], entities)
        except StoreUnavailableError:
            if self.spool is None:
                raise
            return set()  # a repeat is answered as accepted, and counts once all the same
        return contents(contract, states) if states else set()

    def _remember(self, offer: Offer) -> None:
        """Remember events that are durable, though perhaps not yet applied."""
        with self._recent_lock:
            recent = self._recent.setdefault(offer.contract.name, set())
            ids = self._recent_ids.setdefault(offer.contract.name, set())
            if len(recent) > RECENT_MAX:
                recent.clear()
                ids.clear()
            recent |= offer.sent
            ids |= set(map(identity_of(offer.contract), offer.sent))


def _answer(offer: Offer, taken: tuple[str, int, int], batches: list[Batch], sign: Sign) -> None:
    """Write what the sender of an offer is told; `taken` is its receipt, repeats, and when."""
    receipt, repeats, at = taken
    contract, admitted, body = offer.contract.name, offer.admitted, offer.body
    typed = offer.typed
    receipt_body = {
        "receipt": receipt,
        "accepted": len(admitted.kept) - repeats,
        "duplicates": repeats,
        "conflicts": [v.public() for v in offer.conflicts],
        "rejected": [v.public() for v in admitted.rejected],
        **({"mapping": admitted.mapping} if admitted.mapping else {}),
    }
    receipt_body["signed"] = sign(
        {
            **receipt_body,
            "conflicts": len(offer.conflicts),
            "rejected": len(admitted.rejected),
            "sender": offer.sender.name,
            "contract": contract,
            "sha256": hashlib.sha256(body).hexdigest(),
            **({"typed_sha256": hashlib.sha256(typed).hexdigest()} if typed else {}),
            "accepted_at": iso(at),
        }
    )
    text = json.dumps(receipt_body, ensure_ascii=False, separators=(",", ":"))
    answer = Answer(202 if admitted.kept else 422, receipt_body, text)
    offer.submission = Submission(
        receipt=receipt,
        sender=offer.sender.name,
        contract=contract,
        accepted_at=at,
        accepted=len(admitted.kept),
        rejected=len(admitted.rejected),
        batches=batches,
        answer=f"[{answer.status},{text}]",
        body_digest=offer.digest,
        idempotency_key=offer.idempotency_key,
    )
    offer.answer = answer


def identity_of(contract: Contract) -> Callable[[Row], Row]:
    """Give what tells the identity of (sender, *fields): the sender, its id, and what it is of."""
    names = ["", *(f.name for f in contract.fields)]
    return itemgetter(0, *(names.index(n) for n in ("event_id", *contract.spec.entity)))


def _conflicts(
    indexes: Sequence[int],
    rows: Sequence[Row],
    identity: Callable[[Row], Row],
    known: set[Row],
    ids: set[Row],
) -> list[Verdict]:
    """Find items whose identity has another content too; `ids` are known, and grow by theirs."""
    conflicts = []
    before: set[Row] = set()
    vi = "cùng mã sự kiện đã có với nội dung khác; cả hai được giữ, một được tính: xem biên nhận"
    en = "the same event id is there with another content; both are kept, one counts: see the"
    en += " receipt"
    for index, row in zip(indexes, rows, strict=True):
        name = identity(row)
        if name in ids and row not in known and row not in before:
            conflicts.append(Verdict(index, "conflict", "event_id", str(name[1]), vi, en))
        before.add(row)
        ids.add(name)
    return conflicts


def _wrong(
    store: Store,
    contract: Contract,
    frame: pl.DataFrame,
    at: int,
    part: npt.NDArray[np.int64],
    places: list[int],
) -> dict[int, Verdict]:
    """Find rows that cannot be, or not beside others of their submission (`part`)."""
    wrong = impossible(contract, frame, at, store.ranges)
    for row, others in find_rivals(contract, frame, part).items():
        rival = verdict_on_rivals(contract, frame, row, others, places)
        wrong[row] = rival.joined(wrong.get(row))
    return wrong


def outside(
    store: Store, contract: Contract, scopes: Sequence[Scope], admitted: Admitted, at: int
) -> list[Verdict]:
    """Find items that a gateway would reject at `at`: outside of each scope, or impossible."""
    verdicts = {v.index: v for v in boundary.outside_all(contract, scopes, admitted)}
    frame, places = admitted.events, admitted.indexes
    part = np.zeros(len(frame), np.int64)
    for row, v in _wrong(store, contract, frame, at, part, places).items():
        index = admitted.indexes[row]
        before = verdicts.get(index)
        impossible_too = replace(v, index=index)
        verdicts[index] = impossible_too if before is None else before.joined(impossible_too)
    return [verdicts[index] for index in sorted(verdicts)]
