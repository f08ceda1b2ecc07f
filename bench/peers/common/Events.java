package peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;

/**
 * Decodes the values of one topic: the Confluent wire format, of which only the fields that are
 * asked for are kept. The record is used again for the next value. For one thread.
 */
public final class Events {
  private static final int HEADER = 5;
  private static final AtomicBoolean BEGUN = new AtomicBoolean();

  private final GenericDatumReader<GenericRecord> reader;
  private BinaryDecoder decoder;
  private GenericRecord record;

  public Events(Schema written, String... fields) {
    List<Schema.Field> kept = new ArrayList<>();
    for (String name : fields) {
      Schema.Field field = written.getField(name);
      kept.add(new Schema.Field(field, field.schema()));
    }
    Schema wanted = Schema.createRecord(written.getName(), null, written.getNamespace(), false);
    wanted.setFields(kept);
    reader = new GenericDatumReader<>(written, wanted);
  }

  /** Reads the published schema of a contract. */
  public static Schema schema(String folder, String contract) {
    try {
      return new Schema.Parser().parse(Path.of(folder, contract + ".1.avsc").toFile());
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  /** Decodes a value; what it gives is good until the next call. */
  public GenericRecord decode(byte[] value) {
    if (!BEGUN.get() && BEGUN.compareAndSet(false, true)) {
      System.out.printf("first %.6f%n", System.currentTimeMillis() / 1e3);
    }
    decoder = DecoderFactory.get().binaryDecoder(value, HEADER, value.length - HEADER, decoder);
    try {
      record = reader.read(record, decoder);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
    return record;
  }

  /** Gives the local day of an instant in microseconds, as days since 1970-01-01. */
  public static long day(long instant) {
    return Math.floorDiv(instant + 7 * 3_600_000_000L, 86_400_000_000L);
  }
}
