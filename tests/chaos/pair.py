"""Two PostgreSQL servers on loopback: a primary, and a replica that has what was committed.

The replica streams, and the primary waits for it before it says that something is committed
(`synchronous_commit` with `synchronous_standby_names`). `address` names both, and whoever connects
takes the one that may be written to. When the primary is lost the replica is promoted.
"""

from pathlib import Path
from typing import Any

import psycopg

from deploy.local.services.part import START_SECONDS_MAX
from deploy.local.services.ports import HOST, free_port
from deploy.local.services.postgres import Postgres
from deploy.local.services.process import run_to_end, wait_until

REPLICA = "replica"


class Replica(Postgres):
    """A copy of another server, which it follows until it is promoted."""

    def __init__(self, folder: Path, primary: Postgres) -> None:
        super().__init__(folder / REPLICA, free_port())
        self._primary = primary

    def _prepare(self) -> None:
        if self.data.exists():
            return
        source = f"host={HOST} port={self._primary.port} user=postgres application_name={REPLICA}"
        # The folder is the server's own user's: that one makes the copy.
        self.folder.chmod(0o777)
        command = [self.program("pg_basebackup"), "--dbname", source, "--pgdata", str(self.data)]
        run_to_end([*self._user(), *command, "--write-recovery-conf", "--wal-method=stream"])


class Pair:
    """A primary and its replica, taken for one server."""

    name = "postgres"

    def __init__(self, folder: Path) -> None:
        self.primary = Postgres(folder, free_port())
        self.replica = Replica(folder, self.primary)
        ports = f"{self.primary.port},{self.replica.port}"
        self.address = (
            f"postgresql+psycopg://lgsp@/lgsp?host={HOST},{HOST}&port={ports}"
            "&target_session_attrs=read-write&connect_timeout=5"
        )

    def start(self) -> None:
        """Start the primary, copy it, and wait until each commit is in both."""
        self.primary.start()
        with (self.primary.data / "pg_hba.conf").open("a") as file:
            file.write(f"host replication all {HOST}/32 trust\n")
        self.ask(self.primary, "SELECT pg_reload_conf()")
        self.replica.start()
        # After the copy: the replica, once it is the only one, waits for nobody.
        self.ask(self.primary, f"ALTER SYSTEM SET synchronous_standby_names = '{REPLICA}'")
        self.ask(self.primary, "SELECT pg_reload_conf()")
        if not wait_until(self._is_synchronous, START_SECONDS_MAX):
            raise RuntimeError("the replica does not follow")

    def _is_synchronous(self) -> bool:
        query = "SELECT sync_state FROM pg_stat_replication"
        return self.ask(self.primary, query) == [("sync",)]

    def promote(self) -> None:
        """Let the replica take the place of the primary, which must be gone."""
        assert not self.primary.is_running, "two that are written to cannot be mended"
        self.ask(self.replica, "SELECT pg_promote(wait => true)")

    def ask(self, server: Postgres, query: str) -> list[tuple[Any, ...]]:
        """Ask a server as its superuser."""
        url = f"postgresql://postgres@{HOST}:{server.port}/postgres"
        with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def kill(self) -> None:
        """End both as a crash would."""
        self.replica.kill()
        self.primary.kill()

    def stop(self) -> None:
        """End both: the replica first, so that the primary sends it nothing any more."""
        self.kill()
