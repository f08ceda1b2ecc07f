"""A client's files change one after another: between two of them it goes on with what it has."""

import asyncio
from pathlib import Path

import pytest
from aiokafka.client import AIOKafkaClient  # type: ignore[import-untyped]

from deploy.local.services.ports import HOST, free_port
from hub.kafka.credentials import Credentials
from hub.kafka.log import KafkaLog
from hub.kafka.reader import renew
from hub.log.log import LogUnavailableError
from tests.conftest import Hub
from tests.parts.authority import Authority

TOPIC = "lgsp.dossier.v1"


class Files:
    """A process's key and certificate, in two files."""

    def __init__(self, folder: Path) -> None:
        self._authority = Authority(folder, "province")
        certificate, key = self._authority.issue("gateway")
        self.credentials = Credentials(self._authority.file, certificate, key)

    def change(self, *what: str) -> None:
        """Let these be new: `key`, `certificate`."""
        before = {n: getattr(self.credentials, n) for n in ("key", "certificate")}
        texts = {n: p.read_bytes() for n, p in before.items()}
        self._authority.issue("gateway")
        for name, path in before.items():
            if name not in what:
                path.write_bytes(texts[name])


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_a_client_that_reads_connects_by_the_old_pair_until_the_new_one_is_whole(
    files: Files,
) -> None:

    async def do() -> None:
        shown = files.credentials.for_python()
        client = AIOKafkaClient(bootstrap_servers=f"{HOST}:{free_port()}", **shown)
        renew(client, files.credentials)
        old = client._ssl_context
        files.change("key")
        await client._get_conn(0)
        assert client._ssl_context is old
        files.change("key", "certificate")
        await client._get_conn(0)
        assert client._ssl_context is not old
        await client.close()

    asyncio.run(do())


def test_what_is_sent_between_a_key_and_its_certificate_is_not_taken_and_may_come_again(
    hub: Hub, files: Files
) -> None:
    log = KafkaLog(f"{HOST}:{free_port()}", hub.store, 1, files.credentials)
    files.change("key")
    with pytest.raises(LogUnavailableError, match="key"):
        log.produce([(TOPIC, 0, b"A", b"one", [])])
