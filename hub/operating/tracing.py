"""Traces: which way an event took, and how long each step had it, told to a collector.

Off but for `traced`; while it is off nothing is done but to look whether it is on. A request's span
goes on from what its sender says (`traceparent`, W3C Trace Context) or begins a trace; what comes
of its events are spans below it: `log append`, `apply`, `figure`. From the gateway to whoever
applies the name of a request's span goes with the receipt: within a process by `follow`, through
Kafka by a header of the records. Spans say names of routes and topics, receipts and counts; nothing
that was sent, and nobody's name. They go out by OTLP over HTTP, from a thread of their own; what
cannot be sent is dropped, and nothing waits for it.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from hub.settings import Settings
from hub.troubles import TroubleError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

HEADER = "traceparent"
FOLLOWED_MAX = 10_000  # receipts of which it is known where they came from
SPANS_PER_BATCH_MAX = 256  # of what is applied or computed at once so many traces hear
FLUSH_MILLISECONDS_MAX = 3_000

Attributes = Mapping[str, str | int]


class TracesError(TroubleError):
    """Traces were asked for, and what sends them is not installed."""


class _Traces:
    """What is open while traces are on."""

    def __init__(self, provider: "TracerProvider") -> None:
        from opentelemetry.trace.propagation import tracecontext  # noqa: PLC0415

        self.provider = provider
        self.tracer: Tracer = provider.get_tracer("hub")
        self.propagator = tracecontext.TraceContextTextMapPropagator()
        self.lock = threading.Lock()
        self.followed: OrderedDict[str, str] = OrderedDict()
        self.applied: deque[str] = deque(maxlen=SPANS_PER_BATCH_MAX)

    def begin(self, name: str, parent: str, begun: int | None = None, **more: Any) -> "Span":
        """Begin a span below the one named `parent`; with none, a trace begins."""
        context = self.propagator.extract({HEADER: parent})
        return self.tracer.start_span(name, context, start_time=begun, **more)


_traces: _Traces | None = None


@contextmanager
def traced(settings: Settings, process: str) -> Iterator[None]:
    """Trace while the body runs, where the settings name a collector.

    What is left at the end is sent, for some seconds at most. Raises `TracesError`.
    """
    global _traces  # noqa: PLW0603 (a process is traced, or it is not)
    if not settings.traces_url:
        yield
        return
    _traces = _Traces(_open(settings.traces_url, settings.traces_share, process))
    try:
        yield
    finally:
        ended, _traces = _traces, None
        ended.provider.force_flush(FLUSH_MILLISECONDS_MAX)
        ended.provider.shutdown()


def _open(url: str, share: float, process: str) -> "TracerProvider":
    """Open what takes spans: `share` of what nobody traces yet goes to the collector at `url`."""
    try:
        from opentelemetry.exporter.otlp.proto.http import trace_exporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider, sampling  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise TracesError(
            f"HUB_TRACES_URL={url}: chưa cài phần gửi vết; hãy cài lgsp-hub[traces] |"
            f" HUB_TRACES_URL={url}: what sends traces is not installed; install lgsp-hub[traces]"
            f" ({error})"
        ) from None
    provider = TracerProvider(
        sampler=sampling.ParentBasedTraceIdRatio(share),
        resource=Resource.create({"service.name": f"lgsp-hub {process}"}),
        shutdown_on_exit=False,
    )
    exporter = trace_exporter.OTLPSpanExporter(endpoint=f"{url}/v1/traces", timeout=3)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1_000))
    return provider


def is_on() -> bool:
    """Whether anything is traced."""
    return _traces is not None


def now() -> int:
    """Tell when something begins, in nanoseconds since 1970; 0 where nothing is traced."""
    return time.time_ns() if _traces is not None else 0


def open_request(traceparent: str) -> "Span | None":
    """Begin the span of a request whose sender names its own span so, or names none."""
    if _traces is None:
        return None
    from opentelemetry.trace import SpanKind  # noqa: PLC0415

    return _traces.begin("request", traceparent, kind=SpanKind.SERVER)


def close_request(span: "Span", route: str, attributes: Attributes, *, has_failed: bool) -> None:
    """End the span of a request, which is called by its route."""
    from opentelemetry.trace import StatusCode  # noqa: PLC0415

    span.update_name(route)
    span.set_attributes(attributes)
    if has_failed:
        span.set_status(StatusCode.ERROR)
    span.end()


def name_of(span: "Span | None") -> str:
    """Give what names a span elsewhere; empty where it is not recorded."""
    if span is None or not span.is_recording():
        return ""
    at = span.get_span_context()
    return f"00-{at.trace_id:032x}-{at.span_id:016x}-{int(at.trace_flags):02x}"


def follow(receipt: str, parent: str) -> None:
    """Note whose span the events of a receipt came from."""
    if _traces is None or not parent or not receipt:
        return
    with _traces.lock:
        _traces.followed[receipt] = parent
        if len(_traces.followed) > FOLLOWED_MAX:
            _traces.followed.popitem(last=False)


def source_of(receipt: str) -> str:
    """Give the span that the events of a receipt came from; empty where none is known."""
    return "" if _traces is None else _traces.followed.get(receipt, "")


def note(name: str, parent: str, begun: int, attributes: Attributes) -> None:
    """Note a step that began at `begun`, and is over, below a span."""
    if _traces is not None and parent:
        _traces.begin(name, parent, begun, attributes=dict(attributes)).end()


def note_applied(topic: str, receipts: Iterable[str], begun: int) -> None:
    """Note that events of receipts are applied: figures that are read from now on count them."""
    if _traces is None:
        return
    parents = {parent: r for r in receipts if (parent := source_of(r))}
    for parent, receipt in islice(parents.items(), SPANS_PER_BATCH_MAX):
        note("apply", parent, begun, {"hub.topic": topic, "hub.receipt": receipt})
        _traces.applied.append(parent)


@contextmanager
def computing(attributes: Attributes) -> Iterator[None]:
    """Compute figures as they are now: the first to count what was applied since the last ones.

    Only of what this process applied is it known.
    """
    if _traces is None:
        yield
        return
    begun, waiting = now(), []
    with suppress(IndexError):  # others may take from it meanwhile
        while True:
            waiting.append(_traces.applied.popleft())
    yield
    for parent in waiting:
        note("figure", parent, begun, attributes)
