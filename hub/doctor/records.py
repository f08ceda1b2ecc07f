"""Records: the clock of what is kept, what was applied, proven, archived, and what waits."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from hub.archive.log import ArchivedLog
from hub.clock import iso, to_us
from hub.definitions.coded import coded
from hub.doctor.finding import Finding, good
from hub.opening import OpenHub
from hub.proof.verify import STATEMENT
from hub.repair import items

MINUTE_US = 60_000_000
CLOCK_NOTE_US, CLOCK_FAULT_US = 2_000_000, 60_000_000
VERIFY_HOURS = 26
CODES_SHOWN = 5
ARCHIVE_EVENTS = 100_000  # what would be lost with a disk


def of_records(hub: OpenHub) -> Iterator[Finding]:
    """Look at what a hub keeps."""
    yield from of_clock(hub)
    yield from of_lag(hub)
    yield of_verify(hub)
    yield from of_archive(hub)
    yield from of_rejected(hub)
    yield from of_unlisted(hub)


def of_clock(hub: OpenHub) -> Iterator[Finding]:
    """Compare this machine's clock with the database's, and with the last acceptance."""
    now = to_us(hub.clock())
    with hub.store.reading() as reading:
        ((latest,),) = reading.rows("SELECT MAX(accepted_at) FROM heard")
        other = None
        if hub.settings.kafka_bootstrap:
            ((told,),) = reading.rows("SELECT clock_timestamp()")
            other = to_us(told)
            now = to_us(hub.clock())
    apart = max(0, (latest or 0) - now) if other is None else abs(other - now)
    what_vi = "lần nhận gần nhất" if other is None else "cơ sở dữ liệu"
    what_en = "the latest acceptance" if other is None else "the database"
    seconds = apart / 1e6
    if apart < CLOCK_NOTE_US:
        yield good("clock", "đồng hồ khớp", "the clock agrees")
        return
    yield Finding(
        "fault" if apart >= CLOCK_FAULT_US else "note",
        "clock",
        f"đồng hồ máy này lệch {seconds:.0f} giây so với {what_vi}",
        f"this machine's clock is {seconds:.0f} s apart from {what_en}",
        "đồng bộ giờ (chrony, NTP) trên mọi máy",
        "synchronise the clocks of all machines (chrony, NTP)",
    )


def of_lag(hub: OpenHub) -> Iterator[Finding]:
    """Count what is in the log and not yet applied."""
    topics = [c.topic for c in hub.installed.definitions.applied.values()]
    with hub.store.reading() as reading:
        applied = {t: sum(reading.positions(hub.log.identity(t), t).values()) for t in topics}
    ends = hub.log.ends_of(applied)
    behind = {t: sum(ends[t].values()) - at for t, at in applied.items()}
    waiting = {t: n for t, n in behind.items() if n > 0}
    if not waiting:
        yield good("apply", "mọi sự kiện đã tính", "all events are applied")
        return
    listed = ", ".join(f"{t}: {n}" for t, n in waiting.items())
    yield Finding(
        "note",
        "apply",
        f"chưa tính: {listed}",
        f"not yet applied: {listed}",
        "nếu không giảm: `hub serve`, `hub work` có chạy không (docs/runbooks/HubLagging.md)",
        "if it does not fall: do `hub serve`, `hub work` run (docs/runbooks/HubLagging.md)",
    )


def of_verify(hub: OpenHub) -> Finding:
    """Tell when figures were last recomputed from the log, and what differed."""
    text = hub.log.checkpoint(STATEMENT)
    if text is None:
        return Finding(
            "note",
            "verify",
            "chưa đối chiếu lần nào",
            "figures were never verified",
            "chạy `hub verify` mỗi đêm",
            "run `hub verify` each night",
        )
    statement = json.loads(text)
    differences = int(statement["differences"])
    if differences:
        return Finding(
            "fault",
            "verify",
            f"{differences} chỗ khác khi tính lại từ nhật ký, lúc {statement['at']}",
            f"{differences} differences when recomputed from the log, at {statement['at']}",
            "xem docs/runbooks/HubVerifyDiffers.md",
            "see docs/runbooks/HubVerifyDiffers.md",
        )
    hours = (hub.clock() - datetime.fromisoformat(statement["at"])).total_seconds() / 3600
    if hours > VERIFY_HOURS:
        return Finding(
            "note",
            "verify",
            f"đối chiếu gần nhất đã {hours:.0f} giờ trước",
            f"last verified {hours:.0f} hours ago",
            "chạy `hub verify` mỗi đêm",
            "run `hub verify` each night",
        )
    return good(
        "verify", f"không khác, lúc {statement['at']}", f"0 differences, at {statement['at']}"
    )


def of_archive(hub: OpenHub) -> Iterator[Finding]:
    """Count the events that only the log itself has."""
    if not isinstance(hub.log, ArchivedLog):
        return
    topics = [c.topic for c in hub.installed.definitions.applied.values()]
    archived, ends = hub.log.archived(topics), hub.log.ends_of(topics)
    left = sum(sum(ends[t].values()) - archived[t] for t in topics)
    vi, en = f"{left} sự kiện chưa lưu trữ", f"{left} events are not in the archive"
    if left < ARCHIVE_EVENTS:
        yield good("archive", vi, en)
        return
    yield Finding(
        "note",
        "archive",
        vi,
        en,
        "chạy `hub archive`: chừng ấy sẽ mất cùng với đĩa",
        "run `hub archive`: so much would be lost with the disk",
    )


def of_rejected(hub: OpenHub) -> Iterator[Finding]:
    """Count the items that wait for somebody to repair them."""
    with hub.store.reading() as reading:
        waiting = items.waiting(reading)
        oldest = reading.rows("SELECT MIN(rejected_at) FROM quarantine")[0][0]
    total = sum(n for *_, n in waiting)
    if not total:
        yield good("rejected", "không còn bản ghi chờ sửa", "no rejected item waits")
        return
    yield Finding(
        "note",
        "rejected",
        f"{total} bản ghi bị từ chối chờ sửa; bản ghi đầu tiên từ {iso(oldest)}",
        f"{total} rejected items wait; the first was rejected at {iso(oldest)}",
        "sửa trên trang /repair, hoặc `hub quarantine list`",
        "repair them on the page /repair, or see `hub quarantine list`",
    )


def of_unlisted(hub: OpenHub) -> Iterator[Finding]:
    """Name codes that things are counted under, by any way in, and that a list never had.

    Of a list that is not loaded nothing is said.
    """
    counted: dict[str, Counter[str]] = {}
    with hub.store.reading() as reading:
        for name, fact in hub.store.facts.items():
            contract = hub.contracts[name]
            said = {f.name: coded(contract, f.name).listed for f in contract.sent}
            for column, listed in {**said, **fact.parents}.items():
                if listed and column in fact.types:
                    rows = reading.rows(
                        f"SELECT {column}, COUNT(*) FROM {fact.table}"
                        f" WHERE {column} IS NOT NULL GROUP BY {column}"
                    )
                    counted.setdefault(listed, Counter()).update(dict(rows))
    for listed, things in sorted(counted.items()):
        known = {row["code"] for row in hub.store.listed(listed)}
        lacking = {code: n for code, n in things.most_common() if code not in known}
        if not known:
            continue
        if not lacking:
            yield good(
                f"codes {listed}", "mọi mã đều có trong danh mục", "all codes are on the list"
            )
            continue
        first = ", ".join(f"{code} ({n})" for code, n in islice(lacking.items(), CODES_SHOWN))
        more = ", …" if len(lacking) > CODES_SHOWN else ""
        yield Finding(
            "note",
            f"codes {listed}",
            f"{len(lacking)} mã không có trong danh mục, vẫn được tính: {first}{more}",
            f"{len(lacking)} codes are not on the list and are counted all the same: {first}{more}",
            "nạp danh mục đủ hơn (`hub reference load THƯ_MỤC`), hoặc bảo bên gửi ghi lại đúng mã",
            "load a fuller list (`hub reference load DIR`), or have senders say the right codes",
        )
