"""The Faust application: one agent per topic applies whole batches to the store.

Faust is the runtime: group membership, agents, web, metrics, signals. Positions are in SQL, moved
by compare-and-swap in the transaction that applies a batch; no table, window or commit of Faust's
holds anything. A batch is applied off the event loop. What is wrong with the data is quarantined;
any other error stops the worker, which then ends with a status that is not 0.

Run it as `hub work`, or as people know it: `faust -A stream_jobs.app worker`.
"""

import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor

import faust
from faust.types import StreamT
from faust.web import Request, Response, View

from hub import registry
from hub.kafka.credentials import Credentials
from hub.kafka.rights import WORKERS
from hub.operating import metrics
from hub.operating.logs import log_as_json, told_of
from hub.settings import Settings, read_settings
from hub.worker.fetched import Fetched
from hub.worker.together import APPLYING_MAX, Pools, Together
from hub.worker.transport import BatchApp
from hub.worker.work import Work, open_work, slice_of

PARTITIONS_AT_ONCE_MAX = 12


class Worker(faust.Worker):
    """Faust's worker with the hub's logs.

    Without its spinner, which would have every library write debug records.
    """

    def _setup_logging(self) -> None:
        log_as_json()
        self.spinner = None


def create_app(settings: Settings) -> BatchApp:
    """Make the application; the work begins when its worker starts."""
    work = open_work(settings, registry.installed())
    app = BatchApp(
        WORKERS,
        positions=work.positions,
        credentials=Credentials.of(settings),
        broker=[f"lgsp://{b}" for b in settings.kafka_bootstrap.split(",")],
        datadir=work.folder,
        broker_session_timeout=settings.session_seconds,
        web_host=settings.host,
        web_bind=settings.host,
        web_port=settings.port,
        worker_redirect_stdouts=False,
        Worker=Worker,
    )
    pools = Pools(
        ThreadPoolExecutor(1, thread_name_prefix="read"),
        ThreadPoolExecutor(APPLYING_MAX, thread_name_prefix="apply"),
    )
    for topic in work.contracts:
        _add_agent(app, work, pools, topic)
    _add_pages(app, work)

    @app.task  # type: ignore[untyped-decorator]
    async def publish() -> None:
        await asyncio.get_running_loop().run_in_executor(None, work.publish)

    @app.task  # type: ignore[untyped-decorator]
    async def check_logs() -> None:
        await asyncio.get_running_loop().run_in_executor(None, work.check_logs)

    @app.on_before_shutdown.connect
    async def stop(*_: object, **__: object) -> None:
        work.stopping.set()

    return app


def _add_agent(app: BatchApp, work: Work, pools: Pools, topic: str) -> None:
    together = Together(app, work, pools.applying, topic)
    contract = work.contracts[topic]

    @app.agent(app.batches(topic), name=f"apply {topic}", concurrency=PARTITIONS_AT_ONCE_MAX)
    async def apply(stream: StreamT[Fetched]) -> None:
        loop = asyncio.get_running_loop()
        async for fetched in stream:
            one = await loop.run_in_executor(pools.reading, slice_of, contract, fetched)
            app.unpacked(fetched)
            position = await together.apply(one)
            if position is not None:
                await app.rewind(fetched.topic, fetched.partition, position)


def _add_pages(app: BatchApp, work: Work) -> None:
    @app.page("/healthz")
    async def healthz(self: View, request: Request) -> Response:
        """Say whether positions move; Kafka being away is no reason to be restarted."""
        tps = [tp for tp in app.consumer.assignment() if tp.topic in work.contracts]
        stalled = await asyncio.to_thread(work.stalled, tps)
        named = [f"{tp.topic}/{tp.partition}" for tp in stalled]
        status = 503 if stalled else 200
        return self.json({"partitions": len(tps), "stalled": named}, status=status)

    @app.page("/metrics")
    async def show_metrics(self: View, request: Request) -> Response:
        """Give the metrics in Prometheus' text format."""
        text, content_type = metrics.rendered()
        # As a header: the argument takes no charset.
        return self.bytes(text, headers={"Content-Type": content_type})


def run(settings: Settings) -> None:
    """Run a worker until it is told to stop; ends the process."""
    app = create_app(settings)
    # What is there now stays. After each rebalance garbage is collected on the loop that tells the
    # group of this worker: through all modules that takes so long that the group lets it go.
    gc.collect()
    gc.freeze()
    with told_of("applying"):
        app.Worker().execute_from_commandline()


def __getattr__(name: str) -> faust.App:
    """Make the application when Faust's command asks for it, from the environment."""
    if name != "app":
        raise AttributeError(name)
    return create_app(read_settings())
