"""The examples for who follows the KPI topic, as they are, beside the API and the SQL views."""

import json
import os
import subprocess
import sys
from pathlib import Path

from deploy.local.services.kafka import Kafka
from hub import places, registry
from hub.clock import system_clock, to_us
from hub.figures.compute import Question
from hub.figures.official import figures
from hub.kafka.log import KafkaLog
from hub.opening import load_province, open_hub
from hub.reference.periods import parse_period
from hub.worker.publisher import Publisher
from stream_jobs.worked import dossier, received
from tests.parts import lists
from tests.parts.province import DOSSIER, TESTER, Province
from tests.parts.waiting import SECONDS_MAX

FOLDER = Path(__file__).parents[3] / "docs" / "examples"
Told = dict[str, tuple[str, int]]


def published(province: Province) -> Told:
    """Publish the figures of some dossiers, twice, and give what the API says of their year."""
    now = system_clock()  # stands still, so that all ask about one instant
    with open_hub(province.settings) as hub:
        assert isinstance(hub.log, KafkaLog)
        load_province(hub, lists.FOLDER, "An")
        publisher = Publisher(hub.store, hub.log, hub.installed, lambda: now)
        gateway = hub.gateway()
        days = [
            [received("A", "2023-05-17", due="2023-05-20"), received("B", "2023-05-17")],
            [received("C", "2023-05-18", channel="online"), dossier("A", "resolved", "2023-05-19")],
        ]
        with publisher.leading() as c:
            assert c is not None
            for day in days:
                gateway.accept(DOSSIER, TESTER, json.dumps(day).encode())
                hub.runner.catch_up()
                publisher.round(c)
        gateway.close()
        with hub.store.reading() as reading:
            book, year = hub.book(reading), parse_period("2023")
            return {
                f"{kpi.id}|2023|": (figure.value or "-", figure.numerator)
                for kpi in registry.kpis().values()
                for figure in figures(kpi, Question(year, to_us(now), (), {}), book)
            }


def followed(command: list[str], kafka: Kafka) -> Told:
    """Run an example; give the figures of the year that it prints."""
    schema = Path(str(places.avro_folder())) / "kpi.1.avsc"
    env = {**os.environ, "KAFKA_BOOTSTRAP": kafka.address, "KPI_SCHEMA": str(schema)}
    done = subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=4 * SECONDS_MAX, check=False
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return {key: (value, int(above)) for key, value, above in rows if key.split("|")[1] == "2023"}


def test_examples_and_sql_views_tell_what_the_api_tells(province: Province, kafka: Kafka) -> None:
    told = published(province)
    assert told["dossier_received_new|2023|"] == ("3", 3)
    assert len(told) > 15
    ((schema,),) = province.rows("SELECT current_schema() || '_ioc_v1'")
    rows = province.rows(
        f"SELECT kpi, value::text, numerator FROM {schema}.figure WHERE period = '2023'"
    )
    assert {f"{kpi}|2023|": (value or "-", n) for kpi, value, n in rows} == told
    examples = {
        "python": [sys.executable, str(FOLDER / "follow_kpi.py")],
        "java": ["java", "-cp", f"{kafka.jars}/*", str(FOLDER / "FollowKpi.java")],
        "javascript": [str(Path(sys.executable).with_name("node")), str(FOLDER / "follow-kpi.mjs")],
    }
    for name, command in examples.items():
        assert followed(command, kafka) == told, name
