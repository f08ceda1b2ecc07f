"""Đọc số liệu từ Kafka | Read figures from Kafka: KAFKA_BOOTSTRAP, KPI_SCHEMA; follow_kpi.py.

pip install confluent-kafka fastavro. KPI_SCHEMA is schemas/avro/kpi.1.avsc; with a schema registry,
ask it for the id that stands in bytes 1 to 4 of a record instead. Of several records of one figure
the highest revision stands. It reads up to the topic's end, and prints a line for each figure.
"""

import io
import json
import os
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from fastavro import parse_schema, schemaless_reader

TOPIC = "lgsp.kpi.v1"
schema = parse_schema(json.loads(Path(os.environ["KPI_SCHEMA"]).read_text("utf-8")))
consumer = Consumer(
    {
        "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP"],
        "group.id": "follow-kpi",
        "enable.auto.commit": False,
    }
)
partitions = consumer.list_topics(TOPIC, timeout=30).topics[TOPIC].partitions
ends = {p: consumer.get_watermark_offsets(TopicPartition(TOPIC, p), 30)[1] for p in partitions}
consumer.assign([TopicPartition(TOPIC, p, OFFSET_BEGINNING) for p in partitions])
latest: dict[tuple[str, str, str], dict] = {}
waiting = {p for p, end in ends.items() if end > 0}
while waiting:
    message = consumer.poll(1)
    if message is None:
        continue
    if message.error():
        raise SystemExit(message.error().str())
    figure = schemaless_reader(io.BytesIO(message.value()[5:]), schema, None)
    key = figure["kpi"], figure["period"], figure["dims"]
    if key not in latest or latest[key]["revision"] < figure["revision"]:
        latest[key] = figure
    if message.offset() + 1 >= ends[message.partition()]:
        waiting.discard(message.partition())
consumer.close()
for key in sorted(latest):
    print("|".join(key), latest[key]["value"] or "-", latest[key]["numerator"], sep="\t")
