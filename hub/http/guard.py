"""Who may send and read, how often, and how much: the one gate of every route.

Who comes shows a key (machines), is signed in (people; `SignedIn`), or asks directly on loopback.
"""

import asyncio
import math
import re
import time
import zlib
from collections import Counter

from fastapi import Request
from starlette.requests import ClientDisconnect

from hub.access import keys
from hub.access.keys import Sender
from hub.clock import to_us
from hub.definitions.admission import Admitted
from hub.http.problems import ProblemError
from hub.http.signed_in import SignedIn
from hub.opening import OpenHub
from hub.operating import metrics
from hub.settings import LOOPBACK
from hub.store.troubles import StoreUnavailableError

KNOWN_KEYS_SECONDS = 10.0
# Who comes more often than agreed waits for its turn, so that what it may send comes evenly and not
# in bursts that everybody else would feel. Whose turn would come later than this waits as long for
# being told so: a refusal a second on each connection, which costs the others nothing. Of one key
# so many wait to be refused; further connections are closed.
PAUSE_SECONDS = 1.0
PAUSED_MAX = 256


# What proxies say of whom they ask for; who asks directly says none of it.
FORWARDED = ("forwarded", "via", "x-real-ip")


def is_forwarded(request: Request) -> bool:
    """Tell whether a request says that it came through a proxy."""
    names = request.headers.keys()
    return any(n in FORWARDED or n.startswith("x-forwarded-") for n in names)


class Guard:
    """Knows senders by their keys, people who are signed in, and how often each may come."""

    def __init__(self, hub: OpenHub) -> None:
        self._hub = hub
        self.people = SignedIn(hub)
        # By key: when it was asked for last, when it was found, and whose it is.
        self._known: dict[str, tuple[float, float, Sender]] = {}
        self._buckets: dict[str, tuple[float, float]] = {}
        self._paused: Counter[str] = Counter()
        self._in_a_row: Counter[str] = Counter()
        self._stopped: dict[str, float] = {}

    async def sender(self, request: Request) -> Sender:
        """Find who asks; raise 401 where nobody knows, 429 where it comes too often.

        Raises 403 for who is signed in and has no role for the route.
        """
        known: Sender | None = getattr(request.state, "holder", None)
        if known is not None:
            return known
        person = await self._person(request)
        if person is not None:
            return person
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        key = key.strip()
        holder = await self._find(key) if scheme.lower() == "bearer" else None
        if holder is None:
            way_vi, way_en = (
                ("đăng nhập, hoặc ", "sign in, or: ") if self.people.is_on else ("", "")
            )
            raise ProblemError(
                401,
                "unauthorized",
                f"cần {way_vi}khóa hợp lệ: Authorization: Bearer <khóa>",
                f"{way_en}a valid key is needed: Authorization: Bearer <key>",
                headers={"WWW-Authenticate": "Bearer"},
            )
        request.state.sender = holder.name
        if holder.certificate and holder.certificate != getattr(request.state, "certificate", ""):
            raise ProblemError(
                403,
                "certificate_not_shown",
                "khóa này chỉ dùng được cùng chứng thư số của nó",
                "this key is for clients that show its certificate",
            )
        await self._take(key)
        request.state.holder = holder
        return holder

    def check_breaker(self, name: str) -> None:
        """Raise 429 where too many of a sender's items in a row were rejected, not long ago."""
        left = self._stopped.get(name, 0.0) - time.monotonic()
        if left > 0:
            most, seconds = self._hub.settings.breaker_in_a_row_max, math.ceil(left)
            raise ProblemError(
                429,
                "stopped_by_breaker",
                f"{most} bản ghi liên tiếp sai hợp đồng: tạm ngừng nhận, gửi lại sau {seconds} s",
                f"{most} items in a row broke their contract: stopped, try again in {seconds} s",
                headers={"Retry-After": str(seconds)},
            )

    def judge(self, name: str, admitted: Admitted) -> None:
        """Note what a sender's items were; so many rejected in a row stop it for some time.

        What stopped it is kept. After that time it may try, and is stopped again by the next
        request that has nothing good in it.
        """
        last = max(admitted.indexes, default=-1)
        wrong = sum(v.index > last for v in admitted.rejected)
        self._in_a_row[name] = wrong if admitted.indexes else self._in_a_row[name] + wrong
        if self._in_a_row[name] >= self._hub.settings.breaker_in_a_row_max:
            self._stopped[name] = time.monotonic() + self._hub.settings.breaker_seconds
            metrics.SENDER_STOPPED.labels(name).set(1)
        elif self._stopped.pop(name, None) is not None:
            metrics.SENDER_STOPPED.labels(name).set(0)

    def is_direct(self, request: Request) -> bool:
        """Tell whether it comes from this machine itself, by this machine's own name.

        What came through a proxy is not: by a header that proxies add, by the name of another host,
        or since the settings say that there is one.
        """
        settings = self._hub.settings
        if not settings.is_loopback or settings.is_proxied or is_forwarded(request):
            return False
        host = re.sub(r":\d+$", "", request.headers.get("host", "").lower())
        return host.strip("[]") in LOOPBACK

    async def reader(self, request: Request) -> None:
        """Let anybody read who asks directly; else ask for a key or a sign-in.

        Who is signed in is held to that.
        """
        if await self._person(request) is None and not self.is_direct(request):
            await self.sender(request)

    async def holder(self, request: Request) -> Sender | None:
        """Find who asks; None for whoever asks directly, shows no key and is not signed in."""
        person = await self._person(request)
        if person is not None:
            return person
        if "authorization" not in request.headers and self.is_direct(request):
            return None
        return await self.sender(request)

    async def seer(self, request: Request) -> Sender | None:
        """Find who is to see what is not for every key; None: one who sees all.

        That is an officer, an auditor, or whoever asks directly and shows no key: who shows one is
        held to it.
        """
        holder = await self.holder(request)
        return None if holder is None or holder.sees_all else holder

    async def _person(self, request: Request) -> Sender | None:
        known: Sender | None = getattr(request.state, "person", None)
        if known is None and (known := await self.people.sender(request)) is not None:
            await self._take(known.key_id)
            request.state.person = known
        return known

    async def _find(self, key: str) -> Sender | None:
        now = time.monotonic()
        cached = self._known.get(key)
        if cached and now - cached[0] < KNOWN_KEYS_SECONDS:
            return cached[2]
        at = to_us(self._hub.clock())
        try:
            holder = await asyncio.to_thread(keys.find, self._hub.store, key, at)
        except StoreUnavailableError:
            if cached is None or not self._is_taken_unasked(now - cached[1]):
                raise
            self._known[key] = (now, *cached[1:])
            return cached[2]
        if holder is not None:
            self._known[key] = (now, now, holder)
        else:
            self._known.pop(key, None)
        return holder

    def _is_taken_unasked(self, age: float) -> bool:
        """Tell whether a key found so many seconds ago is taken while the database is away.

        Only a gateway that can keep what comes has a use for it. Meanwhile a key that is revoked,
        or ends, is still taken: for no longer than the settings say.
        """
        settings = self._hub.settings
        return settings.spool_dir is not None and age < settings.keys_seconds_max

    async def _take(self, key: str) -> None:
        most = float(self._hub.settings.requests_per_second_max)
        now = time.monotonic()
        level, at = self._buckets.get(key, (most, now))
        level = min(most, level + (now - at) * most) - 1
        if level > -most * PAUSE_SECONDS:
            self._buckets[key] = (level, now)
            if level < 0:
                await asyncio.sleep(-level / most)
            return
        headers = {"Retry-After": "1"}
        if self._paused[key] < PAUSED_MAX:
            self._paused[key] += 1
            try:
                await asyncio.sleep(PAUSE_SECONDS)
            finally:
                self._paused[key] -= 1
        else:
            headers["Connection"] = "close"
        raise ProblemError(
            429,
            "too_many_requests",
            f"quá {most:.0f} lần gửi một giây; hãy gộp nhiều bản ghi vào một lần gửi",
            f"more than {most:.0f} requests a second; send many items in one request",
            headers=headers,
        )


async def read_body(request: Request, limit: int, seconds: float = 60) -> bytes:
    """Read a body, unpacking gzip, without ever holding more than the limit or waiting longer."""
    try:
        async with asyncio.timeout(seconds):
            return await _read_body(request, limit)
    except TimeoutError:
        raise ProblemError(
            408,
            "body_too_slow",
            f"nội dung đến chậm hơn {seconds:.0f} giây",
            f"the body took more than {seconds:.0f} seconds",
            headers={"Connection": "close"},
        ) from None
    except ClientDisconnect:  # nobody is there to read it
        raise ProblemError(
            400, "cut_short", "kết nối bị ngắt giữa chừng", "the connection ended within the body"
        ) from None


async def _read_body(request: Request, limit: int) -> bytes:
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", "gzip"):
        raise ProblemError(
            415,
            "unknown_encoding",
            f"không hỗ trợ mã hóa {encoding}",
            f"content encoding {encoding} is not supported",
        )
    unpack = _Gunzip() if encoding == "gzip" else None
    body = bytearray()
    received = 0
    try:
        async for chunk in request.stream():
            received += len(chunk)
            body += unpack.feed(chunk, limit + 1 - len(body)) if unpack else chunk
            if max(len(body), received) > limit:
                raise ProblemError(
                    413,
                    "body_too_large",
                    f"nội dung lớn hơn {limit >> 20} MiB",
                    f"the body is larger than {limit >> 20} MiB",
                )
    except zlib.error as error:
        raise ProblemError(
            400, "not_gzip", "nội dung không phải gzip", "the body is not gzip"
        ) from error
    if unpack and not unpack.is_whole:
        raise ProblemError(400, "not_gzip", "gzip bị cắt cụt", "the gzip body is cut short")
    return bytes(body)


class _Gunzip:
    """Unpacks gzip: one member or several in a row, as RFC 1952 has it."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(31)

    @property
    def is_whole(self) -> bool:
        """Whether what came so far ends where a member ends."""
        return self._member.eof

    def feed(self, chunk: bytes, most: int) -> bytes:
        """Unpack what came, up to so many bytes; what is beyond is lost."""
        out = bytearray()
        while chunk and len(out) < most:
            if self._member.eof:
                chunk = chunk.lstrip(b"\0")  # padding, as tapes had it
                if not chunk:
                    break
                self._member = zlib.decompressobj(31)
            out += self._member.decompress(chunk, most - len(out))
            chunk = self._member.unused_data
        return bytes(out)
