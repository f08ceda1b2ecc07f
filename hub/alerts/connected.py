"""Connected systems: of each sender, connector, station and outlet whether it lives, and how well.

One view for administrators: heartbeat, how late what it delivers comes, what share of it is wrong,
its last good record, and how many alerts stand about it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from hub.alerts.course import STATES, Course, courses
from hub.clock import DAY_US, from_us, iso
from hub.definitions.fact import Fact
from hub.figures.book import Book
from hub.store import deliveries

LATE_US = 600_000_000  # what an outlet has not told for so long after it was due is late
SHARE_DAYS = 30  # over which a station's share of bad values is taken
GOOD, WATCH, BAD, UNKNOWN = "good", "watch", "bad", "unknown"


def connected(sources: Iterable[Mapping[str, Any]], book: Book, at: int) -> list[dict[str, Any]]:
    """List connected systems, senders first; `sources` are those that `quality.sources` lists."""
    now = courses(book.reading.alert_events()).values()
    open_of: dict[str, list[Course]] = {}
    for alert in now:
        if alert.state in STATES[:2]:
            for name in {alert.last["subject"], *alert.last["subject"].split("/")}:
                open_of.setdefault(name, []).append(alert)
    listed = [_sender(source) for source in sources]
    for fact in book.facts.values():
        listed += _stations(fact, book, at)
    listed += _outlets(book, at)
    for system in listed:
        alerts = open_of.get(system["id"], [])
        system["alerts_open"] = len(alerts)
        system["state"] = _state(system, alerts)
    return listed


def _sender(source: Mapping[str, Any]) -> dict[str, Any]:
    beat, valid = source["heartbeat"], source["quality"].get("valid")
    late = source["lateness_seconds"]
    share = None
    if valid is not None and valid["denominator"]:
        share = round(1 - valid["numerator"] / valid["denominator"], 6)
    return {
        "kind": "sender" if beat is None else "connector",
        "id": source["source"],
        "title_vi": source["title_vi"],
        "title_en": source["title_en"],
        "owner": source["owner"],
        "heartbeat_at": None if beat is None else beat["at"],
        "heartbeat_state": None if beat is None else beat["state"],
        "last_good_at": source["heard_at"],
        "delivery_seconds_p95": None if late is None else late["p95"],
        "error_share": share,
        "is_late": source["is_late"],
    }


def _stations(fact: Fact, book: Book, at: int) -> list[dict[str, Any]]:
    """List the places of a fact's series; the share is that of values of bad quality of 30 days."""
    checked = fact.checked
    if checked is None:
        return []
    measure, place = fact.measure(checked.measure), checked.place
    when, since = measure.when, at - SHARE_DAYS * DAY_US
    rows = book.reading.rows(
        f"SELECT {place}, MAX(CASE WHEN {measure.where} THEN {when} END),"
        f" SUM(CASE WHEN {when} >= :since THEN 1 ELSE 0 END),"
        f" SUM(CASE WHEN {when} >= :since AND NOT ({measure.where}) THEN 1 ELSE 0 END)"
        f" FROM {fact.table} WHERE {place} IS NOT NULL AND {when} <= :at GROUP BY 1 ORDER BY 1",
        since=since,
        at=at,
    )
    names = {r["code"]: r.get("name_vi") for r in book.reference.tables.get("stations", [])}
    return [
        {
            "kind": "station",
            "id": code,
            "title_vi": names.get(code),
            "title_en": names.get(code),
            "owner": None,
            "heartbeat_at": None,
            "heartbeat_state": None,
            "last_good_at": iso(None if good is None else int(good)),
            "delivery_seconds_p95": None,
            "error_share": round(int(bad) / int(count), 6) if count else None,
            "is_late": None,
        }
        for code, good, count, bad in rows
    ]


def _outlets(book: Book, at: int) -> list[dict[str, Any]]:
    """List the outlets by which anybody was to be told; the share is that of what was given up."""
    by_outlet: dict[str, dict[str, tuple[int, int, int]]] = {}
    for outlet, state, *counted in deliveries.counted(book.reading.connection):
        if outlet:
            by_outlet.setdefault(outlet, {})[state] = (counted[0], counted[1], counted[2])
    none = (0, at, 0)
    listed = []
    for name, states in by_outlet.items():
        (sent, _, told_at), (failed, _, _), (waiting, due_at, _) = (
            states.get(state, none)
            for state in (deliveries.SENT, deliveries.FAILED, deliveries.WAITING)
        )
        done = sent + failed
        listed.append(
            {
                "kind": "outlet",
                "id": name,
                "title_vi": None,
                "title_en": None,
                "owner": None,
                "heartbeat_at": None,
                "heartbeat_state": None,
                "last_good_at": iso(told_at if sent else None),
                "delivery_seconds_p95": None,
                "error_share": round(failed / done, 6) if done else None,
                "is_late": waiting > 0 and at - due_at > LATE_US,
            }
        )
    return listed


def _state(system: Mapping[str, Any], alerts: Iterable[Course]) -> str:
    """Say how a system is: bad where it is late or stopped, watch where any alert stands."""
    silent = any(a.last["rule"].endswith("_silent") for a in alerts)
    stopped = system["heartbeat_state"] not in (None, "running")
    if system["is_late"] or silent or stopped:
        return BAD
    if system["alerts_open"]:
        return WATCH
    return GOOD if system["last_good_at"] else UNKNOWN


def report(systems: Iterable[Mapping[str, Any]], alerts: Iterable[Course], at: int) -> str:
    """Write one report to administrators, as text: what needs somebody first."""
    order = {BAD: 0, WATCH: 1, UNKNOWN: 2, GOOD: 3}
    words = {
        BAD: "MẤT TÍN HIỆU | down",
        WATCH: "có cảnh báo | alerts stand",
        UNKNOWN: "chưa từng gửi | never heard",
        GOOD: "bình thường | well",
    }
    lines = [
        f"Hệ thống kết nối lúc {from_us(at):%d/%m/%Y %H:%M} | Connected systems",
        "",
        *(
            f"{words[s['state']]:<28} {s['kind']:<9} {s['id']}"
            f" · tốt lần cuối | last good {s['last_good_at'] or '–'}"
            f" · nhịp | heartbeat {s['heartbeat_at'] or '–'}"
            f" · chậm p95 | late {_or_none(s['delivery_seconds_p95'])} s"
            f" · sai | wrong {_or_none(s['error_share'])}"
            f" · {s['alerts_open']} cảnh báo | alerts"
            for s in sorted(systems, key=lambda s: (order[s["state"]], s["kind"], s["id"]))
        ),
        "",
        "Cảnh báo chưa xác nhận | Alerts that nobody has acknowledged:",
        *(f"- {a.last['text_vi']} | {a.last['text_en']}" for a in alerts if a.state == "open"),
    ]
    return "\n".join(lines) + "\n"


def _or_none(value: object) -> object:
    return "–" if value is None else value
