"""The quarantine topic: the hub's own notices are passed over, other gateways' rejections kept."""

import base64
import hashlib
import os
from typing import Any

import pytest

from hub import registry
from hub.apply import runner
from hub.apply.runner import Runner
from hub.definitions.admission import Admitted, Verdict
from hub.definitions.own.rejection import REJECTION
from hub.kafka.log import KafkaLog
from hub.log.log import Submission
from hub.log.submitting import make_batches
from hub.store.store import Store
from tests.parts.foreign import Foreign, record
from tests.parts.on_kafka import (
    STAMP,
    TOPIC,
    ask,
    catch_up,
    classes,
    differences,
    event,
    quarantined,
)
from tests.parts.small import NOW
from tests.unit.log.test_sqlite import AT, DAY_US


def test_what_the_hub_publishes_itself_is_passed_over_on_the_quarantine_topic_alone(
    log: KafkaLog, store: Store, foreign: Foreign
) -> None:
    own = [("ce_source", b"/hub")]
    values = rejection("lgsp.dossier.v1/0/7")
    foreign.send(REJECTION.topic, record("quarantine", values), "k", own, timestamp=STAMP)
    foreign.send(REJECTION.topic, b"not even a datum", "k", own, timestamp=STAMP)
    foreign.send(TOPIC, record("dossier", event("A", "1")), "A", own, timestamp=STAMP)
    catch_up(log, store)
    assert quarantined(store) == {}
    assert classes(store) == {("/hub", "applied"): 1}
    assert Runner(log, store, None, lambda: NOW).lag() == dict.fromkeys(
        [c.topic for c in registry.definitions().applied.values()], 0
    )
    assert differences(log, store) == []


def rejection(event_id: str, **more: Any) -> dict[str, Any]:
    """Wire values of a rejected item, as a gateway writes them."""
    return {
        "event_id": event_id,
        "contract": "dossier",
        "rejected_at": STAMP * 1000,
        "index": 3,
        "rule": "malformed",
        "field": "kind",
        "value": "v",
        "message_vi": "sai",
        "message_en": "wrong",
        "original": base64.b64encode(b"{}").decode(),
        **more,
    }


def test_the_hubs_own_notices_do_not_hide_what_stands_behind_them(
    log: KafkaLog, store: Store, foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch with nothing but notices counts no event; there may be more after it."""
    monkeypatch.setattr(runner, "EVENTS_PER_BATCH_MAX", 2)
    notice = record("quarantine", rejection("n"))
    for _ in range(5):
        foreign.send(REJECTION.topic, notice, "n", [("ce_source", b"/hub")], timestamp=STAMP)
    foreign.send(REJECTION.topic, record("quarantine", rejection("r:3")), "r", timestamp=STAMP)
    catch_up(log, store)
    assert quarantined(store).keys() == {"r:3"}
    assert differences(log, store) == []


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"contract": "x" * 256},
        {"contract": "quarantine"},
        {"contract": "không có"},
        {"contract": ""},
        {"rejected_at": STAMP * 1000 - 3 * DAY_US},
        {"message_en": 'a\rb\r\nc"d,e\\f\\.\n\\N\n'},
        {"value": "", "field": "", "rule": "\\N", "original": ""},
        {"index": 2**31},
        {"value": "\U0001f30a" * 2000, "message_vi": "ẻ" * 2000},
    ],
    ids=lambda more: ",".join(f"{k}={str(v)[:8]!r}" for k, v in more.items()) or "plain",
)
@pytest.mark.parametrize("count", [1, 90])
def test_a_rejection_of_another_gateway_is_kept_word_for_word(
    log: KafkaLog, store: Store, foreign: Foreign, more: dict[str, Any], count: int
) -> None:
    """Whatever the quarantine's contract allows must fit into the database, few or many."""
    sent = {f"r:{i}": rejection(f"r:{i}", **more) for i in range(count)}
    headers: list[tuple[str, str | bytes | None]] = [("ce_source", b"/senders/g")]
    for event_id, values in sent.items():
        value = record("quarantine", values)
        foreign.producer.produce(REJECTION.topic, value, event_id, headers=headers, timestamp=STAMP)
    assert foreign.producer.flush(30) == 0
    assert catch_up(log, store) == count
    names = ["event_id", "contract", "rejected_at", "index", "rule", "field", "value"]
    names += ["message_vi", "message_en", "original"]
    columns = ",".join(f'"{n}"' for n in names)
    kept = {
        r[0]: dict(zip(names, r, strict=True))
        for r in ask(store, f"SELECT {columns} FROM quarantine")
    }
    assert kept == sent
    assert classes(store) == {("g", "quarantined"): count}
    assert differences(log, store) == []


def test_bad_records_on_the_quarantine_topic_are_set_aside_too(
    log: KafkaLog, store: Store, foreign: Foreign
) -> None:
    good = record("quarantine", rejection("r:1"))
    bad = [None, b"", good[:-1], good + b"\x00", record("quarantine", rejection("r", index=-1))]
    bad.append(record("quarantine", rejection("r", value="a\x00b")))
    for value in (*bad, good, good):
        foreign.send(REJECTION.topic, value, "r", timestamp=STAMP)
    assert catch_up(log, store) == len(bad) + 2
    assert len(quarantined(store)) == len(bad) + 1
    assert classes(store) == {
        ("unnamed", "quarantined"): len(bad) + 1,
        ("unnamed", "duplicate"): 1,
    }
    assert differences(log, store) == []


def plainly(_sender: str, _name: str, raw: bytes) -> str:
    """Keep an original as it is, in base64, as what is sealed is kept in."""
    return base64.b64encode(raw).decode()


def test_a_rejected_item_of_any_size_is_kept(log: KafkaLog, store: Store) -> None:
    """What is too large for a record is known by its digest; the next smaller one is whole."""
    most = 23 << 20  # base64 makes 30.7 MiB of them, and a record may have 32
    originals = {0: os.urandom(most), 1: os.urandom(most + 1), 2: os.urandom(40 << 20)}
    verdicts = [Verdict(i, "not_json", "", "", "sai", "wrong") for i in originals]
    admitted = Admitted(registry.contracts()["dossier"], [], [], verdicts, dict(originals))
    batches = list(make_batches(admitted.contract, "s", admitted, "r", AT, plainly))
    log.append([Submission("r", "s", "dossier", AT, 0, 3, batches)])
    catch_up(log, store)
    kept = quarantined(store)
    assert base64.b64decode(kept["r:0"]["original"]) == originals[0]
    assert kept["r:0"]["message_en"] == "wrong"
    for index in (1, 2):
        head, _, first = base64.b64decode(kept[f"r:{index}"]["original"]).partition(b"\n")
        digest = hashlib.blake2b(originals[index], digest_size=16).hexdigest()
        assert head.decode() == f"{digest} {len(originals[index])}"
        assert first == originals[index][:65_536]
        assert kept[f"r:{index}"]["rule"] == "not_json"
        assert "(2) the item has" in kept[f"r:{index}"]["message_en"]
        assert "(2) bản ghi dài" in kept[f"r:{index}"]["message_vi"]
    # Its sender is told the same.
    assert [len(v.each()) for v in admitted.rejected] == [1, 2, 2]
    assert admitted.rejected[1].each()[1].rule == "item_too_large"
    assert differences(log, store) == []
