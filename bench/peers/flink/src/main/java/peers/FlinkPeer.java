package peers;

import java.nio.file.Path;
import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.UUID;
import org.apache.avro.generic.GenericRecord;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.ReduceFunction;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.jdbc.JdbcConnectionOptions;
import org.apache.flink.connector.jdbc.JdbcExecutionOptions;
import org.apache.flink.connector.jdbc.JdbcStatementBuilder;
import org.apache.flink.connector.jdbc.core.datastream.sink.JdbcSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * The three tallies in Apache Flink, in a local cluster of this process: each topic is decoded,
 * keyed by what the figure is of, aggregated in keyed state on the heap with a checkpoint (exactly
 * once) each second, and written to PostgreSQL by the JDBC connector.
 *
 * <p>Figures are kept by unit and day and not in windows: events come up to weeks late, and a window
 * would have to be kept open for so long.
 *
 * <p>Arguments: bootstrap servers, JDBC URL, folder of the schemas. Checkpoints are in the working
 * directory.
 */
public final class FlinkPeer {
  private static final int PARALLELISM = 2;
  private static final long CHECKPOINT_MS = 1_000;
  private static final int BATCH_ROWS = 5_000;
  private static final long BATCH_MS = 500;

  private FlinkPeer() {}

  public static void main(String[] arguments) throws Exception {
    Configuration settings = new Configuration();
    settings.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
    settings.set(
        CheckpointingOptions.CHECKPOINTS_DIRECTORY,
        Path.of("checkpoints").toAbsolutePath().toUri().toString());
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.createLocalEnvironment(PARALLELISM, settings);
    environment.enableCheckpointing(CHECKPOINT_MS, CheckpointingMode.EXACTLY_ONCE);
    environment.getConfig().enableObjectReuse();

    Job job = new Job(environment, arguments[0], arguments[1], arguments[2]);
    job.keep(
        "dossier",
        new String[] {"kind", "occurred_at", "received_by"},
        FlinkPeer::received,
        Long::sum,
        "INSERT INTO tally_received (unit, day, n) VALUES (?, ?, ?)"
            + " ON CONFLICT (unit, day) DO UPDATE SET n = EXCLUDED.n",
        FlinkPeer::setDay);
    job.keep(
        "payment",
        new String[] {"area", "period", "amount_vnd"},
        FlinkPeer::amount,
        Long::sum,
        "INSERT INTO tally_amount (area, period, amount) VALUES (?, ?, ?)"
            + " ON CONFLICT (area, period) DO UPDATE SET amount = EXCLUDED.amount",
        FlinkPeer::setPeriod);
    job.keep(
        "reading",
        new String[] {"station_code", "measured_at", "quantity", "value", "quality"},
        FlinkPeer::salinity,
        Math::max,
        "INSERT INTO tally_salinity (station, day, greatest) VALUES (?, ?, ?)"
            + " ON CONFLICT (station, day) DO UPDATE SET greatest = EXCLUDED.greatest",
        FlinkPeer::setDay);
    environment.execute("tallies");
  }

  /** What the three have in common. */
  private record Job(
      StreamExecutionEnvironment environment, String bootstrap, String jdbc, String schemas) {

    void keep(
        String contract,
        String[] fields,
        Parts.Part part,
        ReduceFunction<Long> join,
        String upsert,
        JdbcStatementBuilder<Tuple2<String, Long>> set) {
      KafkaSource<Tuple2<String, Long>> source =
          KafkaSource.<Tuple2<String, Long>>builder()
              .setBootstrapServers(bootstrap)
              .setTopics("lgsp." + contract + ".v1")
              .setGroupId("peer-flink-" + UUID.randomUUID())
              .setStartingOffsets(OffsetsInitializer.earliest())
              .setValueOnlyDeserializer(new Parts(schemas, contract, fields, part))
              .build();
      // Without rewritten batches, which may not name a key twice, as a batch here may.
      JdbcConnectionOptions connection =
          new JdbcConnectionOptions.JdbcConnectionOptionsBuilder()
              .withUrl(jdbc)
              .withDriverName("org.postgresql.Driver")
              .build();
      JdbcExecutionOptions execution =
          JdbcExecutionOptions.builder()
              .withBatchSize(BATCH_ROWS)
              .withBatchIntervalMs(BATCH_MS)
              .build();
      environment
          .fromSource(source, WatermarkStrategy.noWatermarks(), contract)
          .keyBy(found -> found.f0, Types.STRING)
          .process(new Figures(join))
          .returns(Types.TUPLE(Types.STRING, Types.LONG))
          .sinkTo(
              JdbcSink.<Tuple2<String, Long>>builder()
                  .withQueryStatement(upsert, set)
                  .withExecutionOptions(execution)
                  .buildAtLeastOnce(connection));
    }
  }

  private static void setDay(PreparedStatement statement, Tuple2<String, Long> figure)
      throws SQLException {
    String[] parts = figure.f0.split("\\|");
    statement.setString(1, parts[0]);
    statement.setDate(2, Date.valueOf(LocalDate.ofEpochDay(Long.parseLong(parts[1]))));
    statement.setLong(3, figure.f1);
  }

  private static void setPeriod(PreparedStatement statement, Tuple2<String, Long> figure)
      throws SQLException {
    String[] parts = figure.f0.split("\\|");
    statement.setString(1, parts[0]);
    statement.setString(2, parts[1]);
    statement.setLong(3, figure.f1);
  }

  private static Tuple2<String, Long> received(GenericRecord event) {
    if (!"received".contentEquals((CharSequence) event.get("kind"))) {
      return null;
    }
    long day = Events.day((Long) event.get("occurred_at"));
    return Tuple2.of(event.get("received_by") + "|" + day, 1L);
  }

  private static Tuple2<String, Long> amount(GenericRecord event) {
    String key = event.get("area") + "|" + event.get("period");
    return Tuple2.of(key, (Long) event.get("amount_vnd"));
  }

  private static Tuple2<String, Long> salinity(GenericRecord event) {
    Long quality = (Long) event.get("quality");
    boolean isGood = quality == null || quality == 1 || quality == 2;
    if (!isGood || !"salinity".contentEquals((CharSequence) event.get("quantity"))) {
      return null;
    }
    long day = Events.day((Long) event.get("measured_at"));
    return Tuple2.of(event.get("station_code") + "|" + day, (Long) event.get("value"));
  }
}
