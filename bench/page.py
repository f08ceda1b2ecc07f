"""Pages: how soon the overview is there, and what an open page costs while nothing happens.

The labelled synthetic year is loaded into an embedded hub, which is served in a process of its own.

- Cold: Chromium opens the overview in a context of its own: first paint (ms), and usable (ms), when
  the first tile is there and the page follows the hub; medians.
- Idle: ten pages are open and nothing comes in: what one received (KB), and a tenth of what the
  server used of the processor (s) beyond what it uses without any, just before and after; each in
  a minute. Ten, because a hub's own use moves by more than a page costs. The same of all followers
  together, so that work for each of them would show.
- Asked again: 200 requests a second with the entity tag of a figure, while 5,000 events a second of
  another year are applied; p99 (ms), from the instant at which a request was due.
- To the screen: so many clients follow the stream over HTTP as pages do, a few of them are pages in
  Chromium, and events come one by one: from the 202 until a client has it, and until a page shows
  it; p95 over all events (ms).

Usage: `python -m bench.page [SCALE]` (0.05 of the year by default: what is measured hangs on what
comes, not on how much is there); `measure` gives the same as a `Section`. It is over in six
minutes, or fails after eight.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from playwright.async_api import Browser, Page, async_playwright

from bench.hubs import serving
from bench.processes import family, seconds
from bench.section import Row, Section, Target, middle, quantile
from hub.access import keys
from hub.access.scope import WHOLE
from hub.clock import system_clock
from hub.commands import demonstration
from hub.opening import open_hub
from hub.settings import Settings
from stream_jobs.worked import received
from tests.parts.pushing import Pusher

CHROMIUM = "/usr/bin/chromium-headless-shell"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SCALE = 0.05
SECONDS_MAX = 480.0
COLD_ROUNDS, IDLE_SECONDS, CALM_SECONDS = 5, 20.0, 8.0
PAGES, IDLE_ROUNDS = 10, 2
ASKS_PER_SECOND, ASKED_SECONDS, CONNECTIONS = 200, 10, 32
APPLIED_PER_SECOND, BODY_EVENTS = 5_000, 1_000
CLIENTS, SCREENS, EVENTS, APART_SECONDS = 200, 3, 10, 2.0
PAINT_MS, USABLE_MS, KB_MOST, SECONDS_MOST = 600.0, 1_200.0, 20.0, 0.2
AGAIN_MS, SCREEN_MS = 20.0, 500.0
QUERY = "period=2023"
MINUTE = 60.0 / IDLE_SECONDS
FIGURE = f"/v1/kpis/dossier_received_new?{QUERY}"
CELL = "#kpi-table tr[data-key='dossier_received_new'] td.figure b"
# Keeps when the cell said what, by the clock of this machine, in ms since 1970.
WATCH = """(selector) => {
  const seen = (window.seen = []);
  let last = "";
  const look = () => {
    const text = document.querySelector(selector)?.textContent ?? "";
    if (text !== last) seen.push([(last = text).replace(/\\D/g, ""), Date.now()]);
  };
  look();
  const all = { childList: true, characterData: true, subtree: true };
  new MutationObserver(look).observe(document.body, all);
}"""
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


class Again(NamedTuple):
    """A figure that was asked for again: since when it was due (ms), and the status."""

    took: float
    status: int


class Idle(NamedTuple):
    """What idle pages took in a minute, each number of one round.

    `received` by one (KB); `used` of the server by all of them, beyond what it uses `without` (s).
    """

    received: float
    used: list[float]
    without: list[float]

    @property
    def a_page(self) -> float:
        """What the server used for one of them (s)."""
        return max(0.0, middle(self.used) / PAGES)


async def cold(browser: Browser, url: str) -> tuple[float, float]:
    """Open the overview as for the first time; give first paint and usable, in ms."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    begun = time.perf_counter()
    await page.goto(f"{url}/overview?{QUERY}", wait_until="commit")
    await page.wait_for_selector(".otile")
    await page.wait_for_selector("#link.live")
    usable = (time.perf_counter() - begun) * 1_000
    painted = float(await page.evaluate(PAINTED))
    await context.close()
    return painted, usable


async def idle(browser: Browser, url: str, path: str, pids: list[int]) -> tuple[float, float]:
    """Leave pages open; give what each received (KB) and all cost the server (s) in a minute."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    counts = []
    for _ in range(PAGES):
        page = await context.new_page()
        counts.append(await _counted(page))
        await page.goto(f"{url}{path}?{QUERY}")
        await page.wait_for_selector("#link.live")
    await asyncio.sleep(CALM_SECONDS)
    bytes_before, used_before = sum(c["all"] for c in counts), seconds(pids)
    await asyncio.sleep(IDLE_SECONDS)
    spent = sum(c["all"] for c in counts) - bytes_before, seconds(pids) - used_before
    await context.close()
    return spent[0] / 1_000 * MINUTE / PAGES, spent[1] * MINUTE


async def idle_in_turns(browser: Browser, url: str, pids: list[int]) -> dict[str, Idle]:
    """Leave pages of each kind open by turns with none; give medians, by the page's path."""
    without = [await alone(pids)]
    rounds: dict[str, list[tuple[float, float]]] = {"/overview": [], "/": []}
    for _ in range(IDLE_ROUNDS):
        for path, seen in rounds.items():
            kilobytes, used = await idle(browser, url, path, pids)
            without.append(await alone(pids))
            seen.append((kilobytes, used - (without[-2] + without[-1]) / 2))
    return {
        path: Idle(middle([s[0] for s in seen]), [s[1] for s in seen], without)
        for path, seen in rounds.items()
    }


async def alone(pids: list[int]) -> float:
    """Give what the server uses in a minute (s) while no page is open."""
    used_before = seconds(pids)
    await asyncio.sleep(IDLE_SECONDS)
    return (seconds(pids) - used_before) * MINUTE


async def _counted(page: Page) -> dict[str, int]:
    """Count the bytes that a page receives, heads included."""
    count = {"all": 0}
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")

    def came(event: dict[str, Any], name: str) -> None:
        count["all"] += max(0, int(event.get(name) or 0))

    session.on("Network.dataReceived", lambda e: came(e, "encodedDataLength"))
    session.on("Network.responseReceived", lambda e: came(e["response"], "encodedDataLength"))
    return count


def _bodies() -> list[bytes]:
    """Write dossiers of a year that is not asked for, in bodies as departments send them."""
    number, bodies = 0, []
    for _ in range(ASKED_SECONDS * APPLIED_PER_SECOND // BODY_EVENTS):
        events = []
        for _ in range(BODY_EVENTS):
            number += 1
            code = f"H57.1-240601-{number:06}"
            events.append(received(code, "2024-06-01", "online") | {"event_id": code})
        bodies.append(json.dumps(events).encode())
    return bodies


async def _asked(port: int, head: bytes, numbers: Iterator[int], begun: float) -> list[Again]:
    """Ask on one connection, each time that the next request is due; further ones wait meanwhile.

    It is plain bytes: a client of any comfort would take more of the processor than the answer.
    """
    found = []
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in numbers:
        due = begun + number / ASKS_PER_SECOND
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        writer.write(head)
        said = (await reader.readuntil(b"\r\n\r\n")).lower()
        size = said.partition(b"content-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(size or 0))
        found.append(Again((time.perf_counter() - due) * 1_000, int(said[9:12])))
    writer.close()
    return found


async def again(url: str, key: str) -> tuple[list[Again], float]:
    """Ask for a figure with its tag, in an open loop, while events come and are applied.

    Give what each was told, and how many events a second were accepted.
    """
    bodies, port = _bodies(), int(url.rpartition(":")[2])
    async with httpx.AsyncClient(timeout=60) as client:
        tag = (await client.get(f"{url}{FIGURE}")).headers["etag"]
    head = f"GET {FIGURE} HTTP/1.1\r\nHost: 127.0.0.1\r\nIf-None-Match: {tag}\r\n\r\n".encode()
    pusher = Pusher("127.0.0.1", port, "/v1/events/dossier", key, connections=4, again=(429,))
    begun, numbers = time.perf_counter(), iter(range(ASKS_PER_SECOND * ASKED_SECONDS))

    async def send() -> float:
        rate = APPLIED_PER_SECOND / BODY_EVENTS
        told = await pusher.push(bodies.__getitem__, requests=len(bodies), rate=rate)
        assert {t.status for t in told} == {202}, told
        return len(bodies) * BODY_EVENTS / (time.perf_counter() - begun)

    sending = asyncio.create_task(send())
    asking = [_asked(port, head, numbers, begun) for _ in range(CONNECTIONS)]
    found = [a for part in await asyncio.gather(*asking) for a in part]
    assert {a.status for a in found} <= {200, 304}, found
    return found, await sending


class Followers:
    """Clients of the stream, as many pages would be: each waits for all events."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client, self._url = client, url
        self.sent: dict[int, float] = {}
        self.waited: list[float] = []
        self._ready = asyncio.Semaphore(0)
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        """Begin, and wait until each was told all once, and so follows from then on."""
        self._tasks = [asyncio.create_task(self._follow()) for _ in range(CLIENTS)]
        for _ in range(CLIENTS):
            await asyncio.wait_for(self._ready.acquire(), 60)

    async def _follow(self) -> None:
        seen = 0
        path = f"{self._url}/v1/stream?{QUERY}&form=brief"
        async with self._client.stream("GET", path) as answer:
            async for line in answer.aiter_lines():
                if not line.startswith("data: ") or "dossier_received_new" not in line:
                    continue
                self._ready.release()
                now, came = time.perf_counter(), len(self.sent)
                self.waited.extend((now - self.sent[n]) * 1_000 for n in range(seen, came))
                seen = came
                if seen == EVENTS:
                    return

    async def end(self) -> None:
        """Wait a while for those that have not had all events, and end them."""
        _, rest = await asyncio.wait(self._tasks, timeout=30)
        for follower in rest:
            follower.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def to_screen(
    browser: Browser, url: str, key: str, pids: list[int]
) -> tuple[float, list[float], list[float]]:
    """Let clients and pages follow and events come.

    Give what all that follow cost the server in a minute without any event (s); how long each
    client waited for each event, and each page until it showed it (ms).
    """
    limits = httpx.Limits(max_connections=CLIENTS + 2)
    async with httpx.AsyncClient(timeout=60, limits=limits) as client:
        followers = Followers(client, url)
        await followers.begin()
        await asyncio.sleep(CALM_SECONDS)
        used = seconds(pids)
        await asyncio.sleep(IDLE_SECONDS)
        idle_seconds = (seconds(pids) - used) * MINUTE
        screens = [await browser.new_page() for _ in range(SCREENS)]
        for page in screens:
            await page.goto(f"{url}/?{QUERY}")
            await page.wait_for_selector("#link.live")
            await page.wait_for_selector(CELL)
            await page.evaluate(WATCH, CELL)
        before = int((await client.get(f"{url}{FIGURE}")).json()["figures"][0]["numerator"])
        accepted: list[float] = []
        for number in range(EVENTS):
            event = received(f"H57.1-230601-{number:04}", "2023-06-01", "online")
            head = {"Authorization": f"Bearer {key}"}
            answer = await client.post(
                f"{url}/v1/events/dossier", content=json.dumps(event), headers=head
            )
            assert answer.status_code == 202, answer.text
            followers.sent[number] = time.perf_counter()
            accepted.append(time.time() * 1_000)
            await asyncio.sleep(APART_SECONDS)
        await followers.end()
        shown = []
        for page in screens:
            seen = [(int(text or 0), at) for text, at in await page.evaluate("window.seen")]
            for number, at in enumerate(accepted):
                # What was passed over was shown with the one after it.
                shown.append(min(t for n, t in seen if n >= before + number + 1) - at)
            await page.close()
    return idle_seconds, followers.waited, shown


async def _measured(url: str, pids: list[int], key: str) -> tuple[list[Row], dict[str, Any]]:
    raw: dict[str, Any] = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        rounds = [await cold(browser, url) for _ in range(COLD_ROUNDS + 1)][1:]
        raw["cold"] = rounds
        left = await idle_in_turns(browser, url, pids)
        raw["idle"] = {path: of._asdict() for path, of in left.items()}
        raw["followed"], raw["to_client"], raw["to_screen"] = await to_screen(
            browser, url, key, pids
        )
        await browser.close()
    asked, rate = await again(url, key)
    raw["again"], anew = [a.took for a in asked], sum(a.status == 200 for a in asked)
    without = middle(left["/"].without)
    beyond = "{} pages: {} s beyond the {:.2f} s that the hub uses without any"
    rows = [
        Row("first paint", middle([r[0] for r in rounds]), "ms", "", Target(most=PAINT_MS)),
        Row("usable", middle([r[1] for r in rounds]), "ms", "", Target(most=USABLE_MS)),
        *(
            row
            for name, of in (("overview", left["/overview"]), ("board", left["/"]))
            for row in (
                Row(f"an idle {name} receives", of.received, "KB/min", "", Target(most=KB_MOST)),
                Row(
                    f"an idle {name} costs",
                    of.a_page,
                    "s/min",
                    beyond.format(PAGES, ", ".join(f"{u:.2f}" for u in of.used), without),
                    Target(most=SECONDS_MOST),
                ),
            )
        ),
        Row(
            "a figure with its tag, p99",
            quantile(raw["again"], 0.99),
            "ms",
            f"{ASKS_PER_SECOND} a second, {rate:,.0f} events a second beside, {anew} were anew",
            Target(most=AGAIN_MS),
        ),
        Row(
            "from 202 to a follower, p95",
            quantile(raw["to_client"], 0.95),
            "ms",
            f"{CLIENTS} clients over HTTP",
            Target(most=SCREEN_MS),
        ),
        Row(
            "from 202 to the screen, p95",
            quantile(raw["to_screen"], 0.95),
            "ms",
            f"{SCREENS} pages in Chromium beside them",
            Target(most=SCREEN_MS),
        ),
        Row(
            "so many idle followers cost",
            max(0.0, raw["followed"] - without),
            "s/min",
            f"{CLIENTS} clients, all together",
        ),
    ]
    return rows, raw


def measure(scale: float = SCALE) -> Section:
    """Load the demo year, serve it, and open pages."""
    with tempfile.TemporaryDirectory(prefix="lgsp-bench-") as folder:
        settings = Settings(data_dir=Path(folder))
        demo = demonstration.Demo(demonstration.SEED, scale)
        with open_hub(settings) as hub:
            demonstration.claim(hub, demo)
        demonstration.load(settings, demo)
        with open_hub(settings) as hub:
            hub.runner.catch_up()
            key = keys.create(hub.store, system_clock, "bench", WHOLE)
        with serving(settings) as (port, _):
            pids = [pid for pid in family(os.getpid()) if pid != os.getpid()]
            asked = _measured(f"http://127.0.0.1:{port}", pids, key)
            rows, raw = asyncio.run(asyncio.wait_for(asked, SECONDS_MAX))
    return Section(
        "Pages",
        "the overview in Chromium: cold, idle, asked again, and followed by many",
        {
            "scale": scale,
            "cold rounds": COLD_ROUNDS,
            "idle pages": PAGES,
            "idle rounds": IDLE_ROUNDS,
            "idle seconds": IDLE_SECONDS,
        },
        rows,
        raw,
    )


if __name__ == "__main__":
    print(measure(float(sys.argv[1]) if len(sys.argv) > 1 else SCALE).printed())
