"""The upstream over REST: pages of dossiers, with limits on time and bytes.

`GET {url}/hoso?con_tro=CURSOR&so_luong=N` gives what changed after a cursor, in order of change;
`…?tu_ngay=T1&den_ngay=T2&so_luong=N` the records updated in [T1, T2), with `con_tro` from its
second page on; without `den_ngay`, what changed from T1 on, to be followed by its cursor.
"""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import httpx

from connectors.one_stop.pages import Page, PageError, parse
from hub.clock import Clock
from hub.connecting.feeds import UpstreamError

BYTES_MAX = 16 * 2**20
RETRY_SECONDS_MAX = 3600.0
_BUSY = (429, 503)


class Upstream:
    """Asks for pages; whatever goes wrong is an `UpstreamError`."""

    def __init__(self, url: str, token: str, seconds_max: float, clock: Clock) -> None:
        self._url = f"{url.rstrip('/')}/hoso"
        self._seconds_max = seconds_max
        self._clock = clock
        # Not compressed, so that the limit on bytes is one on what is kept in memory.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._client = httpx.Client(
            headers=headers, timeout=seconds_max, limits=httpx.Limits(max_connections=1)
        )

    def page(self, asked: Mapping[str, str]) -> Page:
        """Ask for a page; it is all there within the timeout or not at all."""
        until = time.monotonic() + self._seconds_max
        try:
            with self._client.stream("GET", self._url, params=dict(asked)) as answer:
                if answer.status_code != 200:
                    raise self._refused(answer)
                return parse(_body(answer, until))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            said = f"{type(error).__name__}: {error}"
            raise UpstreamError(f"GET {self._url}: {said}") from None
        except PageError as error:
            raise UpstreamError(f"GET {self._url}: {error}") from None

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _refused(self, answer: httpx.Response) -> UpstreamError:
        wait = self._asked_wait(answer) if answer.status_code in _BUSY else None
        return UpstreamError(f"GET {self._url}: HTTP {answer.status_code}", wait)

    def _asked_wait(self, answer: httpx.Response) -> float | None:
        """Read `Retry-After` (RFC 9110): seconds or an instant; at most an hour is waited."""
        said = answer.headers.get("Retry-After", "").strip()
        if said.isascii() and said.isdigit():
            return min(float(said[:9]), RETRY_SECONDS_MAX)
        try:
            left = (parsedate_to_datetime(said) - self._clock()).total_seconds()
        except (ValueError, TypeError):  # none, or one without an offset
            return None
        return min(max(left, 0.0), RETRY_SECONDS_MAX)


def _body(answer: httpx.Response, until: float) -> bytes:
    body = bytearray()
    for part in answer.iter_raw():
        body += part
        if len(body) > BYTES_MAX:
            raise PageError(f"a body of more than {BYTES_MAX} bytes")
        # httpx limits each wait for bytes; one that drips would take for ever.
        if time.monotonic() > until:
            raise PageError("the body did not end within the timeout")
    return bytes(body)
