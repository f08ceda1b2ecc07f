package peers;

import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.Materialized;

/**
 * The three tallies in Kafka Streams: each topic is decoded, keyed by what the figure is of (which
 * makes a repartition topic), aggregated in RocksDB with a changelog, and written to PostgreSQL.
 *
 * <p>Figures are kept by unit and day and not in windows: events come up to weeks late, and a window
 * would have to be kept open for so long.
 *
 * <p>Arguments: bootstrap servers, JDBC URL, folder of the schemas, processing
 * guarantee. State is in the working directory.
 */
public final class KafkaStreamsPeer {
  private static final String COMMIT_MS = System.getProperty("commit.ms", "500");
  private static final String CACHE_BYTES = System.getProperty("cache.bytes", "67108864");
  private static final int THREADS = 2;

  private KafkaStreamsPeer() {}

  /** What a record adds to a figure. */
  private record Part(String key, long figure) {}

  public static void main(String[] arguments) throws InterruptedException {
    String schemas = arguments[2];
    Upserts upserts = new Upserts(arguments[1]);
    StreamsBuilder builder = new StreamsBuilder();
    String[] dossier = {"kind", "occurred_at", "received_by"};
    String[] payment = {"area", "period", "amount_vnd"};
    String[] reading = {"station_code", "measured_at", "quantity", "value", "quality"};

    parts(builder, "received", "dossier", schemas, dossier, KafkaStreamsPeer::received)
        .count(Materialized.as("received"))
        .toStream()
        .process(() -> upserts.of(Upserts.Table.RECEIVED));
    parts(builder, "amount", "payment", schemas, payment, KafkaStreamsPeer::amount)
        .reduce(Long::sum, Materialized.as("amount"))
        .toStream()
        .process(() -> upserts.of(Upserts.Table.AMOUNT));
    parts(builder, "salinity", "reading", schemas, reading, KafkaStreamsPeer::salinity)
        .reduce(Math::max, Materialized.as("salinity"))
        .toStream()
        .process(() -> upserts.of(Upserts.Table.SALINITY));

    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "peer-kafka-streams-" + UUID.randomUUID());
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, "state");
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, arguments[3]);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, THREADS);
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    settings.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
    settings.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.LongSerde.class);
    // Longer than the default of 100 ms, and a cache beyond the default of 10 MB: a figure that
    // changes often is then forwarded, and a transaction committed, less often.
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, COMMIT_MS);
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, CACHE_BYTES);

    KafkaStreams streams = new KafkaStreams(builder.build(), settings);
    CountDownLatch ended = new CountDownLatch(1);
    streams.setUncaughtExceptionHandler(
        error -> {
          error.printStackTrace();
          ended.countDown();
          return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
    ended.await();
    System.exit(1);
  }

  /** Decodes a topic and groups what counts by its key. */
  private static KGroupedStream<String, Long> parts(
      StreamsBuilder builder,
      String name,
      String contract,
      String schemas,
      String[] fields,
      Function<GenericRecord, Part> part) {
    Schema schema = Events.schema(schemas, contract);
    Serde<Part> serde = decoding(() -> new Events(schema, fields), part);
    return builder
        .stream("lgsp." + contract + ".v1", Consumed.with(Serdes.ByteArray(), serde))
        .filter((key, found) -> found != null)
        .map((key, found) -> KeyValue.pair(found.key(), found.figure()))
        .groupByKey(Grouped.with(name, Serdes.String(), Serdes.Long()));
  }

  /** Makes a serde that only reads; threads share it, so each has a decoder of its own. */
  private static Serde<Part> decoding(Supplier<Events> made, Function<GenericRecord, Part> part) {
    ThreadLocal<Events> events = ThreadLocal.withInitial(made);
    Deserializer<Part> read = (topic, value) -> part.apply(events.get().decode(value));
    Serializer<Part> write =
        (topic, value) -> {
          throw new UnsupportedOperationException();
        };
    return Serdes.serdeFrom(write, read);
  }

  private static Part received(GenericRecord event) {
    if (!"received".contentEquals((CharSequence) event.get("kind"))) {
      return null;
    }
    long day = Events.day((Long) event.get("occurred_at"));
    return new Part(event.get("received_by") + "|" + day, 1);
  }

  private static Part amount(GenericRecord event) {
    String key = event.get("area") + "|" + event.get("period");
    return new Part(key, (Long) event.get("amount_vnd"));
  }

  private static Part salinity(GenericRecord event) {
    Long quality = (Long) event.get("quality");
    boolean isGood = quality == null || quality == 1 || quality == 2;
    if (!isGood || !"salinity".contentEquals((CharSequence) event.get("quantity"))) {
      return null;
    }
    long day = Events.day((Long) event.get("measured_at"));
    return new Part(event.get("station_code") + "|" + day, (Long) event.get("value"));
  }
}
