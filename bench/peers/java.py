"""Builds a peer in Java: its own folder's `pom.xml`, with Maven, into a folder that git ignores."""

import hashlib
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEAP = "2g"
# What Flink needs of Java 17, as its own start scripts say.
OPENED = [f"--add-opens=java.base/java.{p}=ALL-UNNAMED" for p in ("lang", "time", "util")]


def build(name: str, folder: Path) -> Path:
    """Compile and fetch the jars, unless that was done for the same sources; give the folder."""
    made = folder / name
    mark = made / "built"
    sources = sorted([*(HERE / name).rglob("*.*"), *(HERE / "common").glob("*.java")])
    digest = hashlib.sha256(b"".join(s.read_bytes() for s in sources if s.is_file())).hexdigest()
    if mark.exists() and mark.read_text() == digest:
        return made
    if shutil.which("mvn") is None or shutil.which("javac") is None:
        raise RuntimeError("Maven and a JDK 17 are needed: maven, openjdk-17-jdk-headless")
    if made.exists():
        shutil.rmtree(made)
    pom = HERE / name / "pom.xml"
    command = ["mvn", "-q", "-B", f"--file={pom}", f"-Dhub.build={made}", "package"]
    subprocess.run(command, check=True)
    mark.write_text(digest)
    return made


def command(made: Path, main: str, *options: str) -> list[str]:
    """Java up to the class to run; its arguments follow."""
    heap = [f"-Xms{HEAP}", f"-Xmx{HEAP}", "-XX:+ExitOnOutOfMemoryError"]
    return ["java", *heap, *options, "-cp", f"{made}/classes:{made}/libs/*", main]


def jdbc(database_url: str, *, is_rewritten: bool = True) -> str:
    """Write a database's URL as Java knows it; by default batches become one statement."""
    user, _, place = database_url.partition("://")[2].partition("@")
    return (
        f"jdbc:postgresql://{place}?user={user}&reWriteBatchedInserts={str(is_rewritten).lower()}"
    )
