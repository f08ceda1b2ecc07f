"""The one-stop dossier system: what changed, what was missed, and history, each read by a lane.

- *live* follows the upstream's cursor of changes;
- *sweep* reads the last `overlap_hours` again, since upstreams page late and lose items;
- *history* (`--since`) reads month by month while live has nothing new.

Each page is settled in one step: what is now told of its dossiers, how far its lane is, and the
page's outbox. The outbox is delivered from the log, not from memory, and is emptied together with
the events. So a process that dies at any moment sends the same events again, or goes on.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from connectors.one_stop import reconciling
from connectors.one_stop.codes import NATIONAL, Lists, code_sources
from connectors.one_stop.fields import to_iso
from connectors.one_stop.lanes import History, Lane, Live, Sweep, started
from connectors.one_stop.memory import Memory
from connectors.one_stop.names import (
    NAME,
    REJECTED,
    digest_of,
    dossier_checkpoint,
    finding_checkpoint,
    mended_checkpoint,
)
from connectors.one_stop.reading import Snapshot, read, read_items
from connectors.one_stop.rounds import Rounds
from connectors.one_stop.upstream import Upstream
from hub.connecting.feeds import (
    Connector,
    Context,
    Delivery,
    JsonObject,
    Record,
    UpstreamError,
)
from hub.definitions.admission import Verdict
from hub.definitions.again import told_name

OUTBOX = f"{NAME}:outbox"
_LANES = {name: f"{NAME}:{name}" for name in ("live", "sweep", "history")}


class OneStopSettings(BaseSettings):
    """Where the one-stop system is and how it is read: `HUB_ONE_STOP_<FIELD>`.

    `url`: before `/hoso`. `token`: sent as a bearer token, if any. `page_size`: records a page.
    `poll_seconds`: between two questions for changes when there were none. `sweep_seconds`: between
    two readings of the last `overlap_hours`. `timeout_seconds`: of a page, altogether.
    `code_source`: whose code lists (`codes.csv`) the records are written in. `agencies`: a file,
    like `agencies.csv`, of the agencies that the records write by name; it is read at the start.
    """

    model_config = SettingsConfigDict(extra="ignore")

    url: str = Field(examples=["http://one-stop.example"])
    token: SecretStr = SecretStr("")
    page_size: int = Field(200, ge=1, le=1000)
    poll_seconds: float = Field(5, ge=0.01, le=3600)
    sweep_seconds: float = Field(3600, ge=0.1, le=7 * 86_400)
    overlap_hours: int = Field(48, ge=1, le=366 * 24)
    timeout_seconds: float = Field(10, ge=0.1, le=100)
    code_source: str = NATIONAL
    agencies: Path | None = None

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

    @field_validator("agencies")
    @classmethod
    def _can_be_read(cls, value: Path | None) -> Path | None:
        Lists.of(NATIONAL, value)
        return value

    @property
    def lists(self) -> Lists:
        """The lists that the records are written by."""
        return Lists.of(self.code_source, self.agencies)


class OneStopFeed:
    """Reads the lanes in turn. All that it knows is in the log's checkpoints."""

    def __init__(self, settings: OneStopSettings, context: Context) -> None:
        self._settings = settings
        self._context = context
        self._lists = settings.lists
        self._upstream = Upstream(
            settings.url,
            settings.token.get_secret_value(),
            settings.timeout_seconds,
            context.clock,
        )
        self._rounds = {name: Rounds() for name in _LANES}
        self._due = dict.fromkeys(_LANES, 0.0)
        self._last = ""
        self._trouble: UpstreamError | None = None

    def fetch(self, seconds: float) -> Delivery | None:
        """Deliver what a page brought that is new; a page that hangs takes its own timeout."""
        until = time.monotonic() + seconds
        while True:
            known = self._context.log.checkpoints([OUTBOX, *_LANES.values()])
            if outbox := known.get(OUTBOX):
                return self._delivery(outbox)
            if self._trouble is not None:
                trouble, self._trouble = self._trouble, None
                raise trouble
            lane = self._next_lane(known)
            if lane is not None and (outbox := self._take(lane)):
                return self._delivery(outbox)
            left = until - time.monotonic()
            if left <= 0 and self._trouble is None:
                return None
            if lane is None:
                time.sleep(min(left, max(0.0, self._due["live"] - time.monotonic())))

    def close(self) -> None:
        """Close the connection."""
        self._upstream.close()

    def _next_lane(self, known: Mapping[str, str]) -> Lane | None:
        """Choose whose page is next: live and sweep in turn, history when neither has any.

        Where the cursor of one of them comes round, history is not to wait for it.
        """
        now = self._context.clock()
        overlap_hours = self._settings.overlap_hours
        if _LANES["live"] not in known:
            live, sweep = started(now, overlap_hours)
            first = {_LANES["live"]: live.dump(), _LANES["sweep"]: sweep.dump()}
            self._context.log.set_checkpoints(first)
        else:
            live = Live.load(known[_LANES["live"]])
            sweep = Sweep.load(known[_LANES["sweep"]])
        begun = sweep.due(now, self._settings.sweep_seconds, overlap_hours)
        lanes: list[Lane] = [n for n in (live, begun) if n is not None and self._is_due(n)]
        if all(self._rounds[n.name].is_round for n in lanes) and self._context.since is not None:
            kept = known.get(_LANES["history"], "")
            history = History.of(self._context.since, live.start, kept)
            if history is not None and self._is_due(history):
                lanes.append(history)
        if not lanes:
            return None
        # Before the question: a lane that fails is not to keep the others from their turn.
        names = [n.name for n in lanes]
        place = names.index(self._last) + 1 if self._last in names else 0
        self._last = names[place % len(names)]
        return lanes[place % len(lanes)]

    def _is_due(self, lane: Lane) -> bool:
        return time.monotonic() >= self._due[lane.name]

    def _take(self, lane: Lane) -> str:
        """Read a lane's page and settle it; give the outbox, empty where nothing is new.

        What a page says is read wherever its cursor leads; where that comes round, the lane stays,
        and the trouble is raised once the page is delivered.
        """
        page = self._upstream.page(lane.asks() | {"so_luong": str(self._settings.page_size)})
        rounds = self._rounds[lane.name]
        is_round = rounds.comes_round(lane.cursor, page.cursor, has_more=page.has_more)
        pause = 0.0 if page.has_more or lane.name != "live" else self._settings.poll_seconds
        if is_round:
            pause = rounds.wait_seconds
            self._trouble = _came_round(lane.name, page.cursor, pause)
        self._due[lane.name] = time.monotonic() + pause
        after = lane if is_round else lane.after(page.cursor, has_more=page.has_more)
        lane_name, moved = _LANES[lane.name], after.dump()
        changed, before, new = self._settle(read_items(page.items, self._lists))
        if moved != lane.dump():
            changed[lane_name] = moved
        if new:
            before[lane_name] = lane.dump()
            changed[OUTBOX] = _write_outbox(new, before)
        if changed:
            self._context.log.set_checkpoints(changed)
        return changed.get(OUTBOX, "")

    def _settle(
        self, snapshots: list[Snapshot]
    ) -> tuple[dict[str, str], dict[str, str], list[Record]]:
        """Hold snapshots against what was told of their dossiers.

        Gives the checkpoints that change, what they were before, and records of what is to be told:
        events that are new, and findings that were not seen before.
        """
        names = {n for s in snapshots for n in _checkpoints_of(s)}
        codes = sorted({s.code for s in snapshots if s.code})
        told_names = [told_name(NAME, code) for code in codes]
        by_hand = self._context.log.checkpoints(told_names)
        before = dict.fromkeys(names, "") | self._context.log.checkpoints(sorted(names))
        now = dict(before)
        new = []
        for snapshot in snapshots:
            if snapshot.code:
                name = dossier_checkpoint(snapshot.code)
                memory = Memory.load(now[name])
                if memory.is_newer(snapshot.at):
                    continue
                memory.adopt(json.loads(by_hand.get(told_name(NAME, snapshot.code), "[]")))
                events = memory.tell(snapshot.code, snapshot.at, snapshot.events, snapshot.unread)
                for digest in memory.find([digest_of(f) for f in snapshot.findings], snapshot.at):
                    # Where nothing of this is taken after all, it is as it was: known, not mended.
                    before |= {REJECTED + digest: "known", mended_checkpoint(digest): ""}
                    now |= {
                        REJECTED + digest: "",
                        mended_checkpoint(digest): _mended(snapshot, events),
                    }
                now[name] = memory.dump()
                if events:
                    new.append(Record(snapshot.original, tuple(events), place=snapshot.place))
            for finding in snapshot.findings:
                name = finding_checkpoint(finding)
                if not now[name]:
                    new.append(finding)
                    # It may have been mended before, and is wrong again.
                    now[mended_checkpoint(digest_of(finding))] = ""
                now[name] = finding.verdict.rule if finding.verdict else ""
        changed = {n: v for n, v in now.items() if v != before[n]}
        return changed, {n: before[n] for n in changed}, new

    def _delivery(self, outbox: str) -> Delivery:
        records, before = _read_outbox(outbox)

        def refuse(_: list[Verdict]) -> None:
            # Nothing was taken. As if the page had not been read: what is wrong may be mended,
            # at the upstream or in the code lists, when it is read again.
            self._context.log.set_checkpoints({**before, OUTBOX: ""})

        return Delivery(records, {OUTBOX: ""}, refuse=refuse)


def _came_round(lane: str, cursor: str, seconds: float) -> UpstreamError:
    vi = (
        f"còn dữ liệu nhưng con trỏ quay lại {cursor!r}" if cursor else "còn dữ liệu, thiếu con trỏ"
    )
    en = f"the cursor comes round to {cursor!r}" if cursor else "no cursor is given"
    return UpstreamError(f"/hoso, {lane}: {vi} | there is more, but {en}", seconds)


def _checkpoints_of(snapshot: Snapshot) -> list[str]:
    """Name what is remembered by: a dossier's code; of a finding, its bytes and its mending."""
    of_dossier = [dossier_checkpoint(snapshot.code)] if snapshot.code else []
    mended = [mended_checkpoint(digest_of(f)) for f in snapshot.findings]
    return [*of_dossier, *map(finding_checkpoint, snapshot.findings), *mended]


def _mended(snapshot: Snapshot, told: list[JsonObject]) -> str:
    """Say when the upstream mended a field, and which events say so, as far as there are any."""
    return json.dumps({"at": to_iso(snapshot.at), "events": [e["event_id"] for e in told]})


def _write_outbox(records: list[Record], before: dict[str, str]) -> str:
    written = [
        [
            r.place,
            r.original.decode(),
            r.events,
            r.verdict and asdict(r.verdict),
            r.known_by.decode(),
        ]
        for r in records
    ]
    return json.dumps({"records": written, "before": before}, ensure_ascii=False)


def _read_outbox(text: str) -> tuple[list[Record], dict[str, str]]:
    outbox: dict[str, Any] = json.loads(text)
    records = [
        Record(
            original.encode(), tuple(events), verdict and Verdict(**verdict), place, *_known(rest)
        )
        for place, original, events, verdict, *rest in outbox["records"]
    ]
    return records, outbox["before"]


def _known(rest: list[str]) -> list[bytes]:
    """Read by what a record is known; an outbox of before does not say."""
    return [known_by.encode() for known_by in rest]


CONNECTOR = Connector(
    OneStopSettings, read, OneStopFeed, takes_since=True, reconcile=reconciling.pages
)
