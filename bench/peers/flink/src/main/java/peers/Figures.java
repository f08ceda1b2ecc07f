package peers;

import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.ReduceFunction;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/** Keeps a figure per key, and emits those that changed each half second. */
final class Figures
    extends KeyedProcessFunction<String, Tuple2<String, Long>, Tuple2<String, Long>> {
  private static final long serialVersionUID = 1;
  private static final long EACH_MS = 500;

  private final ReduceFunction<Long> join;
  private transient ValueState<Long> figure;
  // When the figure is to be emitted; none where it was since it changed.
  private transient ValueState<Long> due;

  Figures(ReduceFunction<Long> join) {
    this.join = join;
  }

  @Override
  public void open(OpenContext context) {
    figure = getRuntimeContext().getState(new ValueStateDescriptor<>("figure", Types.LONG));
    due = getRuntimeContext().getState(new ValueStateDescriptor<>("due", Types.LONG));
  }

  @Override
  public void processElement(
      Tuple2<String, Long> part, Context context, Collector<Tuple2<String, Long>> out)
      throws Exception {
    Long old = figure.value();
    figure.update(old == null ? part.f1 : join.reduce(old, part.f1));
    if (due.value() == null) {
      long now = context.timerService().currentProcessingTime();
      long at = now - now % EACH_MS + EACH_MS;
      context.timerService().registerProcessingTimeTimer(at);
      due.update(at);
    }
  }

  @Override
  public void onTimer(long at, OnTimerContext context, Collector<Tuple2<String, Long>> out)
      throws Exception {
    due.clear();
    out.collect(Tuple2.of(context.getCurrentKey(), figure.value()));
  }
}
