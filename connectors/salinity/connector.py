"""Station loggers over MQTT 5: each reading is acknowledged to the broker once it is durable."""

import logging
from dataclasses import replace
from datetime import timedelta, timezone
from functools import partial
from typing import Annotated

from pydantic import Field, field_validator

from connectors.salinity.broker import BrokerSettings
from connectors.salinity.fields import Manner, Mark
from connectors.salinity.reading import read
from connectors.salinity.upstream import Upstream
from hub.connecting.feeds import Connector, Context, Delivery, Record, UpstreamError

SESSION = "session:salinity"  # the checkpoint of the session that a broker was last asked to keep
FORGOTTEN = (
    "%s: máy chủ MQTT không còn giữ phiên của hub: bản tin đến lúc hub vắng đã mất, xem persistence"
    " | the broker has forgotten the hub's session: what came while the hub was away is lost, see"
    " persistence (docs/runbooks/mosquitto.md)"
)
log = logging.getLogger(__name__)


class SalinitySettings(BrokerSettings):
    """How to reach the broker, and how its loggers write.

    `client_id`: names the session in which the broker keeps what was not acknowledged, so one per
    hub. `batch_max`: readings of one append, but for a message that alone has more.
    `inflight_max`: messages that the broker sends ahead of their acknowledgement.
    `decimal_mark`: what stands before decimals of numbers that loggers write as texts.
    `local_offset`: the offset from UTC of times that loggers write without one, such as `+07:00`;
    where it is not set, ISO 8601 times need their own.
    """

    client_id: Annotated[str, Field(pattern=r"^[0-9A-Za-z_.\-]{1,64}$")] = "lgsp-hub-salinity"
    topic: Annotated[str, Field(min_length=1, max_length=200)] = "lgsp/tram/+/+"
    batch_max: Annotated[int, Field(ge=1, le=20_000)] = 500
    inflight_max: Annotated[int, Field(ge=1, le=10_000)] = 500
    decimal_mark: Mark = "comma"
    local_offset: Annotated[str, Field(pattern=r"^([+-](0[0-9]|1[0-4]):[0-5][0-9])?$")] = ""

    @property
    def manner(self) -> Manner:
        """How the loggers of this source write."""
        offset = self.local_offset
        return Manner(self.decimal_mark, _zone(offset) if offset else None)

    @field_validator("topic")
    @classmethod
    def _is_filter(cls, value: str) -> str:
        levels = value.split("/")
        if any(len(v) > 1 and set(v) & set("+#") for v in levels) or "#" in levels[:-1]:
            raise ValueError("expected a topic filter such as lgsp/tram/+/+")
        return value


def _zone(offset: str) -> timezone:
    minutes = int(offset[1:3]) * 60 + int(offset[4:])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


class StationFeed:
    """The broker as a feed; a lost connection is made anew by the next `fetch`."""

    def __init__(self, settings: SalinitySettings, context: Context) -> None:
        self._settings = settings
        self._log = context.log
        self._upstream: Upstream | None = None
        self._is_noted = False

    def fetch(self, seconds: float) -> Delivery | None:
        """Give what came, of whole messages; raises `UpstreamError` where the broker is away."""
        settings = self._settings
        if self._upstream is None:
            self._upstream = Upstream(
                settings, settings.client_id, settings.topic, settings.inflight_max
            )
            self._is_noted = False
        if not self._is_noted:
            self._note(self._upstream)
        upstream = self._upstream
        upstream.gather(seconds, settings.batch_max)
        if upstream.lost:
            self.close()
            raise UpstreamError(upstream.lost)
        records: list[Record] = []
        keys: list[int] = []
        passed_over = 0
        for key, message in upstream.held.items():
            of_message = read(message.topic, bytes(message.payload), settings.manner)
            if records and len(records) + len(of_message) > settings.batch_max:
                break
            passed_over += not of_message
            records += [_placed(r, len(records) + i) for i, r in enumerate(of_message)]
            keys.append(key)
        if not keys:
            return None
        acknowledge = partial(upstream.acknowledge, keys)
        return Delivery(records, acknowledge=acknowledge, passed_over=passed_over)

    def _note(self, upstream: Upstream) -> None:
        """Remember that the broker keeps a session; say so where it has forgotten the last one.

        A broker that keeps nothing on its disk, or was killed before it did, starts with none: what
        it had acknowledged for us is gone, and it tells nobody. A new session is how one sees it.
        """
        session = f"{self._settings.client_id}@{self._settings.place}"
        if not upstream.has_session:
            if self._log.checkpoint(SESSION) == session:
                log.warning(FORGOTTEN, self._settings.place)
            self._log.set_checkpoints({SESSION: session})
        self._is_noted = True

    def close(self) -> None:
        """Close the connection."""
        if self._upstream is not None:
            self._upstream.close()
            self._upstream = None


def _placed(record: Record, place: int) -> Record:
    """Place a record in its delivery: within its message alone the place is not unique."""
    verdict = record.verdict and replace(record.verdict, index=place)
    return replace(record, verdict=verdict, place=place)


CONNECTOR = Connector(settings=SalinitySettings, read=read, open=StationFeed)
