package peers;

import java.sql.Connection;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.LocalDate;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

/**
 * Writes figures to PostgreSQL, as upserts in batches: what changed since the last time, the newest
 * figure of each key. Each stream thread has one connection, and one transaction for all its tasks.
 */
final class Upserts {
  private static final Duration EACH = Duration.ofMillis(500);

  enum Table {
    RECEIVED(
        "INSERT INTO tally_received (unit, day, n) VALUES (?, ?, ?)"
            + " ON CONFLICT (unit, day) DO UPDATE SET n = EXCLUDED.n",
        true),
    AMOUNT(
        "INSERT INTO tally_amount (area, period, amount) VALUES (?, ?, ?)"
            + " ON CONFLICT (area, period) DO UPDATE SET amount = EXCLUDED.amount",
        false),
    SALINITY(
        "INSERT INTO tally_salinity (station, day, greatest) VALUES (?, ?, ?)"
            + " ON CONFLICT (station, day) DO UPDATE SET greatest = EXCLUDED.greatest",
        true);

    private final String statement;
    private final boolean hasDay;

    Table(String statement, boolean hasDay) {
      this.statement = statement;
      this.hasDay = hasDay;
    }
  }

  private final ThreadLocal<Writer> writers;

  Upserts(String url) {
    writers = ThreadLocal.withInitial(() -> new Writer(url));
  }

  Processor<String, Long, Void, Void> of(Table table) {
    return new Processor<>() {
      private Map<String, Long> changed;
      private Writer writer;

      @Override
      public void init(ProcessorContext<Void, Void> context) {
        writer = writers.get();
        changed = writer.changed.get(table);
        context.schedule(EACH, PunctuationType.WALL_CLOCK_TIME, at -> writer.writeIfDue());
      }

      @Override
      public void process(Record<String, Long> record) {
        changed.put(record.key(), record.value());
      }

      @Override
      public void close() {
        writer.write();
      }
    };
  }

  /** The connection of one thread, and what is to be written. */
  private static final class Writer {
    private final Map<Table, Map<String, Long>> changed = new EnumMap<>(Table.class);
    private final Connection connection;
    private long writtenAt = System.nanoTime();

    Writer(String url) {
      for (Table table : Table.values()) {
        changed.put(table, new HashMap<>());
      }
      try {
        connection = DriverManager.getConnection(url);
        connection.setAutoCommit(false);
      } catch (SQLException error) {
        throw new IllegalStateException(error);
      }
    }

    /** Each of a thread's tasks calls this as often; one of them is enough. */
    void writeIfDue() {
      if (System.nanoTime() - writtenAt >= EACH.toNanos() * 9 / 10) {
        write();
      }
    }

    void write() {
      try {
        for (Map.Entry<Table, Map<String, Long>> one : changed.entrySet()) {
          write(one.getKey(), one.getValue());
        }
        connection.commit();
      } catch (SQLException error) {
        throw new IllegalStateException(error);
      }
      changed.values().forEach(Map::clear);
      writtenAt = System.nanoTime();
    }

    private void write(Table table, Map<String, Long> figures) throws SQLException {
      if (figures.isEmpty()) {
        return;
      }
      try (PreparedStatement statement = connection.prepareStatement(table.statement)) {
        for (Map.Entry<String, Long> figure : figures.entrySet()) {
          int part = figure.getKey().indexOf('|');
          String period = figure.getKey().substring(part + 1);
          statement.setString(1, figure.getKey().substring(0, part));
          if (table.hasDay) {
            statement.setDate(2, Date.valueOf(LocalDate.ofEpochDay(Long.parseLong(period))));
          } else {
            statement.setString(2, period);
          }
          statement.setLong(3, figure.getValue());
          statement.addBatch();
        }
        statement.executeBatch();
      }
    }
  }
}
