// Đọc số liệu từ Kafka | Read figures from Kafka: KAFKA_BOOTSTRAP, KPI_SCHEMA; java -cp 'jars/*' FollowKpi.java
// Needs kafka-clients and avro (Java 11 or later). KPI_SCHEMA is schemas/avro/kpi.1.avsc; with a schema
// registry, ask it for the id that stands in bytes 1 to 4 of a record instead. Of several records of one
// figure the highest revision stands. It reads up to the topic's end, and prints a line for each figure.

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public class FollowKpi {
    static final String TOPIC = "lgsp.kpi.v1";

    public static void main(String[] args) throws Exception {
        Schema schema = new Schema.Parser().parse(Path.of(System.getenv("KPI_SCHEMA")).toFile());
        var reader = new GenericDatumReader<GenericRecord>(schema);
        Map<String, Object> settings = Map.of("bootstrap.servers", System.getenv("KAFKA_BOOTSTRAP"));
        var latest = new TreeMap<String, GenericRecord>();
        var bytes = new ByteArrayDeserializer();
        try (var consumer = new KafkaConsumer<byte[], byte[]>(settings, bytes, bytes)) {
            List<TopicPartition> partitions = consumer.partitionsFor(TOPIC).stream()
                .map(info -> new TopicPartition(TOPIC, info.partition())).collect(Collectors.toList());
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            var ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                for (var message : consumer.poll(Duration.ofSeconds(1))) {
                    byte[] value = message.value();
                    var decoder = DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, null);
                    GenericRecord figure = reader.read(null, decoder);
                    String key = figure.get("kpi") + "|" + figure.get("period") + "|" + figure.get("dims");
                    latest.merge(key, figure, (a, b) -> revision(a) < revision(b) ? b : a);
                }
            }
        }
        latest.forEach((key, figure) -> System.out.println(
            key + "\t" + (figure.get("value") == null ? "-" : figure.get("value")) + "\t" + figure.get("numerator")));
    }

    static long revision(GenericRecord figure) {
        return (Long) figure.get("revision");
    }
}
