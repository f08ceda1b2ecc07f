"""Parties: keys that end soon, who is silent, lists not loaded, heartbeats of connectors."""

import json
from collections.abc import Iterator
from datetime import datetime

from hub.access import keys
from hub.access.people import LIST
from hub.bulletins.approval import is_approved
from hub.bulletins.issuing import read_lists
from hub.bulletins.subscriber import SubscribersError, read_subscribers
from hub.clock import DAY_US, iso, to_us
from hub.connecting.connection import heartbeat_name
from hub.doctor.finding import Finding, good
from hub.figures.book import Book
from hub.figures.compute import lacks_of
from hub.figures.silence import last_heard, silences
from hub.opening import OpenHub

KEY_DAYS = 30
BEAT_SECONDS = 120


def of_parties(hub: OpenHub) -> Iterator[Finding]:
    """Look at who sends, and at what figures need of the province."""
    yield from of_keys(hub)
    yield from of_people(hub)
    with hub.store.reading() as reading:
        book = hub.book(reading)
        lacks = lacks_of(hub.kpis.values(), book)
        silent = silences(book, to_us(hub.clock()))
        yield from of_duties(book)
    for lack in lacks:
        yield Finding(
            "note",
            f"list {lack.list}",
            lack.message_vi,
            lack.message_en,
            "`hub reference template`, rồi `hub reference load THƯ_MỤC`",
            "`hub reference template`, then `hub reference load DIR`",
        )
    late = {label: s for label, s in silent.items() if s.is_late}
    for label, silence in late.items():
        hours = None if silence.silent_us is None else silence.silent_us / 3.6e9
        yield Finding(
            "note",
            f"duty {label}",
            "chưa gửi lần nào"
            if hours is None
            else f"im lặng {hours:.0f} giờ, quá nghĩa vụ báo cáo",
            "never heard"
            if hours is None
            else f"silent for {hours:.0f} hours, more than its duty allows",
            f"hỏi {silence.source.owner or label} (docs/runbooks/HubSourceSilent.md)",
            f"ask {silence.source.owner or label} (docs/runbooks/HubSourceSilent.md)",
        )
    if not late:
        yield good(
            "duties",
            f"{len(silent)} nghĩa vụ, không ai trễ",
            f"{len(silent)} duties, nobody is late",
        )
    yield from of_heartbeats(hub)
    yield from of_bulletins(hub)


def of_duties(book: Book) -> Iterator[Finding]:
    """Look for duties of parties of whom nobody who sends has ever said anything.

    Written otherwise in the list than in what comes, a party is missing for ever.
    """
    for source in book.sources.values():
        heard = [s for contract, s in book.heard if contract == source.contract]
        is_sending = source.name in heard if source.name else bool(heard)
        if source.party and is_sending and last_heard(book, source) is None:
            yield Finding(
                "note",
                f"party {source.label}",
                f"chưa bản ghi nào {source.contract} nói về {source.party}: mã viết sai?",
                f"no {source.contract} says anything of {source.party}: is it misspelt?",
                "so mã trong danh mục duties với mã mà bên gửi ghi",
                "hold its code in the list duties against what the sender writes",
            )


def of_bulletins(hub: OpenHub) -> Iterator[Finding]:
    """Look whether people can be told: words that are approved, and a file of who is told."""
    lists = read_lists(hub.store, (), to_us(hub.clock()))
    if not lists.occasions:
        return
    try:
        subscribers = read_subscribers(hub.settings.subscribers_file)
    except SubscribersError as error:
        text = str(error).splitlines()[0]
        todo = "sửa tệp, thử bằng `hub bulletins check`", "mend it, try it by `hub bulletins check`"
        yield Finding("fault", "subscribers", text, text, *todo)
        return
    wanted = sorted({(o.wording, o.outlet) for o in lists.occasions})
    words = [lists.wordings.get(key) for key in wanted]
    lacking = [
        f"{name} ({outlet})"
        for (name, outlet), wording in zip(wanted, words, strict=True)
        if wording is None or not is_approved(wording, lists.approvals)
    ]
    if lacking:
        yield Finding(
            "note",
            "wordings",
            f"mẫu tin chưa duyệt, không ai được báo: {', '.join(lacking)}",
            f"not approved, so nobody is told by them: {', '.join(lacking)}",
            "`hub bulletins wordings`, người duyệt đọc, rồi `hub bulletins approve`",
            "`hub bulletins wordings`, its owner reads, then `hub bulletins approve`",
        )
    else:
        vi = f"{len(wanted)} mẫu tin đã duyệt, {len(subscribers)} người nhận"
        en = f"{len(wanted)} wordings approved, {len(subscribers)} subscribers"
        yield good("bulletins", vi, en)


def of_keys(hub: OpenHub) -> Iterator[Finding]:
    """Look for senders whose last valid key ends soon, or that have none any more."""
    now = to_us(hub.clock())
    last: dict[str, float] = {}
    for key in keys.listed(hub.store):
        if key.revoked_at is None:
            until = float("inf") if key.expires_at is None else float(key.expires_at)
            last[key.name] = max(last.get(key.name, 0.0), until)
    ending = {name: until for name, until in last.items() if until < now + KEY_DAYS * DAY_US}
    for name, until in sorted(ending.items()):
        has_ended = until <= now
        yield Finding(
            "note",
            f"key {name}",
            f"khóa cuối cùng {'đã' if has_ended else 'sẽ'} hết hạn lúc {iso(int(until))}",
            f"its last key {'ended' if has_ended else 'ends'} at {iso(int(until))}",
            f'`hub keys create "{name}" …`, giao khóa mới, rồi thu hồi khóa cũ',
            f'`hub keys create "{name}" …`, hand it over, then revoke the old one',
        )
    if last and not ending:
        yield good("keys", f"{len(last)} bên gửi có khóa", f"{len(last)} senders have keys")


def of_people(hub: OpenHub) -> Iterator[Finding]:
    """Look whether who reaches the hub can be let in, and nobody else is."""
    settings, now = hub.settings, to_us(hub.clock())
    is_reached = not settings.is_loopback or settings.is_proxied
    has_key = any(k.state(now) == "valid" for k in keys.listed(hub.store))
    if is_reached and not settings.oidc_issuer and not has_key:
        yield Finding(
            "fault",
            "sign-in",
            "trục nghe ngoài máy này mà chưa có đăng nhập (HUB_OIDC_…) và chưa có khóa nào còn hạn",
            "the hub is reached from elsewhere, and there is neither a sign-on nor a valid key",
            "nối hệ thống đăng nhập (docs/runbooks/sign-on.md), hoặc `hub keys create …`",
            "connect the sign-on (docs/runbooks/sign-on.md), or `hub keys create …`",
        )
    elif settings.oidc_issuer and not hub.store.listed(LIST):
        yield Finding(
            "fault",
            "sign-in",
            "chưa nạp danh mục people: không ai đăng nhập được",
            "the list people is not loaded: nobody can sign in",
            "ghi ai có vai trò nào rồi `hub reference load THƯ_MỤC` (docs/runbooks/sign-on.md)",
            "write who has which role, then `hub reference load DIR` (docs/runbooks/sign-on.md)",
        )
    elif is_reached and not settings.oidc_issuer:
        yield Finding(
            "note",
            "sign-in",
            "trục nghe ngoài máy này, người dùng chỉ có khóa chung của đơn vị",
            "the hub is reached from elsewhere, and people have keys of departments alone",
            "nối hệ thống đăng nhập của tỉnh (docs/runbooks/sign-on.md)",
            "connect the province's sign-on (docs/runbooks/sign-on.md)",
        )
    elif settings.oidc_issuer:
        yield good("sign-in", f"đăng nhập ở {settings.oidc_issuer}", settings.oidc_issuer)


def of_heartbeats(hub: OpenHub) -> Iterator[Finding]:
    """Look at what connectors last said of themselves."""
    names = list(hub.installed.definitions.sources)
    for name, text in hub.log.checkpoints([heartbeat_name(n) for n in names]).items():
        beat = json.loads(text)
        seconds = (hub.clock() - datetime.fromisoformat(beat["at"])).total_seconds()
        source = name.partition(":")[2]
        if seconds > BEAT_SECONDS:
            yield Finding(
                "fault",
                f"connector {source}",
                f"không còn nhịp từ {beat['at']}",
                f"no heartbeat since {beat['at']}",
                f"chạy lại `hub connect {source}` (docs/runbooks/HubConnectorSilent.md)",
                f"start `hub connect {source}` again (docs/runbooks/HubConnectorSilent.md)",
            )
        elif beat["state"] != "running":
            said = f"{beat['state']}: {beat['error']}"
            yield Finding(
                "fault",
                f"connector {source}",
                said,
                said,
                "docs/runbooks/HubUpstreamAway.md, HubBreakerOpen.md",
                "docs/runbooks/HubUpstreamAway.md, HubBreakerOpen.md",
            )
        else:
            yield good(f"connector {source}", "đang chạy", "running")
