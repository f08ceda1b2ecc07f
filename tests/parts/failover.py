"""Two PostgreSQL servers: one leads, the other has whatever was committed before anybody is told.

Both stand in one URL, of which the one that takes writes is used. The leader waits for the other
by `synchronous_standby_names`; it stands among its options, not in its data, which the other has
too: promoted, it must not wait for a third.
"""

import shutil
from pathlib import Path

import psycopg

from deploy.local.services.ports import HOST, free_port
from deploy.local.services.postgres import Postgres
from deploy.local.services.process import run_to_end

STANDBY = "standby"


class Primary(Postgres):
    """The one that leads."""

    is_brief = True

    def _prepare(self) -> None:
        super()._prepare()
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host replication all {HOST}/32 trust\n")

    def _command(self) -> list[str]:
        return [*super()._command(), f"--synchronous_standby_names={STANDBY}"]


class Standby(Postgres):
    """The one that follows, until it is promoted."""

    is_brief = True

    def __init__(self, folder: Path, port: int, primary: Primary) -> None:
        super().__init__(folder, port)
        self._primary = primary

    def _prepare(self) -> None:
        if self.data.exists():
            return
        made = self.folder / "data.new"
        made.mkdir(mode=0o700)
        user = self._user()
        if user:
            shutil.chown(made, "postgres", "postgres")
        followed = f"host={HOST} port={self._primary.port} user=postgres application_name={STANDBY}"
        run_to_end(
            [
                *user,
                self.program("pg_basebackup"),
                f"--pgdata={made}",
                f"--dbname={followed}",
                "--write-recovery-conf",
                "--checkpoint=fast",
            ]
        )
        made.rename(self.data)

    def promote(self) -> None:
        """Let it lead; it takes writes when this returns."""
        with psycopg.connect(f"postgresql://postgres@{HOST}:{self.port}/lgsp") as connection:
            row = connection.execute("SELECT pg_promote(wait => true)").fetchone()
        assert row == (True,)


class Pair:
    """The two of them."""

    def __init__(self, folder: Path) -> None:
        self.primary = Primary(folder / "primary", free_port())
        self.standby = Standby(folder / STANDBY, free_port(), self.primary)

    @property
    def address(self) -> str:
        """The URL of whichever leads."""
        return (
            f"postgresql+psycopg://lgsp@/lgsp?host={HOST},{HOST}"
            f"&port={self.primary.port},{self.standby.port}"
            "&target_session_attrs=read-write&connect_timeout=3"
        )

    def start(self) -> None:
        """Start both. Nothing can be committed at the first before the second follows."""
        self.primary.start()
        self.standby.start()

    def close(self) -> None:
        """End both; nothing is kept."""
        self.standby.kill()
        self.primary.kill()
