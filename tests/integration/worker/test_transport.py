"""Whole batches, and positions from SQL, on a real Kafka and whatever happens to the workers.

Run as a program, this file is the worker: a Faust app whose book of positions is a SQLite file.
"""

import signal
import time
from pathlib import Path

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition

from deploy.local.services.kafka import Kafka
from deploy.local.services.ports import free_port
from hub.worker.transport import BatchApp
from tests.integration.worker.bench import GATHERED, SESSION_SECONDS, Bench
from tests.parts.waiting import SECONDS_MAX


def test_a_backlog_comes_in_few_whole_batches_and_nothing_is_committed(bench: Bench) -> None:
    topic = bench.topic("backlog", 3)
    bench.send(topic, 60_000, 3)
    worker = bench.start(topic)
    bench.until(bench.all_applied)
    bench.book.check_contiguous()
    assert len(bench.book.batches()) <= 12

    bench.send(topic, 1, 3)
    bench.until(bench.all_applied)
    bench.stop(worker)
    described = bench.admin.describe_consumer_groups([bench.group])[bench.group].result()
    assert described.members == [], "the others would wait until its session has run out"
    asked = [ConsumerGroupTopicPartitions(bench.group)]
    committed = bench.admin.list_consumer_group_offsets(asked)[bench.group].result()
    assert committed.topic_partitions == []


def test_what_was_read_makes_room_for_others_at_once(bench: Bench) -> None:
    (bench.folder / "gather").touch()
    topic = bench.topic("gather", GATHERED)
    bench.send(topic, 1_000, GATHERED)
    worker = bench.start(topic)
    bench.until(lambda: f"gathered {GATHERED}" in bench.log(worker))


def test_what_comes_while_a_batch_is_in_hand_is_handed_over_together(bench: Bench) -> None:
    topic = bench.topic("ahead", 1)
    (bench.folder / "hold").write_text("50")
    bench.send(topic, 1, 1)
    worker = bench.start(topic)
    bench.until(lambda: "applying" in bench.log(worker))
    for _ in range(5):
        bench.send(topic, 10, 1)
    bench.until(bench.all_applied)
    assert [batch.values for batch in bench.book.batches()] == [[0], list(range(1, 51))]
    bench.book.check_contiguous()


def test_what_came_ahead_is_handed_over_however_much_it_is(bench: Bench) -> None:
    topic = bench.topic("large", 1)
    (bench.folder / "hold").write_text(str(BatchApp.records_undone_max))
    bench.send(topic, 1, 1)
    worker = bench.start(topic)
    bench.until(lambda: "applying" in bench.log(worker))
    settings = {"bootstrap.servers": bench.bootstrap, "batch.num.messages": 50_000}
    bench.producer = Producer(settings | {"linger.ms": 1000})  # one batch on the wire
    bench.send(topic, BatchApp.records_undone_max + 5_000, 1)
    bench.until(bench.all_applied)
    bench.book.check_contiguous()


def test_what_came_ahead_is_void_when_its_partition_is_rewound(bench: Bench) -> None:
    topic = bench.topic("void", 1)
    bench.send(topic, 10, 1)
    worker = bench.start(topic)
    bench.until(bench.all_applied)
    (bench.folder / "hold").write_text("20")
    bench.book.place(topic, 0, 5)
    bench.send(topic, 1, 1)
    bench.until(lambda: bench.log(worker).count("applying") == 2)
    bench.send(topic, 20, 1)
    bench.until(lambda: bench.book.positions() == {(topic, 0): 31})
    assert bench.book.batches()[-1].values == list(range(5, 31))
    assert bench.log(worker).count("fenced") == 1


def test_killed_amid_a_backlog_it_goes_on_where_sql_is(bench: Bench) -> None:
    topic = bench.topic("killed", 4)
    bench.send(topic, 40_000, 4)
    worker = bench.start(topic, slow=0.1, records_max=1000)
    bench.until(lambda: len(bench.book.batches()) > 9)
    worker.kill()
    worker.wait()
    assert not bench.all_applied()
    another = bench.start(topic)
    bench.until(bench.all_applied)
    bench.book.check_contiguous()
    assert "fenced" not in bench.log(another)


def test_workers_share_all_topics_join_and_leave(bench: Bench) -> None:
    topics = [bench.topic("left", 12), bench.topic("right", 12)]

    def apply_more(workers: int) -> None:
        before = len(bench.book.batches())
        for topic in topics:
            bench.send(topic, 240, 12)
        bench.until(bench.all_applied)
        assert len(bench.book.pids(before)) == workers

    one = bench.start(*topics)
    bench.until(lambda: "placed 24" in bench.log(one))
    apply_more(1)
    two = bench.start(*topics)
    bench.until(lambda: "placed 12" in bench.log(one) and "placed 12" in bench.log(two))
    apply_more(2)
    three = bench.start(*topics)
    bench.until(lambda: all("placed 8" in bench.log(worker) for worker in bench.workers))
    apply_more(3)
    bench.stop(one)
    bench.until(lambda: bench.log(two).count("placed 12") == 2)
    bench.until(lambda: bench.log(three).count("placed 12") == 1)
    apply_more(2)
    bench.book.check_contiguous()
    assert not any("fenced" in bench.log(worker) for worker in bench.workers)


def test_frozen_beyond_its_session_a_worker_comes_back(bench: Bench) -> None:
    topic = bench.topic("frozen", 8)
    one, two = bench.start(topic), bench.start(topic)
    bench.until(lambda: "placed 4" in bench.log(one) and "placed 4" in bench.log(two))
    two.send_signal(signal.SIGSTOP)
    bench.send(topic, 800, 8)
    bench.until(bench.all_applied)  # after the session of the other has ended
    assert bench.book.pids() == {one.pid}
    two.send_signal(signal.SIGCONT)
    bench.until(lambda: bench.log(two).count("placed 4") == 2)
    bench.send(topic, 800, 8)
    bench.until(bench.all_applied)
    assert bench.book.pids() == {one.pid, two.pid}
    bench.book.check_contiguous()
    # Who was let go once may be silent for as long without being let go again.
    assert bench.log(two).count("the group let this worker go: its session is 12 s now") == 1
    assert "let this worker go" not in bench.log(one)
    two.send_signal(signal.SIGSTOP)
    time.sleep(SESSION_SECONDS + 2)
    two.send_signal(signal.SIGCONT)
    before = len(bench.book.batches())
    bench.send(topic, 800, 8)
    bench.until(bench.all_applied)
    assert bench.book.pids(before) == {one.pid, two.pid}
    assert bench.log(two).count("placed 4") == 2
    assert bench.log(one).count("placed 4") == 2


def test_an_apply_longer_than_the_session_keeps_its_partition(bench: Bench) -> None:
    topic = bench.topic("long", 1)
    bench.send(topic, 10, 1)
    worker = bench.start(topic, slow=SESSION_SECONDS + 3)
    bench.until(bench.all_applied)
    assert bench.log(worker).count("placed") == 1


def test_stopped_amid_an_apply_it_ends_after_it(bench: Bench) -> None:
    topic = bench.topic("amid", 1)
    bench.send(topic, 10, 1)
    worker = bench.start(topic, slow=2)
    bench.until(lambda: "applying" in bench.log(worker))
    bench.stop(worker)
    assert bench.all_applied()


def test_a_rebalance_waits_for_what_is_in_hand(bench: Bench) -> None:
    topic = bench.topic("waits", 1)
    bench.send(topic, 10, 1)
    one = bench.start(topic, slow=4)
    bench.until(lambda: "applying" in bench.log(one))
    two = bench.start(topic)
    bench.until(lambda: "Joined group" in bench.log(two))
    assert bench.all_applied()


def test_only_what_transactions_committed_comes_and_marks_leave_no_lag(bench: Bench) -> None:
    topic = bench.topic("transactions", 1)
    settings = {"bootstrap.servers": bench.bootstrap, "transactional.id": topic}
    producer = Producer(settings)
    producer.init_transactions(SECONDS_MAX)
    worker = bench.start(topic)
    for value, ends in ((1, True), (2, False), (3, True), (4, False)):
        producer.begin_transaction()
        for _ in range(100):
            producer.produce(topic, str(value).encode(), partition=0)
        producer.flush(SECONDS_MAX)
        if ends:
            producer.commit_transaction(SECONDS_MAX)
        else:
            producer.abort_transaction(SECONDS_MAX)
    bench.until(lambda: bench.book.positions().get((topic, 0)) == 404)
    assert bench.book.values() == [1] * 100 + [3] * 100
    bench.book.check_contiguous()
    bench.stop(worker)


def test_rewound_a_partition_is_read_from_there_and_from_nowhere_else(bench: Bench) -> None:
    topic = bench.topic("rewound", 2)
    bench.send(topic, 1000, 2)
    worker = bench.start(topic, slow=0.1, records_max=1000)
    bench.until(bench.all_applied)
    before = len(bench.book.batches())
    bench.book.place(topic, 0, 123)  # amid what was one batch on the wire
    bench.send(topic, 20_000, 2)
    bench.until(lambda: bench.book.positions() == {(topic, 0): 10_500, (topic, 1): 10_500})
    later = [batch for batch in bench.book.batches()[before:] if batch.partition == 0]
    assert later[0].first == 123
    assert [value for batch in later for value in batch.values] == list(range(246, 21_000, 2))
    assert bench.log(worker).count("fenced") == 1
    bench.stop(worker)


@pytest.mark.parametrize("position", [100, 0])
def test_a_position_that_the_log_does_not_have_stops_the_worker(
    bench: Bench, position: int
) -> None:
    topic = bench.topic("range", 1)
    bench.send(topic, 50, 1)
    if position < 50:
        deleted = bench.admin.delete_records([TopicPartition(topic, 0, 20)])
        for done in deleted.values():
            done.result()
    bench.book.place(topic, 0, position)
    worker = bench.start(topic)
    assert worker.wait(SECONDS_MAX) == 1
    assert f"{topic}[0] cannot be read from {position}: the broker has only " in bench.log(worker)
    assert "run `hub rebuild`" in bench.log(worker)
    assert bench.book.batches() == []


def test_what_an_agent_raises_stops_the_worker_and_skips_nothing(bench: Bench) -> None:
    topic = bench.topic("poison", 1)
    bench.send(topic, 50, 1)
    (bench.folder / "poison").touch()
    worker = bench.start(topic)
    assert worker.wait(SECONDS_MAX) == 1
    assert "ValueError: poison" in bench.log(worker)
    bench.workers.remove(worker)
    (bench.folder / "poison").unlink()
    bench.start(topic)
    bench.until(bench.all_applied)


def test_without_positions_nothing_is_read(bench: Bench) -> None:
    topic = bench.topic("closed", 1)
    bench.send(topic, 50, 1)
    (bench.folder / "no_positions").touch()
    worker = bench.start(topic)
    assert worker.wait(SECONDS_MAX) == 1
    assert "the book is closed" in bench.log(worker)
    assert bench.book.batches() == []


def test_a_topic_that_is_not_there_stops_the_worker(bench: Bench) -> None:
    worker = bench.start(bench.topic("there", 1), "not-there")
    assert worker.wait(SECONDS_MAX) == 1
    assert "the broker has no topic not-there" in bench.log(worker)


def test_after_a_crash_of_the_broker_it_goes_on_by_itself(tmp_path: Path) -> None:
    kafka = Kafka(tmp_path / "kafka", free_port(), free_port())
    kafka.start()
    bench = Bench(kafka.address, tmp_path)
    try:
        topic = bench.topic("broker", 4)
        worker = bench.start(topic)
        bench.send(topic, 400, 4)
        bench.until(bench.all_applied)
        away = time.monotonic()
        kafka.kill()
        bench.until(lambda: "Marking the coordinator dead" in bench.log(worker))
        begun = bench.start(topic)
        bench.until(lambda: "Unable connect" in bench.log(begun))
        kafka.start()
        # Looking for it all the while, without a pause, would take a core.
        looked = bench.log(worker).count("Unable to update metadata")
        assert looked < 10 + 2 * (time.monotonic() - away)
        bench.send(topic, 400, 4)
        bench.until(bench.all_applied)
        bench.stop(begun)
        kafka.kill()
        began = time.monotonic()
        bench.stop(worker)
        # It is bounded by two seconds; a request that nobody answers would be given 30.
        assert time.monotonic() - began < 25
    finally:
        kafka.wipe()
        for worker in bench.workers:
            worker.kill()
            worker.wait()
