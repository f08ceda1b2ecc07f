"""While the database is away, a server says so and asks to be asked again; then it goes on."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx

from deploy.local.services.kafka import Kafka
from deploy.local.services.postgres import Postgres
from hub.access import keys
from hub.access.scope import WHOLE
from hub.http.app import create_app
from hub.opening import open_hub
from hub.settings import Settings
from stream_jobs.worked import received
from tests.parts.waiting import until


def test_without_the_database_every_answer_is_503_and_then_all_is_well(
    kafka: Kafka, postgres: Postgres, database_url: str, topics: None
) -> None:
    settings = Settings(kafka_bootstrap=kafka.address, database_url=database_url)
    with open_hub(settings) as hub:
        key = keys.create(hub.store, hub.clock, "one_stop", WHOLE)
        headers = {"Authorization": f"Bearer {key}"}
        transport = httpx.ASGITransport(create_app(hub, hub.gateway()), client=("127.0.0.1", 1))
        sent = [received("A", "2023-05-02")]

        async def ask() -> list[httpx.Response]:
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1"
            ) as client:
                return [
                    await client.get("/v1/kpis/dossier_received", params={"period": "2023"}),
                    await client.get("/v1/kpis", params={"period": "2023"}),
                    await client.get("/v1/sources"),
                    await client.post("/v1/events/dossier", json=sent, headers=headers),
                ]

        def answers() -> list[tuple[int, str | None]]:
            # In a thread of its own: a browser's loop may be running in this one.
            with ThreadPoolExecutor(1) as pool:
                asked = pool.submit(lambda: asyncio.run(ask())).result()
            return [(a.status_code, a.headers.get("retry-after")) for a in asked]

        assert [status for status, _ in answers()] == [200, 200, 200, 202]
        postgres.kill()
        assert answers() == [(503, "5")] * 4
        postgres.start()
        until(lambda: [s for s, _ in answers()] == [200, 200, 200, 202], "all is well")
