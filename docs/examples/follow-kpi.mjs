// Đọc số liệu từ Kafka | Read figures from Kafka: KAFKA_BOOTSTRAP, KPI_SCHEMA; node follow-kpi.mjs
// npm install @platformatic/kafka avsc. KPI_SCHEMA is schemas/avro/kpi.1.avsc; with a schema registry, ask
// it for the id that stands in bytes 1 to 4 of a record instead. Of several records of one figure the
// highest revision stands. It reads up to the topic's end, and prints a line for each figure.

import { readFileSync } from "node:fs";
import { Consumer } from "@platformatic/kafka";
import avro from "avsc";

const TOPIC = "lgsp.kpi.v1";
const type = avro.Type.forSchema(JSON.parse(readFileSync(process.env.KPI_SCHEMA, "utf8")));
const consumer = new Consumer({
  clientId: "follow-kpi",
  groupId: "follow-kpi-js",
  bootstrapBrokers: process.env.KAFKA_BOOTSTRAP.split(","),
});
const offsets = await consumer.listOffsets({ topics: [TOPIC], timestamp: -1n });
const ends = offsets.get(TOPIC);
const waiting = new Set(ends.keys().filter((partition) => ends[partition] > 0n));
const latest = new Map();
if (waiting.size) {
  const stream = await consumer.consume({ topics: [TOPIC], mode: "earliest", autocommit: false });
  for await (const message of stream) {
    const figure = type.fromBuffer(message.value.subarray(5));
    const key = [figure.kpi, figure.period, figure.dims].join("|");
    if (!(latest.get(key)?.revision >= figure.revision)) latest.set(key, figure);
    if (message.offset + 1n >= ends[message.partition]) waiting.delete(message.partition);
    if (!waiting.size) break;
  }
}
await consumer.close(true);
for (const key of [...latest.keys()].sort()) {
  const { value, numerator } = latest.get(key);
  console.log([key, value ?? "-", numerator].join("\t"));
}
