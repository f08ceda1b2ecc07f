"""Preview: exactly who would be told what of an alert, by which outlet and when. Sends nothing."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from hub.alerts.outlet import AddressError, Outlets
from hub.alerts.quota import Quota, next_day
from hub.alerts.raised import digest
from hub.alerts.rule import MINUTE_US
from hub.bulletins.approval import is_approved
from hub.bulletins.content import compose, message_of
from hub.bulletins.issuing import Lists, quota_for_people
from hub.bulletins.occasion import Occasion, addressed
from hub.bulletins.subscriber import Subscriber
from hub.bulletins.wording import WordingError
from hub.clock import iso


@dataclass(frozen=True)
class Foreseen:
    """What one subscriber would be told; `at` is when at the earliest, `why_not` why it cannot be.

    `text` is as the outlet writes it, `held_for` why it would wait. Of an address the end is shown.
    """

    recipient: str
    address: str
    outlet: str
    area: str
    wording: str
    at: str | None
    held_for: str
    text: str
    template: str
    parameters: Mapping[str, str]
    why_not: str

    def public(self) -> dict[str, Any]:
        """Give it as JSON."""
        return asdict(self)


def foresee(event: Mapping[str, Any], lists: Lists, outlets: Outlets, now: int) -> list[Foreseen]:
    """Work out who would be told of an event, were it to happen now; nothing is kept or sent."""
    to = addressed(event, lists.occasions, lists.subscribers, lists.units, lists.day)
    order: Counter[tuple[str, int]] = Counter()
    return [_foresee(event, occasion, one, lists, outlets, now, order) for occasion, one in to]


def _foresee(
    event: Mapping[str, Any],
    occasion: Occasion,
    to: Subscriber,
    lists: Lists,
    outlets: Outlets,
    now: int,
    order: Counter[tuple[str, int]],
) -> Foreseen:
    key = (occasion.wording, occasion.outlet)
    wording, text, template = lists.wordings.get(key), "", ""
    parameters: Mapping[str, str] = {}
    outlet, _ = outlets.get(occasion.outlet, (None, None))
    faults = []
    if outlet is None:
        faults.append(
            f"không có kênh {occasion.outlet} | no such outlet; there are {', '.join(outlets)}"
        )
    if wording is None:
        faults.append(
            f"không có mẫu {occasion.wording} cho kênh {occasion.outlet} | no such wording"
        )
    else:
        if not is_approved(wording, lists.approvals):
            faults.append(f"mẫu {occasion.wording} chưa được duyệt | this wording is not approved")
        try:
            station = lists.stations.get(event["subject"], "")
            bulletin = compose(wording, event, to.area, station, lists.units, lists.day)
            text, template, parameters = bulletin.text, bulletin.template, bulletin.parameters
            if outlet is not None:
                written = outlet.write(message_of(digest(to.code), bulletin, now), to.address)
                text = written.get("text", text)
        except WordingError as error:
            faults.append(f"{error.vi} | {error.en}")
        except AddressError as error:
            faults.append(str(error))
    quota = quota_for_people(outlets, occasion.outlet)

    def opens_at(instant: int) -> int:
        return max(occasion.opens_at(event["level"], instant), quota.opens_at(instant))

    opens = opens_at(now)
    at, held = opens, "giờ yên lặng | quiet hours" if opens > now else ""
    if not faults:
        number = order[occasion.outlet, opens]
        order[occasion.outlet, opens] += 1
        at, held = _in_turn(quota, opens_at, now, number, held)
    return Foreseen(
        *(to.code, to.masked, to.outlet, to.area, occasion.wording),
        *(None if faults else iso(at), held, text, template, parameters),
        "; ".join(faults),
    )


def _in_turn(
    quota: Quota, opens_at: Callable[[int], int], now: int, number: int, held: str
) -> tuple[int, str]:
    """Give when the message of a number has its turn, were nothing else sent."""
    opens = opens_at(now)
    full = "hạn mức của kênh | the outlet's quota"
    if quota.per_day and number >= quota.per_day:
        days = number // quota.per_day
        at = opens
        for _ in range(days):
            at = opens_at(next_day(at))
        return at, full
    if quota.per_minute and number >= quota.per_minute:
        return opens + number // quota.per_minute * MINUTE_US, full
    return opens, held


def counted(foreseen: list[Foreseen]) -> Iterator[tuple[str, int, int]]:
    """Count by outlet who would be told, and who could not be."""
    told = Counter(f.outlet for f in foreseen if not f.why_not)
    not_told = Counter(f.outlet for f in foreseen if f.why_not)
    for outlet in sorted({*told, *not_told}):
        yield outlet, told[outlet], not_told[outlet]
