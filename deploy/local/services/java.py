"""A server in Java: its jars by Maven, and an archive of its classes, so that it starts sooner."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from abc import abstractmethod
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

from deploy.local.services.part import INSTALL, Part
from deploy.local.services.process import UnavailableError, locked, run_to_end

HERE = Path(__file__).resolve().parents[1]
PROJECT_DATA = HERE.parents[1] / ".hub-services"
LIBS = PROJECT_DATA / "libs"
JAVA_MIN = 17


class JavaPart(Part):
    """A server in Java; Maven fetches it as its `pom.xml` says."""

    goal: ClassVar[str]
    main: ClassVar[str]
    heap: ClassVar[str]

    # Where a first run writes down, as it ends, which classes it has loaded.
    _recorded_classes: Path | None = None

    @abstractmethod
    def _twin(self, folder: Path) -> "JavaPart":
        """Another one, on free ports."""

    def fetch(self) -> None:
        """Fetch what is missing, and run it once so that later starts take half the time."""
        if self._recorded_classes is not None or self._classes().exists():
            return
        classes = self._classes()
        with (
            locked(LIBS / f"{self.name}-classes.lock"),
            tempfile.TemporaryDirectory(dir=LIBS) as aside,
        ):
            if classes.exists():
                return
            first = self._twin(Path(aside))
            first._recorded_classes = Path(aside, "classes.jsa")
            try:
                first.start()
            finally:
                first.stop()
            # Java takes an empty file for none: better a slow start than this at every start.
            first._recorded_classes.touch()
            first._recorded_classes.rename(classes)

    @property
    def jars(self) -> Path:
        """The jars, fetched once per version of the `pom.xml`."""
        return jars_of(self.name, self.goal)

    def _classes(self) -> Path:
        return self.jars / f"classes-{_digest(_java().build.encode())}.jsa"

    def _java(self, *options: str) -> list[str]:
        """Java up to the class to run."""
        recorded = self._recorded_classes
        return [
            _java().path,
            "-XX:+UseSerialGC",
            "-Xlog:cds=off",
            "-Xlog:cds+dynamic=off",
            f"-XX:SharedArchiveFile={self._classes()}"
            if recorded is None
            else f"-XX:ArchiveClassesAtExit={recorded}",
            *options,
            "-cp",
            f"{self.jars}/*",
        ]

    def _options(self) -> list[str]:
        return []

    def _arguments(self) -> list[str]:
        return []

    def _command(self) -> list[str]:
        options = [
            *([] if self.is_brief else [f"-Xms{self.heap}"]),
            f"-Xmx{self.heap}",
            # Without the second compiler a start takes half as much of the processor.
            *(["-XX:TieredStopAtLevel=1"] if self.is_brief else []),
            "-XX:+ExitOnOutOfMemoryError",
            f"-XX:ErrorFile={self.folder / 'crash-%p.log'}",
            *self._options(),
        ]
        return [*self._java(*options), self.main, *self._arguments()]


def jars_of(name: str, goal: str) -> Path:
    """Give the jars that `deploy/local/NAME/pom.xml` names, fetched once per version of it."""
    pom = HERE / name / "pom.xml"
    folder = LIBS / f"{name}-{_digest(pom.read_bytes())}"
    if folder.exists():
        return folder
    with (
        locked(LIBS / f"{name}.lock"),
        tempfile.TemporaryDirectory(dir=LIBS) as aside,
    ):
        if folder.exists():
            return folder
        maven = shutil.which("mvn")
        if maven is None:
            raise UnavailableError(f"Maven is needed to fetch {name}; {INSTALL}")
        made = Path(aside, "jars")
        run_to_end(
            [
                maven,
                "-q",
                "-B",
                f"--file={pom}",
                f"dependency:{goal}",
                "-DincludeScope=runtime",
                f"-DoutputDirectory={made}",
            ]
        )
        for archive in made.glob("*.tar.gz"):
            run_to_end(["tar", "-xzf", str(archive), "-C", str(made)])
            archive.unlink()
        made.rename(folder)
    return folder


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:12]


@dataclass(frozen=True)
class _Java:
    path: str
    build: str


def _java() -> _Java:
    """The Java to use: the environment's, before the path's."""
    home = os.environ.get("JAVA_HOME")
    return _java_at(str(Path(home, "bin", "java")) if home else shutil.which("java"))


@cache
def _java_at(path: str | None) -> _Java:
    needed = f"Java {JAVA_MIN} or later is needed"
    if path is None or not Path(path).exists():
        raise UnavailableError(f"{needed}; {INSTALL}")
    build = subprocess.run([path, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', build)
    if version is None or int(version[1]) < JAVA_MIN:
        raise UnavailableError(f"{needed}; {path} is {build.partition(chr(10))[0] or 'none'}")
    return _Java(path, build)
