"""PostgreSQL: a cluster of its own, from the programs of Debian's package."""

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

from deploy.local.services.part import INSTALL, Part
from deploy.local.services.ports import HOST
from deploy.local.services.process import Process, UnavailableError, process_status, run_to_end

POSTGRES_MIN = 15


class Postgres(Part):
    """A PostgreSQL cluster of its own, from Debian's package."""

    name = "postgres"
    setting = "HUB_DATABASE_URL"
    # Fast shutdown; by SIGTERM it would wait until every client has gone.
    stop_signal = signal.SIGINT

    def __init__(self, folder: Path, port: int = 15432) -> None:
        super().__init__(folder, {"HUB_POSTGRES_PORT": port})

    @property
    def address(self) -> str:
        """The database's URL."""
        return f"postgresql+psycopg://lgsp@{HOST}:{self.port}/lgsp"

    def fetch(self) -> None:
        """Check that the server's programs are there."""
        self._bin()

    def program(self, name: str) -> str:
        """Give the path of one of its programs."""
        return str(self._bin() / name)

    def _bin(self) -> Path:
        """The folder of the programs that fit the data: the newest, where there is none."""
        installed = {
            int(p.parts[-3]): p.parent
            for p in Path("/usr/lib/postgresql").glob("*/bin/initdb")
            if p.parts[-3].isdigit() and int(p.parts[-3]) >= POSTGRES_MIN
        }
        if not installed:
            raise UnavailableError(f"PostgreSQL {POSTGRES_MIN} or later is needed; {INSTALL}")
        version_path = self.data / "PG_VERSION"
        version = int(version_path.read_text()) if version_path.exists() else max(installed)
        if version not in installed:
            raise UnavailableError(
                f"{self.data} is of PostgreSQL {version}, which is not installed;"
                f" wipe it or install postgresql-{version}"
            )
        return installed[version]

    def _prepare(self) -> None:
        if self.data.exists():
            return
        user = self._user()
        # Made aside and renamed, so that data that is there is complete.
        made = self.folder / "data.new"
        if made.exists():
            shutil.rmtree(made)
        made.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(made, "postgres", "postgres")
        run_to_end(
            [
                *user,
                str(self._bin() / "initdb"),
                f"--pgdata={made}",
                "--username=postgres",
                "--auth=trust",
                "--locale=C.UTF-8",
                "--encoding=UTF8",
            ]
        )
        (made / "pg_hba.conf").write_text(f"host all all {HOST}/32 trust\n")
        run_to_end(
            [
                *user,
                str(self._bin() / "postgres"),
                "--single",
                "-D",
                str(made),
                "-c",
                "exit_on_error=true",
                "postgres",
            ],
            "CREATE ROLE lgsp LOGIN CREATEDB CREATEROLE\nCREATE DATABASE lgsp OWNER lgsp\n",
        )
        made.rename(self.data)

    def _user(self) -> list[str]:
        """What runs a program as who may run the server, which root may not.

        The data may be below a folder that only root can pass; then the server is given the
        right to pass it, and no other.
        """
        if os.geteuid() != 0:
            return []
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise UnavailableError("setpriv (Debian's util-linux) is needed to leave root")
        switch = [setpriv, "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        # Containers often withhold the first right and leave the second, wider one.
        for right in ("", "+dac_read_search", "+dac_override"):
            tried = [
                *switch,
                *([f"--inh-caps={right}", f"--ambient-caps={right}"] if right else []),
            ]
            probe = [*tried, "test", "-d", f"{self.folder}/."]
            if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
                return tried
        raise UnavailableError(
            f"the user postgres cannot reach {self.folder}; HUB_SERVICES_DIR sets another folder"
        )

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": HOST,
            "port": self.port,
            "unix_socket_directories": "",
            # For a laptop with two cores; what makes a commit durable stays as it is.
            "shared_buffers": "256MB",
            "max_wal_size": "2GB",
            "wal_compression": "lz4",
            "checkpoint_timeout": "15min",
            **({"fsync": "off"} if self.is_brief else {}),
        }
        return [
            *self._user(),
            str(self._bin() / "postgres"),
            "-D",
            str(self.data),
            *(f"--{name}={value}" for name, value in settings.items()),
        ]

    def _answers(self) -> bool:
        ask = [
            str(self._bin() / "pg_isready"),
            "-q",
            f"--host={HOST}",
            f"--port={self.port}",
            "--username=lgsp",
        ]
        return subprocess.run(ask, capture_output=True, check=False).returncode == 0

    def _family(self) -> list[Process]:
        """Each server process works in the data folder, in a session of its own."""
        servers = super()._family()
        for entry in Path("/proc").iterdir():
            status = process_status(int(entry.name)) if entry.name.isdigit() else None
            if status is None or status.command != "postgres":
                continue
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink() == self.data.resolve():
                    servers.append(Process(int(entry.name), status.started))
        return servers
