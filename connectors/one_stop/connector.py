"""The one-stop dossier system: what changed, what was missed, and history, each read by a lane.

- *live* follows the upstream's cursor of changes;
- *sweep* reads the last `overlap_hours` again, since upstreams page late and lose items;
- *history* (`--since`) reads month by month while live has nothing new.

Each page is settled in one step: what is now told of its dossiers, how far its lane is, and the
page's outbox. The outbox is delivered from the log, not from memory, and is emptied together with
the events. So a process that dies at any moment sends the same events again, or goes on.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from connectors.one_stop.fields import code_sources
from connectors.one_stop.lanes import History, Lane, Live, Sweep, started
from connectors.one_stop.memory import Memory
from connectors.one_stop.reading import NATIONAL, read, read_items
from connectors.one_stop.upstream import Upstream
from hub.connecting.feeds import Connector, Context, Delivery, Record, UpstreamError
from hub.definitions.admission import Verdict

NAME = "one_stop"
OUTBOX = f"{NAME}:outbox"
_LANES = {name: f"{NAME}:{name}" for name in ("live", "sweep", "history")}


class OneStopSettings(BaseSettings):
    """Where the one-stop system is and how it is read: `HUB_ONE_STOP_<FIELD>`.

    `url`: before `/hoso`. `token`: sent as a bearer token, if any. `page_size`: records a page.
    `poll_seconds`: between two questions for changes when there were none. `sweep_seconds`: between
    two readings of the last `overlap_hours`. `timeout_seconds`: of a page, altogether.
    `code_source`: whose code lists (`codes.csv`) the records are written in.
    """

    model_config = SettingsConfigDict(extra="ignore")

    url: str
    token: SecretStr = SecretStr("")
    page_size: int = Field(200, ge=1, le=1000)
    poll_seconds: float = Field(5, ge=0.01, le=3600)
    sweep_seconds: float = Field(3600, ge=0.1, le=7 * 86_400)
    overlap_hours: int = Field(48, ge=1, le=366 * 24)
    timeout_seconds: float = Field(10, ge=0.1, le=100)
    code_source: str = NATIONAL

    @field_validator("url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("expected http://host:port/path")
        return value

    @field_validator("code_source")
    @classmethod
    def _has_lists(cls, value: str) -> str:
        if value not in code_sources():
            raise ValueError(f"codes.csv has lists of {', '.join(code_sources())}")
        return value


class OneStopFeed:
    """Reads the lanes in turn. All that it knows is in the log's checkpoints."""

    def __init__(self, settings: OneStopSettings, context: Context) -> None:
        self._settings = settings
        self._context = context
        self._upstream = Upstream(
            settings.url,
            settings.token.get_secret_value(),
            settings.timeout_seconds,
            context.clock,
        )
        self._live_due = 0.0
        self._was_live = False

    def fetch(self, seconds: float) -> Delivery | None:
        """Deliver what a page brought that is new; a page that hangs takes its own timeout."""
        until = time.monotonic() + seconds
        while True:
            known = self._context.log.checkpoints([OUTBOX, *_LANES.values()])
            if outbox := known.get(OUTBOX):
                return self._delivery(outbox)
            lane = self._next_lane(known)
            if lane is not None and (outbox := self._take(lane)):
                return self._delivery(outbox)
            left = until - time.monotonic()
            if left <= 0:
                return None
            if lane is None:
                time.sleep(min(left, max(0.0, self._live_due - time.monotonic())))

    def close(self) -> None:
        """Close the connection."""
        self._upstream.close()

    def _next_lane(self, known: Mapping[str, str]) -> Lane | None:
        """Choose whose page is next: live and sweep in turn, history when neither has any."""
        now = self._context.clock()
        overlap_hours = self._settings.overlap_hours
        if _LANES["live"] not in known:
            live, sweep = started(now, overlap_hours)
            first = {_LANES["live"]: live.dump(), _LANES["sweep"]: sweep.dump()}
            self._context.log.set_checkpoints(first)
        else:
            live = Live.load(known[_LANES["live"]])
            sweep = Sweep.load(known[_LANES["sweep"]])
        lanes: list[Lane] = []
        if time.monotonic() >= self._live_due:
            lanes.append(live)
        if begun := sweep.due(now, self._settings.sweep_seconds, overlap_hours):
            lanes.append(begun)
        if lanes:
            # Before the question: a lane that fails is not to keep the other from its turn.
            lane = lanes[-1 if self._was_live else 0]
            self._was_live = lane is live
            return lane
        if self._context.since is None:
            return None
        kept = known.get(_LANES["history"], "")
        return History.of(self._context.since, live.start, kept)

    def _take(self, lane: Lane) -> str:
        """Read a lane's page and settle it; give the outbox, empty where nothing is new."""
        page = self._upstream.page(lane.asks() | {"so_luong": str(self._settings.page_size)})
        if page.has_more and page.cursor == lane.cursor:
            raise UpstreamError(f"there is more, but the cursor stays at {page.cursor!r}")
        if lane.name == "live":
            pause = 0.0 if page.has_more else self._settings.poll_seconds
            self._live_due = time.monotonic() + pause
        records = read_items(page.items, self._settings.code_source)
        lane_name, moved = _LANES[lane.name], lane.after(page.cursor, has_more=page.has_more).dump()
        changed, before, new = self._settle(records)
        if moved != lane.dump():
            changed[lane_name] = moved
        if new:
            before[lane_name] = lane.dump()
            changed[OUTBOX] = _write_outbox(new, before)
        if changed:
            self._context.log.set_checkpoints(changed)
        return changed.get(OUTBOX, "")

    def _settle(self, records: list[Record]) -> tuple[dict[str, str], dict[str, str], list[Record]]:
        """Hold records against what was told of their dossiers.

        Gives the checkpoints that change, what they were before, and records of what is to be told:
        events that are new, and rejected records that were not seen before.
        """
        names = [_checkpoint_of(r) for r in records]
        before = dict.fromkeys(names, "") | self._context.log.checkpoints(sorted(set(names)))
        now = dict(before)
        new = []
        for name, record in zip(names, records, strict=True):
            if record.verdict is not None:
                if not now[name]:
                    new.append(record)
                now[name] = record.verdict.rule
                continue
            kept = json.loads(record.original)
            memory = Memory.load(now[name])
            told = memory.tell(str(kept["MaHoSo"]), str(kept["NgayCapNhat"]), record.events)
            now[name] = memory.dump()
            if told:
                new.append(Record(record.original, tuple(told), place=record.place))
        changed = {n: v for n, v in now.items() if v != before[n]}
        return changed, {n: before[n] for n in changed}, new

    def _delivery(self, outbox: str) -> Delivery:
        records, before = _read_outbox(outbox)

        def refuse(_: list[Verdict]) -> None:
            # Nothing was taken. As if the page had not been read: what is wrong may be mended,
            # at the upstream or in the code lists, when it is read again.
            self._context.log.set_checkpoints({**before, OUTBOX: ""})

        return Delivery(records, {OUTBOX: ""}, refuse=refuse)


def _checkpoint_of(record: Record) -> str:
    """Name what is remembered by: a dossier's code; of a rejected record, its bytes."""
    if record.verdict is None:
        return f"{NAME}:facts:{json.loads(record.original)['MaHoSo']}"
    digest = hashlib.blake2b(record.original, digest_size=16).hexdigest()
    return f"{NAME}:rejected:{digest}"


def _write_outbox(records: list[Record], before: dict[str, str]) -> str:
    said = [
        [r.place, r.original.decode(), r.events, r.verdict and asdict(r.verdict)] for r in records
    ]
    return json.dumps({"records": said, "before": before}, ensure_ascii=False)


def _read_outbox(text: str) -> tuple[list[Record], dict[str, str]]:
    outbox: dict[str, Any] = json.loads(text)
    records = [
        Record(original.encode(), tuple(events), verdict and Verdict(**verdict), place)
        for place, original, events, verdict in outbox["records"]
    ]
    return records, outbox["before"]


CONNECTOR = Connector(OneStopSettings, read, OneStopFeed, takes_since=True)
