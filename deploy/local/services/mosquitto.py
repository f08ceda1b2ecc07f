"""Mosquitto: the MQTT broker that stations publish to."""

import os
import pwd
import re
import shutil
import socket
import subprocess
from pathlib import Path

from deploy.local.services.part import INSTALL, Part
from deploy.local.services.ports import HOST
from deploy.local.services.process import UnavailableError, write_whole

MOSQUITTO_MIN = 2


class Mosquitto(Part):
    """An MQTT broker of its own, from Debian's package."""

    name = "mosquitto"
    setting = "HUB_SALINITY_URL"

    def __init__(self, folder: Path, port: int = 11883) -> None:
        super().__init__(folder, {"HUB_MQTT_PORT": port})
        self._configuration = self.folder / "mosquitto.conf"

    @property
    def address(self) -> str:
        """The broker's URL."""
        return f"mqtt://{HOST}:{self.port}"

    def fetch(self) -> None:
        """Check that the program is there."""
        self._program()

    def _program(self) -> str:
        # /usr/sbin is not in the path of every user.
        program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            raise UnavailableError(f"Mosquitto {MOSQUITTO_MIN} or later is needed; {INSTALL}")
        usage = subprocess.run([program, "-h"], capture_output=True, text=True, check=False).stdout
        version = re.search(r"mosquitto version (\d+)", usage)
        if version is None or int(version[1]) < MOSQUITTO_MIN:
            raise UnavailableError(
                f"Mosquitto {MOSQUITTO_MIN} or later is needed; {program} is"
                f" {usage.partition(chr(10))[0] or 'none'}"
            )
        return program

    def _prepare(self) -> None:
        self.data.mkdir(exist_ok=True)
        text = "".join(f"{k} {v}\n" for k, v in self._lines().items())
        text += "".join(f"log_type {kind}\n" for kind in ("error", "warning", "notice"))
        write_whole(self._configuration, text)

    def _lines(self) -> dict[str, object]:
        return {
            "listener": f"{self.port} {HOST}",
            "allow_anonymous": "true",
            # Started by root it would become a user who may not enter this folder.
            "user": pwd.getpwuid(os.geteuid()).pw_name,
            "persistence": "true",
            "persistence_location": f"{self.data}/",
            # Each second: at each change, a queue of thousands is written whole thousands of times.
            # So a crash may lose the last second, an orderly stop nothing.
            "autosave_interval": 1,
            # What waits for one client that is away; the default of 1,000 drops the rest unsaid.
            "max_queued_messages": 200_000,
            "max_queued_bytes": 128 << 20,
            "max_packet_size": 256 << 10,
            "log_dest": "stdout",
            "connection_messages": "false",
        }

    def _command(self) -> list[str]:
        return [self._program(), "-c", str(self._configuration)]

    def _answers(self) -> bool:
        """Connect: the broker says whether it takes the connection."""
        try:
            with socket.create_connection((HOST, self.port), timeout=2) as connection:
                # MQTT 5, clean start, 10 s to live, no properties, no client id.
                asked = b"\x00\x04MQTT\x05\x02\x00\x0a\x00\x00\x00"
                connection.sendall(bytes([0x10, len(asked)]) + asked)
                with connection.makefile("rb") as answer:
                    kind, _length, _flags, reason = answer.read(4)
                connection.sendall(b"\xe0\x00")
        except (OSError, ValueError):
            return False
        return (kind, reason) == (0x20, 0)
