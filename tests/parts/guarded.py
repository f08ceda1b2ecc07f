"""A stations' broker as `deploy/mosquitto` sets it up, in a folder of a test's."""

import socket
import ssl
import subprocess
from pathlib import Path

from deploy.local.services.mosquitto import Mosquitto
from deploy.local.services.ports import HOST, free_port
from deploy.local.services.process import write_whole
from tests.parts.authority import Authority

INSTALLED = Path(__file__).parents[2] / "deploy" / "mosquitto"
ETC, PASSWORDS, MACHINES = "/etc/mosquitto", "listener 8883", "listener 8884"


class Guarded(Mosquitto):
    """The very files that are installed, but for ports, folders and where the log goes.

    `passwords`: of each user. The door by certificates is at `machines`.
    """

    def __init__(self, folder: Path, passwords: dict[str, str]) -> None:
        super().__init__(folder, free_port())
        self.machines = f"mqtts://{HOST}:{(port := free_port())}"
        self._ports = {PASSWORDS: self.port, MACHINES: port}
        self._etc = folder / "etc"
        (self._etc / "certs").mkdir(parents=True)
        self.authority = Authority(self._etc / "certs", "province")
        self.stations = Authority(self._etc / "certs", "stations-ca")
        self.authority.issue("broker")
        (self._etc / "acl").write_text((INSTALLED / "acl").read_text("utf-8"), "utf-8")
        for number, (user, password) in enumerate(passwords.items()):
            made = ["-c"] if number == 0 else []
            command = ["mosquitto_passwd", *made, "-b", str(self._etc / "passwords"), user]
            subprocess.run([*command, password], check=True)

    @property
    def address(self) -> str:
        """The URL of the door by passwords."""
        return f"mqtts://{HOST}:{self.port}"

    def said(self) -> str:
        """Give what the broker logged."""
        return self.log.read_text("utf-8", "replace")

    def _prepare(self) -> None:
        self.data.mkdir(exist_ok=True)
        text = (INSTALLED / "mosquitto.conf").read_text("utf-8").replace(ETC, str(self._etc))
        for door, port in self._ports.items():
            assert text.count(f"{door}\n") == 1
            text = text.replace(f"{door}\n", f"listener {port} {HOST}\n")
        own = self._lines()
        text = text.replace("log_dest syslog", "log_dest stdout")
        text += "".join(f"{name} {own[name]}\n" for name in ("user", "persistence_location"))
        write_whole(self._configuration, text)

    def _answers(self) -> bool:
        """Shake hands at both doors: it lets nobody in who has no name."""
        context = ssl.create_default_context(cafile=self.authority.file)
        try:
            for port in self._ports.values():
                with socket.create_connection((HOST, port), timeout=2) as door:
                    context.wrap_socket(door, server_hostname=HOST).close()
        except OSError:
            return False
        return True
