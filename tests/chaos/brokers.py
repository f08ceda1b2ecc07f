"""Three guarded brokers under steady traffic: one dies, one is slow, one has no disk, two are away.

    python -m tests.chaos.brokers      (or: make brokers)

It runs three Apache Kafka brokers (replication 3, two in sync, TLS, SCRAM, each process with its
own rights), PostgreSQL, a gateway and a worker, all its own and on loopback, and sends some hundred
events a second. Each fault is made, lasts, is mended; then it is waited until all is well and every
partition is on three brokers again. For each it prints the seconds without acceptance, without
fresh figures and without reads: the whole of gaps of over a second, from its beginning until all
was well. In the end what was acknowledged is sent, request for request, to an embedded hub: both
must say the same. The last line is the verdict; the exit code is 0 or 1; `--to FOLDER` keeps it.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from bench.__main__ import Machine
from bench.faults import without
from deploy.local.services.part import Part
from deploy.local.services.ports import free_port
from deploy.local.services.postgres import Postgres
from hub.log.log import LogUnavailableError
from hub.opening import open_hub
from hub.settings import Settings
from hub.store.troubles import StoreUnavailableError
from tests.chaos.checks import Report, nothing_lost, verified
from tests.chaos.parts import ChaosError
from tests.chaos.run import held_to_account
from tests.chaos.steady import Steady, send_again
from tests.chaos.traffic import SENDER
from tests.parts import starting
from tests.parts.cluster import Broker, Cluster
from tests.parts.same import Say, Workers, digests
from tests.parts.secured import OPERATOR
from tests.parts.starting import start_hub
from tests.parts.waiting import until
from tests.stories.conftest import Served

SECONDS = 360.0  # about as long as it takes on two cores that are free
# What each is, in words, and for how many seconds it lasts.
FAULTS = {
    "calm": ("no fault", 10.0),
    "killed": ("one is killed (kill -9), the active controller", 6.0),
    "slow": ("one hangs with its connections open", 25.0),
    "disk": ("one has no disk (its files may not grow)", 10.0),
    "away": ("two are killed, no spool", 15.0),
    "turned": ("passwords and certificates are new, each broker restarts", 0.0),
    "spooled": ("two are killed, a spool", 15.0),
}
WELL_SECONDS_MAX = 240.0
ANSWERED_SECONDS = 3.0  # within which what two brokers have is told to who sent it
QUIET_SECONDS = 3.0
POLL_SECONDS = 0.1
SHOWN_MAX = 5
GATEWAY, WORKER, STATIONS = "gateway", "worker", "stations"
REPORT = """Đơn vị báo cáo;Dịch vụ;Hình thức;Địa bàn;Kỳ;Lần báo cáo;Số giao dịch;Số khách hàng;Số tiền
NH01;điện;Không dùng tiền mặt;H57;2023;1;1;1;1.000 đồng
"""  # noqa: E501


class Brokers:
    """One run, in a folder."""

    def __init__(self, seed: int, only: list[str], folder: Path, say: Say) -> None:
        self.report = Report()
        self.rows: list[str] = []
        self._seed = seed
        self._only = only
        self._folder = folder
        self._say = say
        self._cluster = Cluster(folder)
        self._postgres = Postgres(folder, free_port())
        self._gateway = Served(folder / GATEWAY)
        self._embedded = Served(folder / "embedded")
        self._settings = Settings(
            kafka_bootstrap=self._cluster.bootstrap,
            kafka_ca=self._cluster.authority.file,
            kafka_user=OPERATOR,
            kafka_password_file=self._cluster.credentials().password_file,
            database_url=self._postgres.address,
        )
        self._workers = Workers(self._settings, folder, lambda _: self._cluster.environment(WORKER))
        self._down: list[Broker] = []
        self._gone_at = 0.0

    def all(self) -> Report:
        """Do all of it; whatever happens, nothing of it still runs afterwards."""
        traffic = None
        try:
            self._start()
            traffic = Steady(self._seed, self._folder, self._gateway.url, self._gateway.key)
            traffic.start()
            until(traffic.fresh, "figures are fresh")
            self._strike_all(traffic)
            self._settle(traffic)
            self._check(traffic)
        finally:
            if traffic is not None:
                traffic.give_up()
            self._close()
        return self.report

    def _start(self) -> None:
        self._cluster.start()
        self._say(f"three brokers: {self._cluster.bootstrap}")
        self._postgres.start()
        self._cluster.make_topics()
        for user, process in ((GATEWAY, "serve"), (WORKER, "work"), (STATIONS, "connect salinity")):
            self._cluster.allow(user, process)
        for served in (self._gateway, self._embedded):
            served.folder.mkdir()
        self._gateway.env |= self._cluster.environment(GATEWAY)
        self._gateway.env |= {"HUB_DATABASE_URL": self._postgres.address}
        self._gateway.create_key(SENDER)
        self._start_gateway()
        self._workers.start()
        self._say("topics, rights, a gateway and a worker")

    def _start_gateway(self) -> None:
        with (self._folder / f"{GATEWAY}.log").open("ab") as out:
            self._gateway.start(stderr=out, stdout=out)

    def _close(self) -> None:
        for process in list(self._workers.running):
            self._workers.kill(process)
        for served in (self._gateway, self._embedded):
            if served.process is not None:
                served.kill()
        self._postgres.stop()
        self._cluster.close()

    def _strike_all(self, traffic: Steady) -> None:
        for name in self._only:
            if name == "spooled":
                self._gateway.stop()
                self._gateway.env["HUB_SPOOL_DIR"] = str(self._folder / "spool")
                self._start_gateway()
                begun = time.monotonic()
                until(lambda begun=begun: _last(traffic.fresh()) > begun, "figures are fresh")  # type: ignore[misc]
            faults: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
                "calm": (_nothing, self._try_elsewhere),
                "killed": (self._kill, self._back),
                "slow": (self._freeze, self._thaw),
                "disk": (self._fill, self._back),
                "away": (self._kill_two, lambda: self._unheard(traffic)),
                "turned": (self._turn, _nothing),
                "spooled": (self._kill_two, lambda: self._spooled(traffic)),
            }
            self._see(traffic, name, *faults[name])

    def _see(
        self,
        traffic: Steady,
        name: str,
        strike: Callable[[], None],
        mend: Callable[[], None],
    ) -> None:
        """Make one fault, mend it, and tell for how long what was not there."""
        named, lasts = FAULTS[name]
        self._check_alive(traffic)
        answers = Counter(traffic.answers)
        self._say(f"fault: {named}")
        begun = time.monotonic()
        strike()
        time.sleep(max(0.0, begun + lasts - time.monotonic()))
        mend()
        mended = time.monotonic()

        def is_well() -> bool:
            self._check_alive(traffic)
            return _last(traffic.accepted) > mended and _last(traffic.fresh()) > mended

        until(is_well, f"all is well after: {named}", WELL_SECONDS_MAX)
        ended = time.monotonic()
        until(self._is_in_sync, "every partition is on three brokers", WELL_SECONDS_MAX)
        synced = time.monotonic()
        accepted, reads = sorted(traffic.accepted), [at for at, _ in traffic.reads]
        taken = bisect_left(accepted, ended) - bisect_left(accepted, begun)
        told = ", ".join(f"{k} {n}" for k, n in sorted((traffic.answers - answers).items()))
        self.rows.append(
            f"{named}: without acceptance {without(accepted, begun, ended):.1f} s,"
            f" fresh figures {without(traffic.fresh(), begun, ended):.1f} s,"
            f" reads {without(reads, begun, ended):.1f} s; well after {ended - begun:.1f} s,"
            f" in sync after {synced - begun:.1f} s; {taken} requests taken; {told}"
        )
        self._say(self.rows[-1])

    def _check_alive(self, traffic: Steady) -> None:
        """Raise where a process of the hub ended by itself, or a sender got a wrong answer."""
        self._workers.check()
        if self._gateway.process is None or self._gateway.process.poll() is not None:
            raise ChaosError("the gateway ended")
        if traffic.surprises:
            raise ChaosError(f"no sender should get: {traffic.surprises}")

    def _is_in_sync(self) -> bool:
        with suppress(LogUnavailableError):
            return self._cluster.is_in_sync()
        return False

    def _leading(self) -> list[Broker]:
        """List the brokers, who leads most partitions first."""
        leads = self._cluster.leads()
        return sorted(self._cluster.brokers, key=lambda b: -leads.get(b.number, 0))

    def _take_down(self, *those: Broker) -> None:
        leads = self._cluster.leads()
        for broker in those:
            self._say(f"  broker {broker.number}, which leads {leads.get(broker.number, 0)}")
        self._down = list(those)

    def _kill(self) -> None:
        number = self._cluster.controller()
        self._take_down(*(b for b in self._cluster.brokers if b.number == number))
        self._down[0].kill()

    def _back(self) -> None:
        for broker in self._down:
            if broker.is_running:
                self.report.wrong.append(f"broker {broker.number} still runs")
                broker.kill()
        self._cluster.start(*self._down)

    def _freeze(self) -> None:
        self._take_down(self._leading()[0])
        self._down[0].freeze()

    def _thaw(self) -> None:
        self._down[0].thaw()

    def _fill(self) -> None:
        broker = self._leading()[0]
        self._take_down(broker)
        broker.fill()
        begun = time.monotonic()
        until(lambda: not broker.is_running, "who cannot write ends", WELL_SECONDS_MAX)
        self._say(f"  it ended by itself after {time.monotonic() - begun:.1f} s")

    def _kill_two(self) -> None:
        number = self._cluster.controller()
        others = [b for b in self._leading() if b.number != number]
        self._take_down(*(b for b in self._cluster.brokers if b.number == number), others[0])
        for broker in self._down:
            broker.kill()
        self._gone_at = time.monotonic()

    def _taken_since(self, traffic: Steady) -> list[int]:
        """Give which requests were taken since two were gone, but for what those had before."""
        since = self._gone_at + ANSWERED_SECONDS
        return [n for n, at in enumerate(list(traffic.accepted)) if at > since]

    def _unheard(self, traffic: Steady) -> None:
        """Hold that nothing was acknowledged while one broker alone had it."""
        taken = self._taken_since(traffic)
        text = f"{len(taken)} requests acknowledged while two of three were away"
        self.report.say("acknowledged by one alone", text, [f"{len(taken)}"] if taken else [])
        self._back()

    def _spooled(self, traffic: Steady) -> None:
        """Hold that what was taken meanwhile is said to wait."""
        receipts = [traffic.receipts[n] for n in self._taken_since(traffic)]
        wrong = [] if receipts else ["nothing was taken"]
        for receipt in receipts[:: max(1, len(receipts) // SHOWN_MAX)]:
            states = self._gateway.get(f"/v1/receipts/{receipt}").json()["states"]
            if "waiting" not in states:
                wrong.append(f"{receipt}: {states}")
        text = f"{len(receipts)} requests taken while two of three were away; receipts say waiting"
        self.report.say("kept in the spool", text, wrong)
        self._back()

    def _turn(self) -> None:
        """Give new passwords and certificates, then let each broker end every connection."""
        before = [b.shown() for b in self._cluster.brokers]
        for user in (GATEWAY, WORKER, OPERATOR):
            self._cluster.set_password(user, f"second-of-{user}")
        self._cluster.renew_certificates()
        for broker, serial in zip(self._cluster.brokers, before, strict=True):
            until(lambda b=broker, s=serial: b.shown() != s, "it shows the new one")  # type: ignore[misc]
        text = "each broker shows another certificate without a restart"
        self.report.say("certificates", text, [])
        for broker in self._cluster.brokers:
            broker.stop()
            broker.start()
            until(self._is_in_sync, "every partition is on three brokers", WELL_SECONDS_MAX)

    def _try_elsewhere(self) -> None:
        """Have a connector for bank reports come as the one for stations; it may not write."""
        drop = self._folder / "drop"
        drop.mkdir()
        (drop / "a.csv").write_text(REPORT, "utf-8")
        log = self._folder / "connect.log"
        env = {
            **os.environ,
            **self._cluster.environment(STATIONS),
            "HUB_DATABASE_URL": self._postgres.address,
            "HUB_PAYMENTS_FOLDER": str(drop),
            "HUB_PAYMENTS_SETTLE_SECONDS": "0.05",
        }
        with log.open("wb") as out:
            process = start_hub("connect", "payments", env=env, stdout=out, stderr=out)
        try:
            until(lambda: process.poll() is not None or "may not" in log.read_text(), "it says so")
            with suppress(subprocess.TimeoutExpired):
                process.wait(QUIET_SECONDS)  # it must not say so again and again
        finally:
            process.terminate()
            process.wait(60)
        lines = [json.loads(n) for n in log.read_text().splitlines() if "may not" in n]
        wrong = [] if len(lines) == 1 else [f"{len(lines)} lines"]
        text = lines[0]["error"].rpartition("|")[2].strip() if lines else "nothing"
        if f"{STATIONS} may not write lgsp.payment" not in text:
            wrong.append(f"it says: {text}")
        self.report.say("a connector that tries another topic", text, wrong)

    def _settle(self, traffic: Steady) -> None:
        """Let what was made be acknowledged and applied, then end the hub in order."""
        self._say("faults are over: what is left is sent and applied")
        traffic.finish()
        with open_hub(self._settings) as hub:

            def is_applied() -> bool:
                self._workers.check()
                try:
                    return not any(hub.applying.lag().values())
                except (StoreUnavailableError, LogUnavailableError):
                    return False

            until(is_applied, "all is applied")
        codes = self._workers.stop()
        self.report.say("ends in order", f"workers {codes}", [f"{c}" for c in codes if c])
        self._gateway.stop()
        with open_hub(self._settings) as hub:
            hub.runner.catch_up()

    def _check(self, traffic: Steady) -> None:
        self._say("held against what was acknowledged, verified, and sent to an embedded hub")
        with open_hub(self._settings) as hub:
            nothing_lost(hub, traffic.acknowledged, self.report)
            found = digests(hub.store)
        verified(self._environment(), self.report)
        self._compare(traffic, found)
        text = ", ".join(f"{a} {n}" for a, n in sorted(traffic.answers.items()))
        self.report.say("answers", f"{traffic.made:,} events made: {text}", traffic.surprises)

    def _environment(self) -> dict[str, str]:
        named = {"HUB_DATABASE_URL": self._postgres.address}
        return {**os.environ, **self._cluster.environment(OPERATOR), **named}

    def _compare(self, traffic: Steady, found: dict[str, str]) -> None:
        """Send the same requests to an embedded hub; hold both against each other."""
        embedded = self._embedded
        embedded.create_key(SENDER)
        with (self._folder / "embedded.log").open("ab") as out:
            embedded.start(stderr=out, stdout=out)
        wrong = send_again(traffic.taken, embedded.post)
        embedded.stop()
        settings = Settings(data_dir=embedded.folder, kafka_bootstrap="", database_url="")
        with open_hub(settings) as hub:
            hub.runner.catch_up()
            other = digests(hub.store)
        names = sorted(found.keys() | other.keys())
        wrong += [
            f"{n}: {found.get(n)}, embedded {other.get(n)}"
            for n in names
            if found.get(n) != other.get(n)
        ]
        facts = ", ".join(f"{n} {other[n].split()[0]}" for n in names if n.startswith("fact "))
        text = f"{len(traffic.taken):,} requests sent again, {len(names)} tables and sets ({facts})"
        self.report.say("the same as an embedded hub", text, wrong)

    def keep(self, folder: Path, named: str) -> None:
        """Write what was seen."""
        folder.mkdir(parents=True, exist_ok=True)
        machine = Machine.here()
        jars = (p.stem for p in self._cluster.brokers[0].jars.glob("kafka_*.jar"))
        lines = [
            named,
            f"{machine}; {next(jars, '')}; load {os.getloadavg()[0]:.1f}",
            "",
            *(f"- {line}" for line in [*self.rows, *self.report.lines]),
            *(f"- **WRONG** {line}" for line in self.report.wrong),
        ]
        (folder / "brokers.txt").write_text("\n".join([*lines, ""]), "utf-8")


def _nothing() -> None:
    pass


def _last(moments: list[float]) -> float:
    return moments[-1] if moments else 0.0


def main() -> None:
    """Run, report, exit 0 where all holds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=FAULTS, default=list(FAULTS))
    parser.add_argument("--to", type=Path, help="a folder in which what was seen is kept")
    asked = parser.parse_args()
    Part.is_brief = starting.is_forking = True
    named = f"brokers: seed {asked.seed}, {datetime.now(UTC):%Y-%m-%d}"

    def kept(run: Brokers) -> None:
        if asked.to is not None:
            run.keep(asked.to, named)

    sys.exit(
        held_to_account(
            named, SECONDS, lambda f, say: Brokers(asked.seed, asked.only, f, say), kept
        )
    )


if __name__ == "__main__":
    main()
