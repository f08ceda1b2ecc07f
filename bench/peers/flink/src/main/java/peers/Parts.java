package peers;

import java.io.Serializable;
import java.util.function.Function;
import org.apache.avro.generic.GenericRecord;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;

/** Decodes a topic's values to what each adds to a figure: its key, its part; or to nothing. */
final class Parts implements DeserializationSchema<Tuple2<String, Long>> {
  private static final long serialVersionUID = 1;

  /** Tells what an event adds; null where it adds nothing. */
  interface Part extends Function<GenericRecord, Tuple2<String, Long>>, Serializable {}

  private final String schemas;
  private final String contract;
  private final String[] fields;
  private final Part part;
  private transient Events events;

  Parts(String schemas, String contract, String[] fields, Part part) {
    this.schemas = schemas;
    this.contract = contract;
    this.fields = fields;
    this.part = part;
  }

  @Override
  public void open(InitializationContext context) {
    events = new Events(Events.schema(schemas, contract), fields);
  }

  @Override
  public Tuple2<String, Long> deserialize(byte[] value) {
    return part.apply(events.decode(value));
  }

  @Override
  public boolean isEndOfStream(Tuple2<String, Long> next) {
    return false;
  }

  @Override
  public TypeInformation<Tuple2<String, Long>> getProducedType() {
    return Types.TUPLE(Types.STRING, Types.LONG);
  }
}
